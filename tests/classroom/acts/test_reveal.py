"""The class's answers: counted among its seats, the right one as machines answered, the misconception in a sentence."""

from __future__ import annotations

import pytest

from explorer.classroom.after.answers import read_answers
from explorer.classroom.models import Class
from explorer.lessons.load import load_lessons
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Progress
from explorer.web.templatetags.doing import revealed_in
from tests.classroom.acts.conftest import audited
from tests.classroom.acts.doing import do
from tests.people import make_seat

ASKED = next(one for step in load_lessons()["bridge"].steps for one in step.predictions)
KEY = f"bridge/{ASKED.id}"
RIGHT, WRONG = ASKED.options[0].id, ASKED.options[1].id


def guess(seat, option, outcome=""):
    outcomes = {ASKED.id: outcome} if outcome else {}
    Progress.objects.create(learner=seat.learner, lesson="bridge", predictions={ASKED.id: option}, outcomes=outcomes)


@pytest.fixture
def guessed(klass, elsewhere):
    for at, option in enumerate([WRONG, WRONG, RIGHT]):
        guess(make_seat(klass, f"s{at}"), option, RIGHT if at else "")
    make_seat(klass, "silent")
    guess(elsewhere, WRONG)


def test_counts_shares_and_the_misconception(klass, guessed):
    told = read_answers(klass, KEY)
    assert [(bar.count, bar.share, bar.right) for bar in told.bars[:2]] == [(1, 33, True), (2, 67, False)]
    assert (told.seats, told.answered, told.right.id, told.wrong.option.id) == (4, 3, RIGHT, WRONG)
    assert told.sentence.startswith("1 of 3 were right. The commonest misconception, held by 2: “")


def test_while_no_machine_has_answered_nothing_is_called_right(klass, seat):
    guess(seat, WRONG)
    told = read_answers(klass, KEY)
    assert told.right is None
    assert not any(bar.right for bar in told.bars)
    assert "no machine has answered yet" in told.sentence


def test_machines_that_differ_are_said_to_differ(klass):
    for at, outcome in enumerate([RIGHT, RIGHT, WRONG]):
        guess(make_seat(klass, f"s{at}"), RIGHT, outcome)
    told = read_answers(klass, KEY)
    assert told.right.id == RIGHT
    assert "did not all answer alike: 2" in told.machines_differ


def test_all_right_and_none_at_all_have_their_sentences(klass, seat):
    assert read_answers(klass, KEY).sentence == "Nobody of 1 has guessed yet."
    guess(seat, RIGHT, RIGHT)
    assert read_answers(klass, KEY).sentence == "All 1 who guessed were right."


@pytest.mark.parametrize("key", ["", "bridge", "bridge/nosuch", "nosuch/x"])
def test_what_is_not_there_is_none(klass, key):
    assert read_answers(klass, key) is None


def test_an_option_that_is_none_is_not_counted(klass, seat):
    guess(seat, "made-up")
    assert read_answers(klass, KEY).answered == 0


def test_shown_to_all_once_and_hidden_again(teacher, second, klass, guessed):
    assert revealed_in(klass) == []
    assert do("reveal", teacher, klass, prediction=KEY).new
    assert not do("reveal", second, klass, prediction=KEY).new
    klass.refresh_from_db()
    assert [one.key for one in revealed_in(klass)] == [KEY]
    assert do("hide", teacher, klass, prediction=KEY).new
    assert not do("hide", second, klass, prediction=KEY).new
    assert (Class.objects.get(pk=klass.pk).revealed, audited("reveal"), audited("hide")) == ([], 1, 1)


@pytest.mark.parametrize("key", ["", "bridge/nosuch", "macvlan/x", KEY + "/x"])
def test_a_prediction_of_no_lesson_of_the_class_is_refused(teacher, klass, key):
    with pytest.raises(Refused):
        do("reveal", teacher, klass, prediction=key)


def test_answers_of_a_lesson_that_left_the_class_can_still_be_hidden(teacher, klass):
    do("reveal", teacher, klass, prediction=KEY)
    klass.refresh_from_db()
    klass.lessons = ["host"]
    klass.save()
    assert do("hide", teacher, klass, prediction=KEY).new
    with pytest.raises(Refused, match="no such prediction"):
        do("reveal", teacher, klass, prediction=KEY)


def test_one_more_is_shown_beside_the_first_and_the_newest_comes_first(teacher, klass):
    other = next(one.id for step in load_lessons()["bridge"].steps for one in step.predictions if one.id != ASKED.id)
    for key in (KEY, f"bridge/{other}"):
        do("reveal", teacher, klass, prediction=key)
    klass.refresh_from_db()
    assert [one.key for one in revealed_in(klass)] == [f"bridge/{other}", KEY]
    do("hide", teacher, klass, prediction=KEY)
    klass.refresh_from_db()
    assert [one.key for one in revealed_in(klass)] == [f"bridge/{other}"]


def test_who_was_removed_is_not_counted_any_more(klass, guessed):
    type(klass.seats.first()).objects.filter(name="s0").update(removed_at=klass.created_at)
    told = read_answers(klass, KEY)
    assert (told.seats, told.answered) == (3, 2)


def test_shares_are_of_those_who_answered(klass):
    for at in range(3):
        guess(make_seat(klass, f"s{at}"), RIGHT, RIGHT)
    for at in range(2):
        make_seat(klass, f"silent{at}")
    told = read_answers(klass, KEY)
    assert told.bars[0].share == 100
    assert (told.seats, told.answered, told.machines) == (5, 3, 3)
