"""What holds for every action: it is done once, in a class that goes on, for a seat in which somebody sits, and is noted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.acts import once
from explorer.classroom.acts.act import Act, Asked, Done, Field, For, Part
from explorer.classroom.acts.taken import find_seats, lines_of, tallied
from explorer.classroom.models import AuditEntry, Class, Seat
from explorer.sandboxes.limits import Refused
from tests.people import make_class, make_seat

given: list[tuple[Asked, dict[str, str]]] = []


def take(asked: Asked, **fields: str) -> Done:
    given.append((asked, fields))
    return Done("Taken.")


TAKE = Act(name="take", label="Take", do=take, audit="take", part=Part("A toy", "toy"), fields=(Field("text", most=5),))


@pytest.fixture(autouse=True)
def _forgotten():
    given.clear()


def ask(user, klass, seat=None):
    return Asked(TAKE, user, klass, seat)


# --- one request ---


def test_a_function_is_given_who_asks_for_whom_and_the_fields(teacher, klass, seat):
    TAKE.perform(teacher, klass, seat, text="hello")
    asked, fields = given[0]
    assert (asked.user, asked.klass, asked.seat, asked.act, asked.mine) == (teacher, klass, seat, TAKE, None)
    assert (asked.whom, fields) == ("Ana", {"text": "hello"})


def test_without_a_seat_it_is_for_everybody(teacher, klass):
    assert ask(teacher, klass).whom == "everybody"


def test_a_field_holds_so_many_characters_and_no_more(teacher, klass):
    TAKE.perform(teacher, klass, text="12345")
    with pytest.raises(Refused, match="That is 6 characters; 5 is the most") as refused:
        TAKE.perform(teacher, klass, text="123456")
    assert (refused.value.code, len(given)) == ("too_long", 1)


@pytest.mark.parametrize("gone", [{"removed_at": timezone.now()}, {"learner": None}], ids=["removed", "forgotten"])
def test_for_a_seat_in_which_nobody_sits_nothing_is_done(teacher, klass, seat, gone):
    Seat.objects.update(**gone)
    with pytest.raises(Refused, match="Nobody sits there any more"):
        TAKE.perform(teacher, klass, Seat.objects.get(), text="x")
    assert given == []


@pytest.mark.parametrize(("whom", "covers"), [(For.CLASS, [True, False]), (For.SEAT, [False, True]), (For.BOTH, [True, True])])
def test_whom_it_is_for(seat, whom, covers):
    assert [whom.covers(None), whom.covers(seat)] == covers


# --- the line in the audit log ---


def test_the_note_has_the_word_of_the_row_and_says_who_and_where(teacher, klass, seat):
    ask(teacher, klass, seat).note(times=3)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.role) == ("take", "teacher", "instructor")
    assert (entry.klass, entry.seat, entry.sandbox, entry.detail) == (klass.pk, seat.pk, "", {"times": 3})


def test_of_an_action_for_all_a_note_may_name_the_one_seat_it_was_about(teacher, klass, seat):
    ask(teacher, klass).note(seat=seat)
    ask(teacher, klass).note()
    assert sorted(AuditEntry.objects.values_list("seat", flat=True)) == ["", seat.pk]


# --- once ---


def test_who_comes_first_may_go_on_and_who_comes_second_is_told_who_was(teacher, second, klass):
    assert once.claim(ask(teacher, klass)) is None
    done = once.claim(ask(second, klass))
    assert (done.new, AuditEntry.objects.count()) == (False, 1)
    assert done.sentence == "Already done 1 s ago by teacher: nothing was done twice."


def test_after_a_while_the_same_is_a_wish_of_its_own(teacher, klass, time_machine):
    begun = timezone.now()
    time_machine.move_to(begun, tick=False)
    once.claim(ask(teacher, klass))
    time_machine.move_to(begun + once.AGAIN - timedelta(seconds=1), tick=False)
    assert "9 s ago" in once.claim(ask(teacher, klass)).sentence
    time_machine.move_to(begun + once.AGAIN + timedelta(seconds=1), tick=False)
    assert once.claim(ask(teacher, klass)) is None


def test_another_seat_another_detail_and_another_class_are_other_wishes(teacher, klass, seat, ben):
    asked = [ask(teacher, klass), ask(teacher, klass, seat), ask(teacher, klass, ben), ask(teacher, make_class(teacher))]
    assert [once.claim(one) for one in asked] == [None] * 4
    assert once.claim(ask(teacher, klass), state=1) is None
    assert once.claim(ask(teacher, klass), state=2) is None
    assert once.claim(ask(teacher, klass), state=2) is not None


def test_a_line_about_one_sandbox_claims_nothing(teacher, klass, seat, sandbox):
    ask(teacher, klass, seat).note(sandbox=sandbox)
    assert once.claim(ask(teacher, klass, seat)) is None


def test_a_class_that_is_over_is_not_held(teacher, klass):
    assert once.hold_class(klass) == klass
    for over in ({"state": "ended"}, {"state": "open", "ends_at": timezone.now() - timedelta(seconds=1)}):
        Class.objects.update(**over)
        with pytest.raises(Refused, match="This class is over"):
            once.hold_class(klass)  # read while it went on
        with pytest.raises(Refused, match="This class is over"):
            once.claim(ask(teacher, klass))
    assert not AuditEntry.objects.exists()


def test_what_is_held_is_the_class_as_it_is_now(klass):
    Class.objects.update(title="Renamed meanwhile")
    assert (klass.title, once.hold_class(klass).title) == ("Networks", "Renamed meanwhile")


def test_seats_are_found_by_name_and_only_those_in_which_somebody_sits(klass, seat, ben, idle):
    gone = make_seat(klass, "Aaron")
    Seat.objects.filter(pk=gone.pk).update(removed_at=timezone.now())
    Seat.objects.filter(pk=ben.pk).update(learner=None)
    make_seat(make_class(klass.instructor), "Elsewhere")
    assert [one.name for one in find_seats(klass, None)] == ["Ana", "Cem"]
    assert [one.name for one in find_seats(klass, idle)] == ["Cem"]
    assert find_seats(klass, gone) == []


def test_how_it_went_is_one_sentence_and_who_is_named_where_not_all_went_alike():
    assert tallied({"stopped": ["Ana", "Ben"]}) == "2 stopped."
    assert lines_of({"stopped": ["Ana", "Ben"]}) == ()
    told = {"stopped": ["Ana"], "There is no room.": ["Ben", "Cem"]}
    assert tallied(told) == "1 stopped, 2 There is no room."
    assert lines_of(told) == ("Stopped: Ana", "There is no room: Ben, Cem")
    assert tallied({}) == "Nobody sits in this class yet."
