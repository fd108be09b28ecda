"""Who may have a sandbox now: what refuses, with which sentence and numbers, and whose places come free for whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.sandboxes import limits
from explorer.sandboxes.limits import Refused, free_capacity
from explorer.sandboxes.models import Action, Comparison, Node, Sandbox
from explorer.sandboxes.nodes import NODE_AWAY, Nodes, lacking, only_node, read_nodes

State = Sandbox.State
CLASS = "class-one"


def node_of(name="node1", capacity=4, engines=("26",), **more):
    drivers = more.pop("drivers", None)
    health = {"engines": list(engines), **({"drivers": drivers, "kernel": "6.1.0"} if drivers else {})}
    return Node.objects.create(name=name, capacity=capacity, health=health, **more)


@pytest.fixture
def node(db):
    return node_of()


def free(class_id="", engine="26"):
    return free_capacity(read_nodes(), engine, class_id)[0]


# --- which nodes are here ------------------------------------------------------------------------------------------


def test_nodes_are_read_once_and_answer_from_what_was_read(node, django_assert_num_queries):
    with django_assert_num_queries(1):
        nodes = read_nodes()
        assert (nodes.here, nodes.taking, nodes.engines) == ((node,), (node,), ("26",))
        assert (nodes.able("", "26"), nodes.with_engine("28"), nodes.lacking()) == ([node], [], {})


def test_one_that_was_not_heard_of_for_long_is_not_here(node):
    Node.objects.update(seen_at=timezone.now() - NODE_AWAY)
    assert read_nodes().here == ()


def test_a_draining_one_is_here_and_takes_nothing(node):
    Node.objects.update(draining=True)
    nodes = read_nodes()
    assert ([one.pk for one in nodes.here], nodes.taking, nodes.engines, nodes.able("", "26")) == (["node1"], (), (), [])


def test_the_engines_stand_in_their_order_whichever_node_has_them(db):
    node_of("one", engines=["28"]), node_of("two", engines=["26"])
    assert read_nodes().engines == ("26", "28")


def test_who_lacks_the_driver_is_not_able(db):
    poor, rich = node_of("poor", drivers={"macvlan": False}), node_of("rich", drivers={"macvlan": True})
    nodes = read_nodes()
    assert nodes.able("macvlan", "26") == [rich]
    assert set(nodes.able("bridge", "26")) == {poor, rich}
    assert nodes.lacking() == {}
    assert list(lacking([poor])) == ["macvlan"]


def test_a_sandbox_is_bound_to_a_node_only_where_not_every_node_will_do(db):
    node_of("poor", drivers={"macvlan": False}), node_of("rich", drivers={"macvlan": True})
    nodes = read_nodes()
    assert only_node(nodes, "macvlan", "26") == "rich"
    assert only_node(nodes, "bridge", "26") == ""
    assert only_node(nodes, "macvlan", "28") == ""


def test_of_those_that_will_do_it_is_the_emptiest(db):
    node_of("poor", drivers={"macvlan": False})
    full, empty = (
        node_of("full", capacity=4, drivers={"macvlan": True}),
        node_of("empty", capacity=3, drivers={"macvlan": True}),
    )
    for state in (State.READY, State.OPENING):
        Sandbox.objects.create(node=full, state=state)
    Sandbox.objects.create(node=empty, state=State.WARM)  # gives way
    Sandbox.objects.create(node=empty, state=State.CLOSED)
    assert only_node(read_nodes(), "macvlan", "26") == "empty"


# --- places --------------------------------------------------------------------------------------------------------


def test_every_state_that_takes_a_place_does(node, alice):
    for state in State:
        Sandbox.objects.create(node=node, state=state, learner=alice if state == State.READY else None, comparison=None)
        Sandbox.objects.filter(state=state).exclude(state__in=[State.WARM, State.OPENING]).update(phase="counted")
    taking = {State.QUEUED, State.READY, State.RESETTING, State.CLOSING}  # warm and being warmed, it gives way
    assert free() == node.capacity - len(taking)


@pytest.mark.parametrize(
    ("row", "for_a_stranger", "for_its_class"),
    [
        ({"state": State.WARM}, 4, 4),
        ({"state": State.OPENING}, 4, 4),
        ({"state": State.QUEUED}, 3, 3),
        ({"state": State.WARM, "class_id": CLASS}, 3, 4),
        ({"state": State.OPENING, "class_id": CLASS}, 3, 4),
        ({"state": State.QUEUED, "class_id": CLASS}, 3, 4),
        ({"state": State.WARM, "class_id": "class-two"}, 3, 3),
        ({"state": State.QUEUED, "class_id": "class-two"}, 3, 3),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
def test_what_is_made_beforehand_gives_way_to_whom_it_is_for(node, row, for_a_stranger, for_its_class):
    Sandbox.objects.create(node=node, **row)
    assert (free(), free(CLASS)) == (for_a_stranger, for_its_class)


def test_what_a_learner_of_the_class_has_gives_way_to_nobody(node, alice):
    Sandbox.objects.create(node=node, learner=alice, state=State.READY, class_id=CLASS)
    assert (free(), free(CLASS)) == (3, 3)


def test_a_column_that_is_being_opened_gives_way_to_nobody(node):
    comparison = Comparison.objects.create(node=node)
    Sandbox.objects.create(node=node, state=State.OPENING, comparison=comparison)
    assert free() == 3


def test_who_waits_for_another_engine_takes_no_place_of_this_one(node, alice):
    Sandbox.objects.create(learner=alice, state=State.QUEUED, engine="28")
    assert free() == 4


def test_what_stands_on_a_node_that_is_away_takes_no_place(node):
    away = node_of("away", seen_at=timezone.now() - timedelta(hours=1))
    Sandbox.objects.create(node=away, state=State.READY)
    assert free_capacity(read_nodes(), "26") == (4, 4)


def test_room_is_asked_in_one_question(node, django_assert_num_queries):
    nodes = read_nodes()
    with django_assert_num_queries(1):
        free_capacity(nodes, "26", CLASS)


@pytest.mark.parametrize("free", [0, -1])
def test_no_room_is_refused_with_the_numbers(node, monkeypatch, free):
    monkeypatch.setattr(limits, "free_capacity", lambda *_: (free, 4))
    with pytest.raises(Refused) as refused:
        limits.check_room(read_nodes(), "26")
    assert (refused.value.code, refused.value.numbers) == ("full", {"total": 4, "free": free})


def test_room_is_room(node):
    limits.check_room(read_nodes(), "26")


# --- the other refusals --------------------------------------------------------------------------------------------


def test_no_node_tells_the_operator_how_many_there_were(node):
    Node.objects.update(draining=True)
    with pytest.raises(Refused) as refused:
        limits.check_nodes(read_nodes())
    assert (refused.value.code, refused.value.numbers) == ("no_node", {"nodes": 1, "seen": 1})


def test_one_node_that_takes_work_is_enough(node):
    node_of("other", draining=True)
    limits.check_nodes(read_nodes())


def test_an_engine_nobody_has_is_refused_with_those_there_are(db):
    with pytest.raises(Refused, match="there is none"):
        limits.check_engine(Nodes(), "26")
    node_of(engines=["26", "28"])
    with pytest.raises(Refused, match="there is 26 and 28"):
        limits.check_engine(read_nodes(), "29")
    limits.check_engine(read_nodes(), "28")


def test_a_driver_nobody_has_is_refused_and_nothing_used_up(db):
    node_of(drivers={"macvlan": False})
    with pytest.raises(Refused, match="Nothing was opened or used up") as refused:
        limits.check_driver(read_nodes(), "macvlan")
    assert refused.value.numbers == {"driver": "macvlan", "kernel": "6.1.0"}
    limits.check_driver(read_nodes(), "bridge")
    limits.check_driver(read_nodes(), "")


def test_the_hour_counts_openings_of_this_learner_and_no_columns(node, alice, bob, settings):
    settings.OPENS_PER_HOUR = 1
    for whose in (
        {"learner": bob},
        {"learner": alice, "comparison": Comparison.objects.create(node=node)},
        {"learner": alice, "state": State.CLOSED, "created_at": timezone.now()},
    ):
        action = Action.objects.create(sandbox=Sandbox.objects.create(**whose), kind="open")
        if whose.get("state"):
            Action.objects.filter(pk=action.pk).update(created_at=timezone.now() - timedelta(hours=1))
    limits.check_quota(alice)
    Action.objects.create(sandbox=Sandbox.objects.create(learner=alice, state=State.CLOSED), kind="open")
    with pytest.raises(Refused, match="opened 1 sandboxes within an hour"):
        limits.check_quota(alice)


def test_so_many_may_wait_and_no_more(node, settings):
    for _ in range(limits.QUEUE_LEAST - 1):
        Sandbox.objects.create(state=State.QUEUED)
    limits.check_queue(read_nodes())
    Sandbox.objects.create(state=State.QUEUED)
    with pytest.raises(Refused) as refused:
        limits.check_queue(read_nodes())
    assert refused.value.numbers == {"total": 4, "waiting": limits.QUEUE_LEAST}
