"""Podman in the place of a version of Docker Engine: where it is offered, where it is refused, what it is not mixed up with."""

from __future__ import annotations

import pytest

from explorer.network.layout import Layout
from explorer.sandboxes import limits, opening
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.opening import Wish
from tests.asking import open_for


@pytest.fixture
def both(redis, engine, sent, node1):
    engine.versions = ("26", "podman")
    node1.health = {"engines": ["podman", "26"]}
    node1.save()
    return node1


def test_it_is_offered_and_opened(both, alice, django_capture_on_commit_callbacks, sent):
    assert read_nodes().engines == ("26", "podman")
    with django_capture_on_commit_callbacks(execute=True):
        sandbox = open_for(alice, engine="podman")
    assert sandbox.engine == "podman"
    assert sent == [("open_sandbox", "open.podman", sandbox.actions.get().pk)]


def test_where_it_is_not_it_is_refused_by_its_name(redis, engine, sent, node1, alice):
    with pytest.raises(limits.Refused, match="No machine here has Podman at the moment; there is 26"):
        open_for(alice, engine="podman")


def test_a_lesson_is_not_played_with_it(both, alice):
    with pytest.raises(limits.Refused, match="Lessons are about Docker") as caught:
        open_for(alice, engine="podman", lesson="bridge")
    assert caught.value.code == "lesson_with_podman"
    assert not Sandbox.objects.exists()


@pytest.mark.parametrize(
    "wish", [Wish(scenario="swarm", engine="podman"), Wish.of_layout(Layout(hosts=3, swarm=True), engine="podman")]
)
def test_it_has_no_swarm(both, alice, wish):
    with pytest.raises(limits.Refused, match="Podman has no swarm"):
        opening.open_sandbox(alice, wish, read_nodes())


def test_a_sandbox_with_podman_is_not_what_a_lesson_wants(both, alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        open_for(alice, engine="podman")
    with pytest.raises(limits.Refused, match="Its hosts have Podman in place of Docker") as caught:
        open_for(alice, engine="26", lesson="bridge")
    assert caught.value.code == "other_scenario"
