"""The wall of a class: makes tiles from rows, counts and sorts them, and finds the differences between two pictures. Pure.

In messages the keys have one letter (`KEYS`), because a hundred tiles change all the time and a phone may receive them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from explorer.classroom.wall.stuck import Effort, usual_times, why_stuck
from explorer.lessons.model import Lesson, Step

EVENT_LENGTH = 80


@dataclass(frozen=True)
class SandboxRow:
    """`position` is the place in the queue while the sandbox is queued."""

    id: str
    state: str
    phase: str = ""
    position: int | None = None


@dataclass(frozen=True)
class ProgressRow:
    step: str = ""
    passed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    moved_at: float = 0.0
    finished: bool = False


@dataclass(frozen=True)
class SeatRow:
    """What the rows say about a seat. Times are Unix seconds; 0 means it has not happened."""

    id: str
    name: str
    lesson: str = ""
    joined_at: float = 0.0
    help_at: float = 0.0
    invited_at: float = 0.0
    sandbox: SandboxRow | None = None
    progress: Mapping[str, ProgressRow] = field(default_factory=dict)


@dataclass(frozen=True)
class Lately:
    """What streams and sockets said: when commands were given and hints shown (Unix seconds), the last event, and whether the
    learner has a page open.
    """

    here: bool = False
    commands: tuple[float, ...] = ()
    hints: tuple[float, ...] = ()
    event: str = ""
    event_at: float = 0.0


@dataclass(frozen=True)
class Tile:
    """One seat as the wall shows it. Times are whole Unix seconds; the page itself shows how long ago that was."""

    name: str
    lesson: str = ""  # its title
    step: str = ""  # its title
    number: int = 0  # of the step, from 1
    steps: int = 0
    done: int = 0  # checks of this step
    checks: int = 0
    rail: str = ""  # a letter for each step: d done, o open; the one they are on is a capital
    progress: int = 0  # checks green in all lessons
    sandbox: str = "no sandbox"
    box: str = ""  # its id
    tone: str = "none"  # of the sandbox: none, wait, live, over
    active_at: int = 0  # the last sign of the learner
    event: str = ""
    event_at: int = 0
    help_at: int = 0
    here: int = 0
    invited: int = 0
    finished: int = 0
    stuck: str = ""  # why, as a sentence


KEYS = {
    "name": "n", "lesson": "l", "step": "t", "number": "i", "steps": "o", "done": "d", "checks": "c", "rail": "r",
    "progress": "p", "sandbox": "w", "box": "x", "tone": "z", "active_at": "a", "event": "e", "event_at": "f", "help_at": "h",
    "here": "q", "invited": "v", "finished": "b", "stuck": "k",
}  # fmt: skip

Wire = dict[str, Any]
Tiles = dict[str, Wire]  # seat → its tile as on the wire

NO_PROGRESS = ProgressRow()
WORDS = {
    "opening": "opening",
    "ready": "live",
    "resetting": "starting over",
    "closing": "closing",
    "closed": "closed",
    "expired": "its time was over",
    "failed": "failed",
}
TONES = {"ready": "live", "closed": "over", "expired": "over", "failed": "over"}


def make_tiles(rows: Iterable[SeatRow], lately: Mapping[str, Lately], lessons: Sequence[Lesson], now: float) -> dict[str, Tile]:
    """Seat → tile, in the order of the rows. `lately` is by seat; `lessons` are the class's, in its order."""
    rows = list(rows)
    usual = usual_times((slug, one.times) for row in rows for slug, one in row.progress.items())
    known = {lesson.slug: lesson for lesson in lessons}
    return {row.id: make_tile(row, lately.get(row.id, Lately()), known, usual, now) for row in rows}


def make_tile(
    row: SeatRow, lately: Lately, lessons: Mapping[str, Lesson], usual: Mapping[tuple[str, str], float], now: float
) -> Tile:
    lesson = lessons.get(lesson_of(row, lessons))
    mine = row.progress.get(lesson.slug, NO_PROGRESS) if lesson else NO_PROGRESS
    step = step_of(lesson, mine)
    passed = green(step, mine)
    active = max(row.joined_at, mine.moved_at, *lately.commands[-1:], 0.0)
    stuck = ""
    if lesson and step and not mine.finished and not (step.checks and passed == len(step.checks)):
        effort = Effort(
            commands=sum(at > mine.moved_at for at in lately.commands) if step.checks else 0,
            hints=sum(at > mine.moved_at for at in lately.hints),
            on_step=now - mine.times[step.id]["begun"] if "begun" in mine.times.get(step.id, {}) else 0.0,
            idle=now - active,
            here=lately.here,
        )
        stuck = why_stuck(effort, usual.get((lesson.slug, step.id)))
    words, tone = describe_sandbox(row.sandbox)
    return Tile(
        name=row.name,
        lesson=lesson.title if lesson else "",
        step=step.title if step else "",
        number=lesson.steps.index(step) + 1 if lesson and step else 0,
        steps=len(lesson.steps) if lesson else 0,
        done=passed,
        checks=len(step.checks) if step else 0,
        rail=draw_rail(lesson, step, mine),
        progress=sum(len(checks) for one in row.progress.values() for checks in one.passed.values()),
        sandbox=words,
        box=row.sandbox.id if row.sandbox else "",
        tone=tone,
        active_at=int(active),
        event=readable(lately.event),
        event_at=int(lately.event_at),
        help_at=int(row.help_at),
        here=int(lately.here),
        invited=int(row.invited_at > 0),
        finished=int(mine.finished),
        stuck=stuck,
    )


def lesson_of(row: SeatRow, lessons: Mapping[str, Lesson]) -> str:
    """The lesson looked at last; else the one worked in last; else the class's first."""
    if row.lesson in lessons:
        return row.lesson
    worked = {slug: one.moved_at for slug, one in row.progress.items() if slug in lessons}
    return max(worked, key=lambda slug: worked[slug]) if worked else next(iter(lessons), "")


def step_of(lesson: Lesson | None, progress: ProgressRow) -> Step | None:
    if lesson is None:
        return None
    return next((step for step in lesson.steps if step.id == progress.step), lesson.steps[0])


def green(step: Step | None, progress: ProgressRow) -> int:
    """How many checks of the step were passed. Checks that the step no longer has do not count."""
    passed = progress.passed.get(step.id, ()) if step else ()
    return sum(check.id in passed for check in step.checks) if step else 0


def draw_rail(lesson: Lesson | None, here: Step | None, progress: ProgressRow) -> str:
    def letter(step: Step) -> str:
        sign = "d" if step.checks and green(step, progress) == len(step.checks) else "o"
        return sign.upper() if step is here else sign

    return "".join(map(letter, lesson.steps)) if lesson else ""


def describe_sandbox(sandbox: SandboxRow | None) -> tuple[str, str]:
    """Returns (words, tone)."""
    if sandbox is None:
        return "no sandbox", "none"
    if sandbox.state == "queued":
        return (f"number {sandbox.position} in line" if sandbox.position else "in line"), "wait"
    words = WORDS.get(sandbox.state, sandbox.state)
    if sandbox.state in ("opening", "resetting") and sandbox.phase:
        words = f"{words}: {sandbox.phase}"
    return words, TONES.get(sandbox.state, "wait")


def readable(text: str) -> str:
    """A text from a host as one short line, without characters that reverse or hide text."""
    line = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * EVENT_LENGTH])
    line = " ".join(line.split())
    return line if len(line) <= EVENT_LENGTH else line[: EVENT_LENGTH - 1] + "…"


# --- counts, order, choice -------------------------------------------------------------------------------------------


def count(tiles: Iterable[Tile]) -> dict[str, Any]:
    """The counts above the wall. `steps` has [lesson, number of the step, how many learners are at it], in order."""
    tiles = list(tiles)
    steps: dict[tuple[str, int], int] = {}
    for tile in tiles:
        if tile.number:
            steps[tile.lesson, tile.number] = steps.get((tile.lesson, tile.number), 0) + 1
    return {
        **{name: sum(map(test, tiles)) for name, test in SHOWN.items()},
        "here": sum(tile.here for tile in tiles),
        "finished": sum(tile.finished for tile in tiles),
        "steps": [[lesson, number, many] for (lesson, number), many in sorted(steps.items())],
    }


SHOWN: dict[str, Callable[[Tile], bool]] = {
    "all": lambda tile: True,
    "help": lambda tile: tile.help_at > 0,
    "stuck": lambda tile: tile.stuck != "",
    "away": lambda tile: not tile.here,
    "none": lambda tile: tile.tone in ("none", "over"),
}
SORTS: dict[str, Callable[[Tile], Any]] = {
    "help": lambda tile: (tile.help_at or float("inf"), tile.stuck == "", tile.name.casefold()),
    "name": lambda tile: tile.name.casefold(),
    "progress": lambda tile: (-tile.progress, -tile.number, tile.name.casefold()),
    "idle": lambda tile: (tile.active_at, tile.name.casefold()),
}


def arrange(tiles: Mapping[str, Tile], sort: str, show: str) -> dict[str, Tile]:
    """The tiles that `show` selects, sorted by `sort`. An unknown word counts as the first of each."""
    wanted, key = SHOWN.get(show, SHOWN["all"]), SORTS.get(sort, SORTS["help"])
    chosen = [(seat, tile) for seat, tile in tiles.items() if wanted(tile)]
    return dict(sorted(chosen, key=lambda pair: key(pair[1])))


# --- on the wire -----------------------------------------------------------------------------------------------------


def to_wire(tile: Tile) -> Wire:
    return {KEYS[name]: value for name, value in asdict(tile).items()}


def differences(old: Tiles, new: Tiles) -> dict[str, Wire | None]:
    """What turns `old` into `new`: seat → the changed keys, or None for a seat that went."""
    changed: dict[str, Wire | None] = {seat: None for seat in old if seat not in new}
    for seat, tile in new.items():
        before = old.get(seat)
        if before is None:
            changed[seat] = tile
        elif before is not tile and (parts := {key: value for key, value in tile.items() if before.get(key) != value}):
            changed[seat] = parts
    return changed


def fold(picture: Tiles, changed: Mapping[str, Wire | None]) -> Tiles:
    """Applies differences, as the page does."""
    folded = {seat: tile for seat, tile in picture.items() if changed.get(seat, tile) is not None}
    for seat, parts in changed.items():
        if parts is not None:
            folded[seat] = {**folded.get(seat, {}), **parts}
    return folded
