"""What every table of the panel does with a wish: asked before, done for each row by itself, bounded, a sentence for each."""

from __future__ import annotations

import pytest

from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import AuditEntry
from explorer.classroom.panel import base
from explorer.classroom.panel.lessons import LessonTable
from explorer.classroom.panel.sandboxes import SandboxTable
from explorer.sandboxes.models import AuthoredLesson, Learner, Sandbox
from tests.classroom.panel.conftest import make_sandbox

TABLE = "sandboxes/sandbox"


@pytest.fixture
def three(seat, node):
    return [make_sandbox(Learner.objects.create(), node) for _ in range(3)]


def states(rows):
    return [Sandbox.objects.get(pk=row.pk).state for row in rows]


def test_a_wish_with_a_question_does_nothing_before_it_is_answered(operators, three, do):
    page = do(operators, TABLE, "stop", *three, confirmed=False).content.decode()
    assert "also under somebody&#x27;s hands" in page
    assert all(row.pk in page for row in three)
    assert states(three) == ["ready"] * 3


def test_a_wish_without_a_question_is_done_at_once(operators, three, do):
    do(operators, TABLE, "mark", *three, confirmed=False)
    assert Sandbox.objects.filter(marked_at=None).count() == 0


def test_one_that_is_refused_costs_the_others_nothing(operators, three, do):
    Sandbox.objects.filter(pk=three[1].pk).update(state="closed")
    page = do(operators, TABLE, "stop", *three).content.decode()
    assert states(three) == ["closing", "closed", "closing"]
    assert (page.count("It is being removed."), page.count("It is over already.")) == (2, 1)


def test_so_many_rows_at_once_and_the_question_says_how_many_are_left(operators, three, do, monkeypatch):
    monkeypatch.setattr(base, "MOST_ROWS", 2)
    asked = do(operators, TABLE, "stop", *three, confirmed=False)
    assert (len(asked.context_data["rows"]), asked.context_data["left"]) == (2, 1)
    do(operators, TABLE, "stop", *three)
    assert sorted(states(three)) == ["closing", "closing", "ready"]


def test_a_row_of_somebody_else_is_not_touched(teachers, sandbox, theirs, do):
    do(teachers, TABLE, "stop", sandbox, theirs)
    assert states([sandbox, theirs]) == ["closing", "ready"]
    assert list(AuditEntry.objects.values_list("sandbox", flat=True)) == [sandbox.pk]


def test_an_unknown_wish_does_nothing(operators, three, do):
    do(operators, TABLE, "nosuch", *three)
    assert states(three) == ["ready"] * 3


@pytest.mark.parametrize("name", ["extend", "reset", "stop"])
def test_what_a_class_can_do_to_a_sandbox_is_called_the_same_in_the_panel(operators, sandbox, do, name):
    wish = next(one for one in SandboxTable.wishes if one.name == name)
    assert wish.label == ACTS[name].label
    do(operators, TABLE, name, sandbox)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.sandbox, entry.klass) == (ACTS[name].audit, sandbox.pk, sandbox.learner.seat.klass_id)


@pytest.mark.parametrize("name", ["reset", "stop"])
def test_asked_twice_it_is_done_once(operators, sandbox, do, name):
    for _ in range(2):
        page = do(operators, TABLE, name, sandbox).content.decode()
    assert "already" in page
    assert AuditEntry.objects.filter(action=name).count() == 1


@pytest.mark.parametrize("state", ["closing", "closed", "failed", "expired"])
@pytest.mark.parametrize("name", ["extend", "stop", "mark"])
def test_what_is_over_is_left_alone(operators, sandbox, do, name, state):
    Sandbox.objects.update(state=state)
    do(operators, TABLE, name, sandbox)
    assert (states([sandbox]), Sandbox.objects.get().marked_at, AuditEntry.objects.count()) == ([state], None, 0)


def test_a_sandbox_kept_for_a_class_is_noted_with_its_class(operators, node, klass, do):
    kept = make_sandbox(None, node, class_id=klass.pk, state="warm")
    do(operators, TABLE, "stop", kept)
    assert AuditEntry.objects.get().klass == klass.pk


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ({}, "not played yet"),
        ({"error": "h1 did not start " + "x" * 200}, "h1 did not start " + "x" * 103),
        ({"ok": True}, "every check told the truth"),
        ({"ok": False}, "a check did not tell the truth"),
    ],
)
def test_what_playing_a_lesson_said_is_one_line(operators, teacher, report, said):
    AuthoredLesson.objects.create(slug="mine", author=teacher, report=report)
    assert LessonTable.result(None, AuthoredLesson.objects.get()) == said
    assert said in operators.get("/admin/sandboxes/authoredlesson/").content.decode()


def test_a_report_cannot_become_markup(operators, teacher):
    row = AuthoredLesson.objects.create(slug="mine", author=teacher, report={"error": "<script>x</script>"})
    page = operators.get(f"/admin/sandboxes/authoredlesson/{row.pk}/change/").content.decode()
    assert "<script>x</script>" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page


def test_an_account_keeps_its_classes_when_it_is_closed_and_is_not_closed_twice(operators, teacher, klass, do):
    for _ in range(2):
        page = do(operators, "auth/user", "close", teacher).content.decode()
    assert "It is closed already." in page
    klass.refresh_from_db()
    assert (klass.instructor, klass.open) == (teacher, True)
    assert AuditEntry.objects.filter(action="close account").count() == 1


def test_who_is_closed_is_out_at_once(teachers, operators, teacher, klass, do):
    assert teachers.get(f"/teach/{klass.pk}/results/").status_code == 200
    do(operators, "auth/user", "close", teacher)
    assert teachers.get(f"/teach/{klass.pk}/results/").status_code == 302
