"""Says whether a learner is stuck, and why, in one sentence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

MANY_COMMANDS = 12  # without a tick
MANY_HINTS = 3
IDLE = 6 * 60.0  # seconds without a sign of a learner who is here
LONG = 20 * 60.0  # on one step, when the class cannot tell how long it takes
SLOWER = 2.5  # times what the class needed
LEAST = 5 * 60.0  # on one step, at least, so that short steps are not reported
ENOUGH = 3  # learners who have done a step before they tell how long it takes

Times = Mapping[str, Mapping[str, float]]  # {step: {"begun": Unix seconds, "done": Unix seconds}}


@dataclass(frozen=True)
class Effort:
    """What a learner did on their present step. `commands` and `hints` count since a check last passed; times are
    in seconds.
    """

    commands: int = 0
    hints: int = 0
    on_step: float = 0.0
    idle: float = 0.0
    here: bool = True


def usual_times(progress: Iterable[tuple[str, Times]]) -> dict[tuple[str, str], float]:
    """(lesson, step) → seconds that the class needed (median), for steps that at least `ENOUGH` learners have done."""
    took: dict[tuple[str, str], list[float]] = {}
    for lesson, times in progress:
        for step, noted in times.items():
            if "begun" in noted and "done" in noted:
                took.setdefault((lesson, step), []).append(max(0.0, noted["done"] - noted["begun"]))
    return {step: median(seconds) for step, seconds in took.items() if len(seconds) >= ENOUGH}


def why_stuck(effort: Effort, usual: float | None) -> str:
    """Why the learner of an unfinished step counts as stuck; empty if not. `usual` is how many seconds the class needed."""
    if effort.commands >= MANY_COMMANDS:
        return f"{effort.commands} commands on this step and nothing ticked"
    if effort.hints >= MANY_HINTS:
        return f"{effort.hints} hints on this step and nothing ticked"
    if usual is not None and effort.on_step >= max(LEAST, SLOWER * usual):
        return f"{_minutes(effort.on_step)} on this step; the class needed {_minutes(usual)}"
    if usual is None and effort.on_step >= LONG:
        return f"{_minutes(effort.on_step)} on this step"
    if effort.here and effort.idle >= IDLE:
        return f"here, and no sign for {_minutes(effort.idle)}"
    return ""


def _minutes(seconds: float) -> str:
    return f"{int(seconds // 60)} min" if seconds >= 60 else f"{int(seconds)} s"
