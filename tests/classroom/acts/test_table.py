"""The table of actions: every row fits its function, and no two rows are mixed up on the page or in the audit log."""

from __future__ import annotations

import inspect
import string

import pytest

from explorer.classroom.acts.act import Act, Field, For, Kind
from explorer.classroom.acts.table import ACTS, ROWS
from explorer.classroom.models import AuditEntry, Class, StartingState

EACH = pytest.mark.parametrize("act", ROWS, ids=lambda act: act.name)
AUDIT_MOST = AuditEntry._meta.get_field("action").max_length


def test_names_words_and_functions_are_each_of_one_row():
    for of in (lambda act: act.name, lambda act: act.audit, lambda act: act.do):
        assert len({of(act) for act in ROWS}) == len(ROWS)
    assert list(ACTS) == [act.name for act in ROWS]


@EACH
def test_a_row_has_the_fields_that_its_function_takes(act: Act):
    asked, *taken = inspect.signature(act.do).parameters.values()
    given = {field.name for field in act.fields} | ({act.insist.field} if act.insist else set())
    assert asked.name == "asked"
    assert {one.name for one in taken} == given
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in taken)


@EACH
def test_its_word_fits_the_audit_log_and_its_name_an_address(act: Act):
    assert 0 < len(act.audit) <= AUDIT_MOST
    assert set(act.name) <= set(string.ascii_lowercase + "-")


@EACH
def test_a_label_names_only_what_a_page_knows(act: Act):
    for words in (act.confirm, act.title, *(field.label for field in act.fields), *(field.seat_label for field in act.fields)):
        assert {name for _, name, _, _ in string.Formatter().parse(words) if name} <= {"whom", "whose", "minutes"}


@EACH
def test_what_cannot_be_taken_back_asks_before(act: Act):
    assert bool(act.confirm) == (act.name in ("reset", "stop", "clone", "hand-out"))


@EACH
def test_a_button_within_anothers_fragment_stands_on_the_same_pages(act: Act):
    if act.within:
        owner = ACTS[act.within]
        assert (owner.fragment != "", owner.whom, owner.part) == (True, act.whom, act.part)


@EACH
def test_it_stands_first_only_on_pages_it_is_on(act: Act):
    assert act.first is None or act.whom in (For.BOTH, act.first)


@EACH
def test_fields_that_are_chosen_hold_what_is_chosen(act: Act):
    longest = {Kind.STEP: 129, Kind.PREDICTION: 129, Kind.LESSON: 64, Kind.STATE: 9, Kind.BUTTON: 1}
    for field in act.fields:
        assert field.most >= longest.get(field.kind, 1)


def test_words_are_no_longer_than_their_rows_hold():
    held = {"text": 500, "command": 500, "place": 64, "title": 120}
    fields: dict[str, Field] = {field.name: field for act in ROWS for field in act.fields if field.kind is Kind.TEXT}
    assert {name: field.most for name, field in fields.items()} == held
    assert StartingState._meta.get_field("title").max_length == held["title"]


# --- what is offered ---


def offered(klass: Class) -> set[str]:
    return {act.name for act in ROWS if not act.offered(klass)}


def test_what_makes_no_sense_now_is_not_offered(klass, seat):
    assert offered(klass) == {"resume", "unlock", "hand-out"}
    klass.open_until = {"lesson": "bridge", "step": "x"}
    StartingState.objects.create(klass=klass, title="Broken", scenario="one-host")
    assert offered(klass) == {"resume"}


def test_while_a_class_is_paused_it_can_be_resumed_and_not_paused(klass):
    klass.paused_at = klass.created_at.replace(hour=10, minute=5)
    assert "pause" in offered(klass)
    assert "resume" not in offered(klass)
    assert ACTS["resume"].aside(klass) == "paused since 10:05"


def test_a_state_of_another_class_is_not_handed_out(klass, elsewhere):
    StartingState.objects.create(klass=elsewhere.klass, title="Theirs", scenario="one-host")
    assert "hand-out" in offered(klass)
