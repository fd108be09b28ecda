"""Codes, links, seats and the way back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.classroom.seat import joining
from explorer.classroom.seat.joining import (
    CannotJoin,
    find_class_by_code,
    find_way_back,
    give_way_back,
    hash_token,
    is_signed,
    new_ticket,
    read_code,
    sign_code,
    take_seat,
)
from explorer.classroom.seat.names import BadName
from explorer.sandboxes.models import Learner
from tests.people import make_class

pytestmark = pytest.mark.django_db


def refusal(*words, **names):
    with pytest.raises(CannotJoin) as caught:
        take_seat(*words, **names)
    return caught.value.code


@pytest.mark.parametrize("typed", ["abcd-efgh", "ABCDEFGH", " abcd efgh ", "ab-cd-ef-gh", "ＡＢＣＤ‐ＥＦＧＨ", "abcd–efgh"])
def test_capitals_and_hyphens_do_not_matter(typed):
    assert read_code(typed) == "abcdefgh"


@pytest.mark.parametrize("typed", ["", "abcdefg", "abcdefghj", "abcd-efg0", "abcd-efgl", "١٢٣٤٥٦٧٨", "x" * 100_000])
def test_what_cannot_be_a_code(typed):
    assert read_code(typed) == ""


def test_a_signature_is_of_one_code():
    assert is_signed("abcdefgh", sign_code("abcdefgh"))
    for other in ("", "x", sign_code("abcdefgj"), sign_code("abcdefgh")[:-1], "é" * 16):
        assert not is_signed("abcdefgh", other)


def test_joining_makes_a_learner_of_its_own(klass):
    taken = take_seat(klass, None, " Ana ")
    assert (taken.seat.name, taken.asked_name) == ("Ana", "")
    assert taken.seat.learner == Learner.objects.get()


def test_the_second_of_a_name_is_told(klass):
    take_seat(klass, None, "Ana")
    second = take_seat(klass, None, "ana")
    assert (second.seat.name, second.asked_name) == ("ana 2", "ana")


def test_the_same_name_in_another_class_is_free(klass, teacher):
    take_seat(klass, None, "Ana")
    assert take_seat(make_class(teacher), None, "Ana").seat.name == "Ana"


def test_the_name_of_a_removed_seat_is_free(klass, seat):
    Seat.objects.update(removed_at=timezone.now())
    assert take_seat(klass, None, "Ana").seat.name == "Ana"


def test_who_sits_there_keeps_their_seat(klass, seat):
    taken = take_seat(klass, seat, "Somebody else")
    assert (taken.seat, taken.token, taken.seat.name) == (seat, "", "Ana")


def test_who_was_removed_does_not_come_in_again(klass, seat):
    seat.removed_at = timezone.now()
    seat.save()
    assert refusal(klass, seat, "Ana") == "removed"


def test_a_full_class(klass):
    Class.objects.update(seats_expected=2)
    take_seat(klass, None, "Ana")
    take_seat(klass, None, "Ben")
    assert refusal(klass, None, "Cleo") == "full"
    Class.objects.update(seats_expected=3)
    assert take_seat(klass, None, "Cleo").seat.name == "Cleo"


def test_a_class_that_is_over(klass):
    klass.ends_at = timezone.now() - timedelta(seconds=1)
    assert refusal(klass, None, "Ana") == "over"


def test_a_class_that_ends_meanwhile(klass):
    Class.objects.update(state=Class.State.ENDED)  # `klass` was read before
    assert refusal(klass, None, "Ana") == "over"


def test_a_bad_name_leaves_no_row(klass):
    with pytest.raises(BadName):
        take_seat(klass, None, "\u200b")
    assert (Seat.objects.count(), Learner.objects.count()) == (0, 0)


def test_a_form_that_comes_twice_makes_one_seat(klass):
    ticket = new_ticket()
    first, second = take_seat(klass, None, "Ana", ticket), take_seat(klass, None, "Ana", ticket)
    assert first.seat == second.seat == Seat.objects.get()
    assert find_way_back(second.token) == first.seat
    assert find_way_back(first.token) is None


def test_an_old_form_of_another_class_makes_a_seat_of_its_own(klass, teacher):
    ticket, other = new_ticket(), make_class(teacher)
    first, second = take_seat(klass, None, "Ana", ticket), take_seat(other, None, "Ana", ticket)
    assert first.seat.learner != second.seat.learner


def test_a_ticket_of_ones_own_making_is_worth_nothing(klass, seat):
    taken = take_seat(klass, None, "Eve", f"{seat.learner_id}:1abcde:forged")
    assert taken.seat != seat
    assert taken.seat.learner_id != seat.learner_id


def test_only_the_hash_of_the_way_back_is_kept(klass):
    taken = take_seat(klass, None, "Ana")
    kept = Seat.objects.get()
    assert len(taken.token) >= 32
    assert kept.recovery == hash_token(taken.token)
    assert find_way_back(taken.token) == kept


def test_a_new_way_back_voids_the_old(klass):
    taken = take_seat(klass, None, "Ana")
    token = give_way_back(taken.seat)
    assert find_way_back(token) == taken.seat
    assert find_way_back(taken.token) is None


def test_nonsense_leads_nowhere(seat):
    for token in ("", "x", seat.recovery, "x" * 10_000):
        assert find_way_back(token) is None


def test_nothing_leads_to_a_seat_whose_learner_was_forgotten(klass):
    taken = take_seat(klass, None, "Ana")
    Learner.objects.all().delete()
    assert find_way_back(taken.token) is None


def test_a_form_of_yesterday_makes_a_seat_of_its_own(klass, time_machine):
    begun = timezone.now()
    time_machine.move_to(begun - timedelta(days=1, seconds=2))
    ticket = new_ticket()
    first = take_seat(klass, None, "Ana", ticket)
    time_machine.move_to(begun)
    assert take_seat(klass, None, "Ana", ticket).seat != first.seat


def test_a_form_that_comes_again_after_its_seat_was_removed_is_refused(klass):
    ticket = new_ticket()
    take_seat(klass, None, "Ana", ticket)
    Seat.objects.update(removed_at=timezone.now())
    assert refusal(klass, None, "Ana", ticket) == "removed"


def test_a_removed_seat_leaves_its_place_to_another(klass):
    Class.objects.update(seats_expected=1)
    take_seat(klass, None, "Ana")
    assert refusal(klass, None, "Ben") == "full"
    Seat.objects.update(removed_at=timezone.now())
    assert take_seat(klass, None, "Ben").seat.name == "Ben"


def test_who_sits_in_another_class_has_a_seat_and_a_learner_of_their_own_here(klass, seat, teacher):
    taken = take_seat(make_class(teacher), seat, "Ana")
    assert taken.seat != seat
    assert taken.seat.learner_id != seat.learner_id


def test_the_wall_is_told_who_came(klass, monkeypatch):
    told = []
    monkeypatch.setattr(joining, "tell_class", lambda klass, seat="": told.append((klass, seat)))
    taken = take_seat(klass, None, "Ana")
    assert told == [(klass, taken.seat)]
    take_seat(klass, taken.seat, "Ana")
    assert len(told) == 1


@pytest.mark.parametrize("code", ["", "nosuchcd"])
def test_a_code_of_no_class_finds_none(klass, code):
    assert find_class_by_code(code) is None
    assert find_class_by_code(klass.code) == klass


def test_two_ways_back_are_never_alike(klass):
    tokens = {take_seat(klass, None, f"s{at}").token for at in range(5)}
    assert len({token[:8] for token in tokens}) == 5
