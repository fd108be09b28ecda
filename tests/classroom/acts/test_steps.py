"""Going to a step, locking ahead and opening again."""

from __future__ import annotations

import pytest

from explorer.classroom.models import Class
from explorer.classroom.people.rules import locked_in
from explorer.lessons.load import load_lessons
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Progress
from explorer.sandboxes.progress import find_lesson
from explorer.web.templatetags.doing import words_for
from tests.asking import asks
from tests.classroom.acts.conftest import audited
from tests.classroom.acts.doing import do

BRIDGE, HOST = ([step.id for step in load_lessons()[slug].steps] for slug in ("bridge", "host"))


def test_a_step_is_offered_and_nobody_is_moved(teacher, klass, seat):
    do("step", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    word, step = words_for(seat)[0]
    assert (word.lesson, step.id) == ("bridge", BRIDGE[1])
    assert not Progress.objects.exists()


def test_taken_there_their_place_moves(teacher, klass, seat, ben, elsewhere):
    done = do("step", teacher, klass, step=f"bridge/{BRIDGE[2]}", take="1")
    assert "2 taken there" in done.sentence
    assert set(Progress.objects.values_list("learner", "step")) == {(one.learner_id, BRIDGE[2]) for one in (seat, ben)}


def test_one_seat_is_taken_alone(teacher, klass, seat, ben):
    do("step", teacher, klass, seat, step=f"bridge/{BRIDGE[2]}", take="1")
    assert [one.learner_id for one in Progress.objects.all()] == [seat.learner_id]


def test_taken_twice_is_taken_once(teacher, second, klass, seat):
    do("step", teacher, klass, step=f"bridge/{BRIDGE[2]}", take="1")
    again = do("step", second, klass, step=f"bridge/{BRIDGE[2]}", take="1")
    assert (again.new, audited("go to step"), klass.words.count()) == (False, 1, 1)


@pytest.mark.parametrize("step", ["", "bridge", "bridge/nosuch", "nosuch/x", "macvlan/start", "bridge/../x"])
def test_a_step_that_is_not_the_classs_is_refused(teacher, klass, step):
    with pytest.raises(Refused):
        do("step", teacher, klass, step=step)


def test_what_is_beyond_the_lock_is_locked_in_this_lesson_and_the_next(teacher, klass, seat):
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    assert asks(seat.learner).locked(find_lesson("bridge")) == frozenset(BRIDGE[2:])
    assert asks(seat.learner).locked(find_lesson("host")) == frozenset(HOST)
    assert asks(seat.learner).locked(find_lesson("none")) == frozenset()
    assert asks(None).locked(find_lesson("bridge")) == frozenset()


def test_who_is_further_is_brought_back_and_keeps_what_they_have(teacher, klass, seat, sandbox):
    Progress.objects.create(learner=seat.learner, lesson="bridge", step=BRIDGE[3], passed={BRIDGE[3]: ["x"]})
    done = do("lock", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    assert done.lines == ("1 were further and are back.",)
    progress = Progress.objects.get()
    assert (progress.step, progress.passed) == (BRIDGE[1], {BRIDGE[3]: ["x"]})


def test_a_sandbox_of_a_lesson_that_is_locked_is_judged_by_nobody(teacher, klass, seat, sandbox):
    sandbox.lesson = "host"
    sandbox.save()
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    sandbox.refresh_from_db()
    assert sandbox.lesson == ""


def test_locking_and_opening_twice_is_once(teacher, second, klass):
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    assert not do("lock", second, klass, step=f"bridge/{BRIDGE[1]}").new
    assert do("unlock", teacher, klass).new
    assert not do("unlock", second, klass).new
    assert (Class.objects.get().open_until, audited("lock ahead"), audited("unlock")) == ({}, 1, 1)


def test_nobody_is_sent_behind_the_lock(teacher, klass):
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    with pytest.raises(Refused, match="locked"):
        do("step", teacher, klass, step=f"bridge/{BRIDGE[2]}")


@pytest.mark.parametrize("name", ["step", "lock"])
def test_a_step_of_a_lesson_that_is_none_of_the_classs_is_refused_by_name(teacher, klass, name):
    klass.lessons = ["host"]
    klass.save()
    with pytest.raises(Refused, match="is not one of this class's lessons"):
        do(name, teacher, klass, step=f"bridge/{BRIDGE[1]}")
    assert (Class.objects.get(pk=klass.pk).open_until, klass.words.count()) == ({}, 0)


def test_the_sentence_says_who_is_sent_where(teacher, klass, seat):
    type(seat).objects.update(name="Ana Maria")
    seat.refresh_from_db()
    assert do("step", teacher, klass, seat, step=f"bridge/{BRIDGE[1]}").sentence.startswith("Ana Maria: “")
    assert do("step", teacher, klass, step=f"bridge/{BRIDGE[1]}").sentence.startswith("Everybody: “")


def test_who_stands_there_already_is_not_moved_and_keeps_the_time_they_came(teacher, klass, seat, ben):
    do("step", teacher, klass, seat, step=f"bridge/{BRIDGE[2]}", take="1")
    before = Progress.objects.get(learner=seat.learner).times
    assert "1 taken there" in do("step", teacher, klass, step=f"bridge/{BRIDGE[2]}", take="1").sentence
    assert Progress.objects.get(learner=seat.learner).times == before


def test_locked_further_ahead_opens_what_lies_between(teacher, klass, seat):
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[0]}")
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[2]}")
    klass.refresh_from_db()
    assert locked_in(klass, find_lesson("bridge")) == frozenset(BRIDGE[3:])


def test_lessons_before_the_one_that_is_locked_stay_open(teacher, klass):
    do("lock", teacher, klass, step=f"host/{HOST[0]}")
    klass.refresh_from_db()
    assert locked_in(klass, find_lesson("bridge")) == frozenset()
    assert locked_in(klass, find_lesson("host")) == frozenset(HOST[1:])


def test_a_lock_at_a_step_that_the_lesson_lost_locks_nothing(klass):
    klass.open_until = {"lesson": "bridge", "step": "gone"}
    assert locked_in(klass, find_lesson("bridge")) == frozenset()


def test_a_locked_step_is_not_opened_and_others_are(teacher, klass, seat):
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[1]}")
    with pytest.raises(Refused, match="has not opened this step yet"):
        asks(seat.learner).check_step(find_lesson("host"), HOST[1])
    with pytest.raises(Refused, match="has not opened this step yet"):
        asks(seat.learner).check_step(find_lesson("bridge"), BRIDGE[2])
    asks(seat.learner).check_step(find_lesson("bridge"), BRIDGE[1])
    asks(seat.learner).check_step(find_lesson("none"), find_lesson("none").steps[0].id)


def test_who_left_the_class_is_held_by_no_lock(teacher, klass, seat):
    do("lock", teacher, klass, step=f"bridge/{BRIDGE[0]}")
    type(seat).objects.update(removed_at=klass.created_at)
    assert asks(seat.learner).locked(find_lesson("bridge")) == frozenset()
