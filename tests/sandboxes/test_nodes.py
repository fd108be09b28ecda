"""A lesson for a driver the nodes lack: refused before anything is spent, and led to the one node that can."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.lab.errors import NodeError
from explorer.lab.images import shelf
from explorer.lessons.load import load_lessons
from explorer.node import this_node
from explorer.node.reconcile import sweep
from explorer.sandboxes import limits, nodes
from explorer.sandboxes.models import Action, Node, Sandbox
from tests.asking import open_for

LACKS = {"kernel": "6.1.0", "drivers": {"bridge": True, "macvlan": False}}
HAS = {"kernel": "6.12.0", "drivers": {"bridge": True, "macvlan": True}}


@pytest.fixture
def poor(node1):
    node1.health = LACKS
    node1.save()
    return node1


@pytest.fixture
def rich(db):
    return Node.objects.create(name="rich", seen_at=timezone.now(), capacity=4, health=HAS)


def test_the_node_says_what_its_kernel_can_do(engine, redis, db):
    sweep.reconcile()
    assert Node.objects.get().health["drivers"] == {"bridge": True, "macvlan": False}
    engine.dead = True
    sweep.reconcile()
    assert Node.objects.get().health["kernel"] == "6.1.0"


def test_a_kernel_that_cannot_be_asked_refuses_nobody(engine, redis, db, monkeypatch):
    def silent():
        raise NodeError("The kernel could not be asked what it can do.")

    monkeypatch.setattr(sweep, "_asked_kernel", silent)
    sweep.reconcile()
    assert nodes.read_nodes().lacking() == {}


def test_no_node_can(sent, poor, alice):
    with pytest.raises(limits.Refused) as caught:
        open_for(alice, lesson="macvlan")
    assert caught.value.code == "no_driver"
    assert caught.value.sentence.startswith("The kernel of the machine that runs sandboxes here, Linux 6.1.0, has no macvlan.")
    assert not Sandbox.objects.exists()
    assert not Action.objects.exists()
    assert sent == []


def test_what_the_kernel_has_is_opened(sent, poor, alice):
    assert open_for(alice, lesson="bridge").node is None


def test_a_running_sandbox_is_not_turned_to_it(sent, poor, alice):
    running = open_for(alice, lesson="bridge")
    with pytest.raises(limits.Refused):
        open_for(alice, lesson="macvlan")
    running.refresh_from_db()
    assert running.lesson == "bridge"


def test_a_running_sandbox_on_the_wrong_node_says_what_to_do(sent, poor, rich, alice):
    running = open_for(alice, lesson="bridge")
    Sandbox.objects.filter(pk=running.pk).update(node=poor, state=Sandbox.State.READY)
    with pytest.raises(limits.Refused) as caught:
        open_for(alice, lesson="macvlan")
    assert "Close this sandbox and open a new one" in caught.value.sentence


def test_it_goes_to_the_node_that_can(poor, rich, alice, sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        sandbox = open_for(alice, lesson="macvlan")
    assert sandbox.node == rich
    assert sent[0][:2] == ("open_sandbox", "node.rich")


def test_a_warm_sandbox_on_the_wrong_node_is_not_taken(poor, rich, alice, sent):
    warm = Sandbox.objects.create(node=poor, state=Sandbox.State.WARM)
    assert open_for(alice, lesson="macvlan") != warm
    assert open_for(alice, lesson="macvlan").node == rich


def test_a_node_that_is_away_lacks_nothing(poor, alice):
    Node.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert nodes.read_nodes().lacking() == {}


@pytest.mark.parametrize("health", [{}, {"drivers": None}, {"drivers": "x"}, {"drivers": {}}])
def test_what_a_node_has_not_denied_it_can(node1, health):
    node1.health = health
    assert nodes.can(node1, "macvlan")
    assert nodes.lacking([node1]) == {}


def test_every_lesson_has_a_driver_that_is_asked_for(db):
    assert {nodes.driver_of(slug) for slug in load_lessons()} >= {"bridge", "macvlan"}
    assert nodes.driver_of("nothing") == ""


def test_an_image_that_answers_to_a_name_is_there_under_it(node1):
    told = {"name": "web-server:latest", "answers_to": ["nginx:latest", "nginx:1.27"], "stand_in": True, "mb": 45}
    node1.health = {"images": [told, {"name": "shop:1", "mb": 1}, "nonsense"]}
    assert nodes.missing(node1, ["nginx:1.27", "web-server:latest", "shop:1"]) == []
    assert nodes.missing(node1, ["nginx:1.28", "shop:1"]) == ["nginx:1.28"]


def test_the_node_tells_of_its_shelf(engine, redis, db, settings, tmp_path):
    settings.ENGINE_DIR = tmp_path
    this_node.lab_config.cache_clear()
    config = this_node.lab_config()
    shelf.record(config, shelf.Shelved("web", "1", "sha256:a", (), (), 2**21, 1.0, "x", ("nginx:latest",), stand_in=True))
    sweep.reconcile()
    this_node.lab_config.cache_clear()
    health = Node.objects.get().health
    assert health["shelf"] == {"shelf_mb": config.shelf_mb, "image_mb": config.image_mb}
    told = health["images"]
    assert told == [{"name": "web:1", "answers_to": ["nginx:latest"], "stand_in": True, "mb": 2}]
