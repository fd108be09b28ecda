"""Sandboxes beforehand: one for each seat that is expected, once, where there is room, and who has to wait is told before."""

from __future__ import annotations

import pytest

from explorer.classroom import classes
from explorer.classroom.acts import preparing
from explorer.classroom.people.rules import terms_of
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Node, Sandbox
from tests.asking import open_for
from tests.classroom.acts.conftest import audited, give_sandbox
from tests.classroom.acts.doing import do
from tests.people import make_seat


@pytest.fixture(autouse=True)
def _a_small_class(klass):
    klass.seats_expected = 6
    klass.save()


def prepared():
    return Sandbox.objects.filter(learner=None, state__in=Sandbox.UNCLAIMED)


def test_one_is_booked_for_each_seat_that_has_none(teacher, klass, node, sandbox):
    done = do("prepare", teacher, klass, lesson="bridge")
    assert done.sentence == "5 sandboxes are being made."
    made = {(one.class_id, one.node_id, one.minutes, one.scenario) for one in prepared()}
    assert made == {(klass.pk, "node1", 60, "one-host")}
    assert all(one.expires_at <= klass.ends_at for one in prepared())


def test_asked_twice_they_are_made_once(teacher, second, klass, node):
    do("prepare", teacher, klass, lesson="bridge")
    again = do("prepare", second, klass, lesson="bridge")
    assert (again.new, prepared().count(), audited("prepare")) == (False, 6, 1)


def test_they_are_spread_over_the_nodes_that_have_room(teacher, klass, node):
    Node.objects.create(name="node2", capacity=8, health={"engines": ["26"]})
    Node.objects.create(name="other", capacity=50, health={"engines": ["28"]})
    Node.objects.create(name="gone", capacity=50, draining=True)
    do("prepare", teacher, klass, lesson="bridge")
    assert sorted(prepared().values_list("node", flat=True)) == ["node1"] * 4 + ["node2"] * 2


def test_too_little_room_is_said_before_anything_is_made(teacher, klass, node):
    Node.objects.update(capacity=4)
    with pytest.raises(Refused, match="room for 4: 2 will have to wait for a place, or share a screen") as refused:
        do("prepare", teacher, klass, lesson="bridge")
    assert refused.value.code == "short"
    assert not prepared().exists()
    assert do("prepare", teacher, klass, lesson="bridge", anyway="1").sentence.startswith("4 sandboxes")


def test_no_room_at_all_makes_nothing(teacher, klass, node, seat, ben, idle):
    Node.objects.update(capacity=1)
    give_sandbox(seat, node)
    with pytest.raises(Refused, match="room for 0"):
        do("prepare", teacher, klass, lesson="bridge", anyway="1")


def test_no_node_or_not_the_version_is_said(teacher, klass, db):
    with pytest.raises(Refused, match="No machine"):
        do("prepare", teacher, klass, lesson="bridge")
    Node.objects.create(name="node1", capacity=9, health={"engines": ["28"]})
    with pytest.raises(Refused, match="Docker Engine 26"):
        do("prepare", teacher, klass, lesson="bridge")


def test_another_lesson_of_another_scenario_takes_the_place_of_the_first(teacher, klass, node):
    klass.lessons = ["bridge", "overlay"]
    klass.save()
    do("prepare", teacher, klass, lesson="bridge")
    done = do("prepare", teacher, klass, lesson="overlay")
    assert "6 that were made for another lesson go." in done.lines
    assert set(prepared().values_list("scenario", flat=True)) == {preparing.scenario_of_lesson(klass, "overlay")}


def test_cancelled_what_nobody_has_goes_and_what_somebody_has_stays(teacher, second, klass, node, seat):
    do("prepare", teacher, klass, lesson="bridge")
    taken = open_for(seat.learner, lesson="bridge", terms=terms_of(klass))
    assert "5 sandboxes" in do("unprepare", teacher, klass).sentence
    assert not do("unprepare", second, klass).new
    taken.refresh_from_db()
    assert taken.state == "queued"
    assert not prepared().exists()


def test_a_class_that_ends_keeps_nothing(teacher, klass, node):
    do("prepare", teacher, klass, lesson="bridge")
    classes.end_class(teacher, klass)
    assert not prepared().exists()


def test_progress_is_told_by_phase(teacher, klass, node, seat):
    do("prepare", teacher, klass, lesson="bridge")
    first, second, third, *_ = prepared()
    Sandbox.objects.filter(pk=first.pk).update(state="warm", phase="warm")
    Sandbox.objects.filter(pk=second.pk).update(state="opening", phase="starting host")
    Sandbox.objects.filter(pk=third.pk).update(learner=seat.learner)
    told = preparing.look_at_prepared(klass)
    assert (told.ready, told.wanted, told.taken, told.phases) == (1, 5, 1, {"starting host": 1, "queued": 3})


def test_of_six_learners_six_are_given_what_was_prepared(teacher, klass, node):
    do("prepare", teacher, klass, lesson="bridge")
    prepared().update(state="warm", phase="warm")
    for at in range(6):
        learner = make_seat(klass, f"s{at}").learner
        assert open_for(learner, lesson="bridge", terms=terms_of(klass)).state == "ready"
    assert not prepared().exists()
