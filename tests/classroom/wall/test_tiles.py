"""What a tile says of one seat."""

from dataclasses import replace

import pytest

from explorer.classroom.wall.tiles import Lately, ProgressRow, SandboxRow, SeatRow, arrange, count, make_tiles
from explorer.lessons.load import load_lessons

NOW = 10_000.0
LESSONS = [load_lessons()["bridge"], load_lessons()["host"]]
FIRST, SECOND = LESSONS[0].steps[:2]
WITH_CHECKS = next(step for step in LESSONS[0].steps if len(step.checks) >= 2)


def tile(lately=None, lessons=LESSONS, now=NOW, **fields):
    row = SeatRow(id="s1", **{"name": "Ana", "joined_at": NOW - 60, **fields})
    return make_tiles([row], {"s1": lately or Lately(here=True)}, lessons, now)["s1"]


def on(step, passed=0, **fields):
    green = [check.id for check in step.checks[:passed]]
    return {"bridge": ProgressRow(step=step.id, passed={step.id: green}, **fields)}


def test_who_has_just_joined_is_at_the_first_step_of_the_first_lesson():
    seen = tile()
    assert (seen.lesson, seen.step, seen.number, seen.steps) == (LESSONS[0].title, FIRST.title, 1, len(LESSONS[0].steps))
    assert (seen.sandbox, seen.tone, seen.stuck, seen.help_at) == ("no sandbox", "none", "", 0)


def test_step_and_checks():
    seen = tile(progress=on(WITH_CHECKS, passed=1))
    assert (seen.step, seen.done, seen.checks) == (WITH_CHECKS.title, 1, len(WITH_CHECKS.checks))
    assert seen.progress == 1


def test_the_rail_has_a_letter_for_each_step_and_a_capital_where_the_learner_is():
    rail = tile(progress=on(WITH_CHECKS, passed=len(WITH_CHECKS.checks))).rail
    assert len(rail) == len(LESSONS[0].steps)
    assert rail[LESSONS[0].steps.index(WITH_CHECKS)] == "D"
    assert sum(letter.isupper() for letter in rail) == 1


def test_the_lesson_looked_at_last():
    assert tile(lesson="host").lesson == LESSONS[1].title


def test_else_the_one_worked_in_last():
    progress = {"bridge": ProgressRow(moved_at=5.0), "host": ProgressRow(moved_at=9.0)}
    assert tile(progress=progress).lesson == LESSONS[1].title


def test_a_check_the_lesson_no_longer_has_does_not_count():
    progress = {"bridge": ProgressRow(step=WITH_CHECKS.id, passed={WITH_CHECKS.id: ["gone"]})}
    assert tile(progress=progress).done == 0


def test_a_class_without_lessons_has_tiles():
    assert tile(lessons=[]).step == ""


@pytest.mark.parametrize(
    ("row", "words", "tone"),
    [
        (SandboxRow("b", "queued", position=4), "number 4 in line", "wait"),
        (SandboxRow("b", "opening", "starting host"), "opening: starting host", "wait"),
        (SandboxRow("b", "ready", "ready"), "live", "live"),
        (SandboxRow("b", "expired"), "its time was over", "over"),
        (SandboxRow("b", "failed"), "failed", "over"),
    ],
)
def test_the_sandbox_in_words(row, words, tone):
    seen = tile(sandbox=row)
    assert (seen.sandbox, seen.tone) == (words, tone)


def test_the_last_event_is_one_short_readable_line():
    seen = tile(Lately(event="docker run\u202e \x1b[31m\n" + "x" * 200, event_at=9_999.5))
    assert seen.event.startswith("docker run [31m xxx")
    assert len(seen.event) == 80
    assert seen.event_at == 9_999


def test_idle_is_counted_from_the_last_sign():
    assert tile(Lately(commands=(9_990.0,)), progress=on(FIRST, moved_at=9_980.0)).active_at == 9_990


def test_stuck_counts_the_commands_since_the_last_tick_only():
    early, late = tuple(range(8_000, 8_020)), tuple(range(9_000, 9_014))
    seen = tile(Lately(here=True, commands=early + late), progress=on(WITH_CHECKS, passed=1, moved_at=8_500.0))
    assert seen.stuck == "14 commands on this step and nothing ticked"
    assert tile(Lately(here=True, commands=early), progress=on(WITH_CHECKS, moved_at=9_990.0)).stuck == ""


def test_who_has_done_the_step_is_not_stuck_on_it():
    done = on(WITH_CHECKS, passed=len(WITH_CHECKS.checks))
    assert tile(Lately(here=True, commands=tuple(range(9_000, 9_050))), progress=done).stuck == ""


def test_slower_than_the_class():
    took = {FIRST.id: {"begun": 0.0, "done": 120.0}}
    others = [
        SeatRow(id=f"o{at}", name=f"O{at}", progress={"bridge": ProgressRow(step=SECOND.id, times=took)}) for at in range(3)
    ]
    slow = SeatRow(id="s", name="S", progress=on(FIRST, times={FIRST.id: {"begun": NOW - 720}}, moved_at=NOW - 10))
    seen = make_tiles([*others, slow], {"s": Lately(here=True)}, LESSONS, NOW)["s"]

    assert seen.stuck == "12 min on this step; the class needed 2 min"


def some():
    ana = tile(name="Ana")
    return {
        "a": ana,
        "b": replace(ana, name="ben", help_at=50, progress=9, active_at=5),
        "c": replace(ana, name="Cem", stuck="why", here=0, tone="live", number=3, active_at=1),
    }


def test_counts_on_top():
    counts = count(some().values())
    assert {name: counts[name] for name in ("all", "help", "stuck", "away", "none", "here")} == {
        "all": 3, "help": 1, "stuck": 1, "away": 1, "none": 2, "here": 2,
    }  # fmt: skip
    assert counts["steps"] == [[LESSONS[0].title, 1, 2], [LESSONS[0].title, 3, 1]]


@pytest.mark.parametrize(
    ("sort", "order"), [("help", "bca"), ("name", "abc"), ("progress", "bca"), ("idle", "cba"), ("nonsense", "bca")]
)
def test_sorted(sort, order):
    assert "".join(arrange(some(), sort, "all")) == order


@pytest.mark.parametrize(
    ("show", "who"), [("all", "bca"), ("help", "b"), ("stuck", "c"), ("away", "c"), ("none", "ba"), ("nonsense", "bca")]
)
def test_filtered(show, who):
    assert "".join(arrange(some(), "help", show)) == who
