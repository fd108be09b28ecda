"""A node plays what an author brought: once, that version, and the row says what came of it whatever happens."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.lab.errors import HostError, NodeError
from explorer.node.lessons import authored
from explorer.node.lessons.solve import LessonResult, StepResult
from explorer.node.this_node import hold
from explorer.sandboxes.models import AuthoredLesson
from tests.lessons.conftest import GOOD, TEXT

FILES = {"lesson.toml": GOOD, "1.md": TEXT, "2.md": "And now?\n"}


@pytest.fixture
def row(db):
    report = {"phase": "waiting", "engine": "26", "lines": []}
    return AuthoredLesson.objects.create(slug="mine", title="A lesson", files=FILES, state="solving", version=3, report=report)


@pytest.fixture
def solver(monkeypatch, run_dir):
    """Whoever plays it does as it is set to."""
    played = []

    def plays(behave):
        async def solve(config, lesson, say, *, engine):
            played.append((lesson.slug, engine))
            say("h1$ docker run box")
            return await behave(lesson)

        monkeypatch.setattr(authored, "solve_lesson", solve)
        return played

    return plays


async def good(lesson):
    return LessonResult(lesson.slug, "sb", "26", "26.1.5", [StepResult("one", ["runs"])], 12.5)


async def wrong(lesson):
    return LessonResult(lesson.slug, "sb", "26", "26.1.5", [StepResult("one", faults=["check 'runs' did not turn green"])])


async def hangs(lesson):
    await asyncio.sleep(60)


def failing(error):
    async def fail(lesson):
        raise error

    return fail


# what happens is written by another thread, so these are no transactions
pytestmark = pytest.mark.django_db(transaction=True)


def test_green_is_solved_with_the_version_it_was_played_with(row, solver):
    played = solver(good)
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert played == [("mine", "26")]
    assert (row.state, row.report["ok"], row.report["docker"], row.report["version"]) == ("solved", True, "26.1.5", 3)
    assert row.report["lines"] == ["h1$ docker run box"]
    assert row.solved_at is not None


def test_what_is_published_already_is_published_again(row, solver):
    AuthoredLesson.objects.update(published_files=FILES)
    solver(good)
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert row.state == "published"


def test_red_is_a_draft_with_its_faults(row, solver):
    solver(wrong)
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert row.state == "draft"
    assert row.report["steps"][0]["faults"] == ["check 'runs' did not turn green"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NodeError("The engine does not answer."), "The engine does not answer."),
        (HostError("h1 did not start."), "h1 did not start."),
        (RuntimeError("secret"), "It could not be played. That is our fault; it is in the log."),
    ],
)
def test_a_play_that_cannot_be_is_said(row, solver, error, told):
    solver(failing(error))
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert (row.state, row.report["error"]) == ("draft", told)


def test_a_play_that_never_ends_is_ended(row, solver, monkeypatch):
    monkeypatch.setattr(authored, "SOLVE_SECONDS", 0.3)
    solver(hangs)
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert "Make two lessons of it" in row.report["error"]


def test_delivered_twice_it_is_played_once(row, solver):
    played = solver(good)
    authored.solve_authored(row.pk, 3)
    authored.solve_authored(row.pk, 3)
    assert len(played) == 1


def test_an_older_version_is_nobodys_business(row, solver):
    played = solver(good)
    authored.solve_authored(row.pk, 2)
    assert played == []


def test_what_changed_meanwhile_is_not_solved(row, solver):
    async def changes(lesson):
        await asyncio.to_thread(lambda: AuthoredLesson.objects.update(version=4, state="draft"))
        return await good(lesson)

    solver(changes)
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert (row.state, row.version, row.solved_at) == ("draft", 4, None)


def test_one_at_a_time_on_a_node(row, solver, sent):
    played = solver(good)
    with hold("solve"):
        authored.solve_authored(row.pk, 3)
    assert played == []
    assert sent == [("solve_lesson", "node.node1", row.pk, 3)]


def test_one_that_takes_its_worker_with_it_is_given_up(row, solver):
    played = solver(good)
    AuthoredLesson.objects.update(report={"engine": "26", "attempts": 2})
    authored.solve_authored(row.pk, 3)
    row.refresh_from_db()
    assert (played, row.state, row.report["error"]) == ([], "draft", authored.LOST)


def test_what_nobody_finished_is_given_up(row):
    authored.give_up_solving()
    assert AuthoredLesson.objects.get().state == "solving"
    AuthoredLesson.objects.update(changed_at=timezone.now() - authored.GIVE_UP - timedelta(seconds=1))
    authored.give_up_solving()
    assert AuthoredLesson.objects.get().report["error"] == authored.LOST
