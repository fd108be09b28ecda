"""Decides from a snapshot whether a step is done: named predicates, combined with all, any and not.

`PREDICATES` holds every question with its checked arguments. `evaluate` returns a step's verdict on a snapshot; it does not
raise because of what a host said. `probes`, `scripts` and `measurements` name what has to be asked actively, and only where
the answer could change something now.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from explorer.lessons import predicates
from explorer.lessons.model import LEVELS, Condition, Measurement, Prediction, Step
from explorer.network.model import Probe, Script, Snapshot
from explorer.network.world import World

HINTS_SHOWN = 2
DEPTH = 8  # how deeply all, any and not may be nested


class Verdict(BaseModel):
    """`passed` are the ids of checks that hold now. `hints` are sanitised HTML, the most fitting first. `outcomes` maps a
    prediction to the option that proved true. `tried` are the predictions whose answer can be seen in the sandbox now,
    whether or not the learner has chosen; one that only a packet can answer is not among them before its `after` holds."""

    model_config = ConfigDict(frozen=True)
    passed: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    outcomes: dict[str, str] = {}
    tried: frozenset[str] = frozenset()
    done: bool = False


@dataclass(frozen=True, slots=True)
class Predicate:
    name: str
    ask: Callable[..., bool]
    arguments: type[BaseModel]
    located: tuple[str, ...]  # the names of arguments that name a place

    @property
    def about(self) -> str:
        return inspect.getdoc(self.ask) or ""


def predicate(ask: Callable[..., bool]) -> Predicate:
    """Makes a predicate of a function `ask(world, *, name: type = default, …)`: its arguments become a model that refuses
    unknown arguments and wrong types."""
    hints = get_type_hints(ask, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in inspect.signature(ask).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    arguments = create_model(ask.__name__, __config__=ConfigDict(extra="forbid", strict=True, frozen=True), **fields)
    return Predicate(ask.__name__, ask, arguments, tuple(name for name in fields if hints[name] is predicates.Who))


PREDICATES: dict[str, Predicate] = {ask.__name__: predicate(ask) for ask in predicates.QUESTIONS}
COMBINATORS = ("all", "any", "not")


def parts(condition: Condition) -> list[Condition]:
    """The conditions inside an all, any or not."""
    return [part if isinstance(part, Condition) else Condition.model_validate(part) for part in condition.args["of"]]


def holds(condition: Condition, world: World) -> bool:
    if condition.kind == "all":
        return all(holds(part, world) for part in parts(condition))
    if condition.kind == "any":
        return any(holds(part, world) for part in parts(condition))
    if condition.kind == "not":
        return not any(holds(part, world) for part in parts(condition))
    return PREDICATES[condition.kind].ask(world, **condition.args)


def evaluate(step: Step, snapshot: Snapshot, predictions: Mapping[str, str] | None = None, helped: int = LEVELS) -> Verdict:
    """The verdict on a step. `predictions` is what the learner chose. A question is answered only after the learner chose,
    and the answer does not depend on the choice. With None, every question is answered. `helped` is how many levels of hints
    the learner asked for in a challenge, where hints do not speak by themselves."""
    world = World(snapshot)
    passed = tuple(check.id for check in step.checks if holds(check.when, world))
    known = {one.id: true for one in step.predictions if (true := outcome(one, world))}
    outcomes = {name: true for name, true in known.items() if predictions is None or name in predictions}
    tried = known.keys() | {one.id for one in step.predictions if one.after and holds(one.after, world)}
    done = len(passed) == len(step.checks)
    fitting = [] if done else [hint for hint in step.hints if holds(hint.when, world)]
    if step.challenge:
        hints = tuple(level for hint in fitting[:1] for level in hint.levels[:helped])
    else:
        hints = tuple(hint.html or hint.text for hint in fitting[:HINTS_SHOWN])
    return Verdict(passed=passed, hints=hints, outcomes=outcomes, tried=frozenset(tried), done=done)


def outcome(prediction: Prediction, world: World) -> str:
    """The option that proved true; "" before the thing was tried, and when more than one option holds."""
    if prediction.after is not None and not holds(prediction.after, world):
        return ""
    true = [option.id for option in prediction.options if holds(option.when, world)]
    return true[0] if len(true) == 1 else ""


def probes(
    step: Step,
    snapshot: Snapshot | None = None,
    predictions: Mapping[str, str] | None = None,
    settled: Collection[str] = (),
) -> list[Probe]:
    """What to try for this step. With a snapshot: only probes whose answer would decide something now (the rest of their
    `all` holds).

    `predictions` is as for `evaluate`. `settled` are ids of checks and predictions that need no further answer. The caller
    should drop the results of probes that this list no longer holds, so that no old answer is used for a new question.
    """
    world = World(snapshot) if snapshot is not None else None
    open_conditions = [check.when for check in step.checks if check.id not in settled]
    open_conditions += [hint.when for hint in step.hints]
    for prediction in step.predictions:
        if prediction.id not in settled and (predictions is None or prediction.id in predictions):
            open_conditions += answers(prediction, world)
    found = [probe for condition in open_conditions for probe in wanted(condition, world)]
    return list({probe.key: probe for probe in found}.values())


def scripts(step: Step, snapshot: Snapshot, settled: Collection[str] = ()) -> list[Script]:
    """The scripts to run for the checks that are not `settled`, where the answer could change something now."""
    world = World(snapshot)
    waiting = [check.when for check in step.checks if check.id not in settled]
    found = [Script(place=args.get("place", "h1"), file=args["file"]) for args in named("script", waiting, world)]
    return list({one.key: one for one in found}.values())


def measurements(step: Step, snapshot: Snapshot, predictions: Mapping[str, str] | None = None) -> list[Measurement]:
    """What to measure for this step, once the learner has predicted. The caller keeps figures only while they are in this
    list: the figures of a removed container must not be shown for the next one."""
    if predictions is not None and any(asked.id not in predictions for asked in step.predictions):
        return []
    world = World(snapshot)
    return [one for one in step.measures if holds(one.when, world)]


def answers(prediction: Prediction, world: World | None) -> list[Condition]:
    """The conditions that have to be known for a prediction: first whether the thing was tried, then which option is true."""
    options = [option.when for option in prediction.options]
    if prediction.after is None:
        return options
    if world is not None and not holds(prediction.after, world):
        return [prediction.after]
    return [prediction.after, *options]


def wanted(condition: Condition, world: World | None) -> Iterator[Probe]:
    for args in named("probe", [condition], world):
        yield predicates.asked(**{name: args[name] for name in ("source", "target", "kind", "port") if name in args})


def named(kind: str, conditions: Iterable[Condition], world: World | None) -> Iterator[dict[str, Any]]:
    """The arguments of every question of this kind whose answer would decide something."""
    for condition in conditions:
        if condition.kind == kind:
            yield condition.args
        for part in parts(condition) if condition.kind in COMBINATORS else ():
            yield from named(kind, [part], world)
            if condition.kind == "all" and world is not None and part.kind != kind and not holds(part, world):
                break
