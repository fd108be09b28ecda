"""Two versions of Docker Engine: who may choose which, where it is opened, and what is refused."""

from __future__ import annotations

import pytest
from django.utils import timezone

from explorer import settings as project
from explorer.lab.images import recipes
from explorer.launch import parts
from explorer.network.engines import PODMAN
from explorer.node.reconcile import sweep
from explorer.node.work import work
from explorer.sandboxes import life, limits, opening
from explorer.sandboxes.models import Node, Sandbox
from explorer.sandboxes.nodes import read_nodes
from tests.asking import open_for

ENGINES = ("26", "28")


@pytest.fixture
def both(redis, engine, sent, node1):
    """A node that has both versions, and has said so."""
    engine.versions = ENGINES
    node1.health = {"engines": list(ENGINES)}
    node1.save()
    return node1


@pytest.fixture
def ask(django_capture_on_commit_callbacks):
    def asked(learner, do=open_for, *words, **more):
        with django_capture_on_commit_callbacks(execute=True):
            return do(learner, *words, **more)

    return asked


def build(sandbox):
    work.open_sandbox(sandbox.actions.get(kind="open").pk)
    sandbox.refresh_from_db()


def test_without_a_word_the_versions_are_those_that_debian_has():
    assert (*recipes.ENGINES, PODMAN) == project.ENGINES


def test_the_version_asked_for_is_the_one_that_is_built(both, alice, ask, sent, engine):
    sandbox = ask(alice, engine="28")
    assert sent == [("open_sandbox", "open.28", sandbox.actions.get().pk)]
    build(sandbox)
    assert (sandbox.state, sandbox.engine, engine.given) == ("ready", "28", ["28"])


def test_a_reset_keeps_the_version(both, alice, ask, engine):
    sandbox = ask(alice, engine="28")
    build(sandbox)
    work.reset_sandbox(life.reset_sandbox(sandbox).pk)
    assert engine.given == ["28", "28"]


@pytest.mark.parametrize("version", ["", "0", "028", "28 ", "٢٨", "../28", "<b>", "2" * 500])
def test_a_version_nobody_knows_is_refused(both, alice, version):
    with pytest.raises(limits.Refused) as caught:
        open_for(alice, engine=version)
    assert caught.value.code == "unknown_engine"
    assert not Sandbox.objects.exists()


@pytest.mark.parametrize("version", ["27", "999"])
def test_a_version_nobody_has_is_refused_with_those_there_are(both, alice, version):
    with pytest.raises(limits.Refused, match=f"has Docker Engine {version} at the moment; there is 26 and 28") as caught:
        open_for(alice, engine=version)
    assert caught.value.code == "no_engine"
    assert not Sandbox.objects.exists()


def test_a_version_that_a_node_has_is_opened_whatever_its_number(both, alice, ask, sent, engine):
    engine.versions = ("28", "31")
    both.health = {"engines": ["31", "28"]}
    both.save()
    assert read_nodes().engines == ("28", "31")
    sandbox = ask(alice, engine="31")
    assert sent == [("open_sandbox", "open.31", sandbox.actions.get().pk)]
    build(sandbox)
    assert (sandbox.state, sandbox.engine, engine.given) == ("ready", "31", ["31"])


def test_what_a_row_says_that_is_no_version_is_offered_to_nobody(both):
    both.health = {"engines": ["28", "<b>", "", "2" * 40, 28, None, "../x"]}
    both.save()
    assert read_nodes().engines == ("28",)


def test_a_version_no_node_has_is_refused_with_those_there_are(redis, engine, sent, node1, alice):
    with pytest.raises(limits.Refused, match="has Docker Engine 28 at the moment; there is 26") as caught:
        open_for(alice, engine="28")
    assert caught.value.code == "no_engine"
    assert not Sandbox.objects.exists()


def test_only_nodes_that_are_here_and_take_work_count(both):
    assert read_nodes().engines == ENGINES
    Node.objects.create(name="away", capacity=9, health={"engines": ["28"]}, seen_at=timezone.now().replace(year=2000))
    both.health = {"engines": ["26"]}
    both.save()
    assert read_nodes().engines == ("26",)
    both.draining = True
    both.save()
    assert read_nodes().engines == ()


def test_room_is_counted_where_the_version_is(both, alice):
    Node.objects.create(name="other", capacity=5)
    assert limits.free_capacity(read_nodes(), "28") == (4, 4)
    assert limits.free_capacity(read_nodes(), "26") == (9, 9)


def test_a_node_that_lacks_the_version_leaves_the_task_to_others(both, alice, ask, engine):
    sandbox = ask(alice, engine="28")
    both.health = {"engines": ["26"]}
    both.save()
    build(sandbox)
    assert (sandbox.state, sandbox.node, engine.opened) == ("queued", None, [])


def test_a_lost_task_is_asked_for_again_where_the_version_is(both, alice, ask, sent):
    sandbox = ask(alice, engine="28")
    Sandbox.objects.update(moved_at=timezone.now() - sweep.QUEUE_AGAIN * 2)
    sent.clear()
    ask(both, sweep.ask_again)
    assert sent == [("open_sandbox", "open.28", sandbox.actions.get().pk)]


def test_a_warm_one_of_another_version_is_not_claimed(both, alice, bob, ask, settings):
    warm, _ = ask(None, opening.book_sandbox, node=settings.NODE_NAME)
    build(warm)
    assert warm.state == "warm"
    assert ask(alice, engine="28").pk != warm.pk
    assert ask(bob).pk == warm.pk


def test_warm_ones_have_a_version_the_node_has(both, ask, settings):
    settings.WARM_SANDBOXES, settings.ENGINES = 1, ("28",)
    both.health = {"engines": ["28"]}
    both.save()
    ask(both, sweep.make_common, 4)
    assert Sandbox.objects.get().engine == "28"


def test_the_node_says_which_versions_it_has_and_its_worker_takes_just_those(both, engine, worker, settings):
    engine.versions = ("26",)
    sweep.reconcile()
    both.refresh_from_db()
    assert both.engines == ["26"]
    engine.versions = ENGINES
    sweep.reconcile()
    sweep.reconcile()
    engine.versions = ("26",)
    sweep.reconcile()
    assert worker == [
        ("add", "open.26", settings.WORKER),
        ("add", "open.28", settings.WORKER),
        ("cancel", "open.28", settings.WORKER),
    ]


def test_a_worker_starts_with_the_version_a_node_needs(settings):
    settings.ENGINES = ("28", "26")
    argv = parts._worker().argv
    assert argv[argv.index("--queues") + 1] == f"open.28,{settings.NODE_QUEUE}"


def test_a_running_one_stays_as_it_is(both, alice, ask):
    sandbox = ask(alice)
    build(sandbox)
    assert ask(alice, engine="28") == sandbox
    assert sandbox.engine == "26"


def replace(learner, old, engine="28"):
    return open_for(learner, instead=old, engine=engine)


def test_it_can_be_closed_for_one_of_another_version(both, alice, ask):
    sandbox = ask(alice)
    build(sandbox)
    other = ask(alice, replace, sandbox.pk)
    sandbox.refresh_from_db()
    assert (sandbox.state, other.state, other.engine) == ("closing", "queued", "28")
    assert ask(alice, replace, sandbox.pk) == other, "asked twice, it is done once"


def test_nothing_is_closed_for_a_version_that_cannot_be_had(redis, engine, sent, node1, alice, ask):
    sandbox = ask(alice)
    build(sandbox)
    with pytest.raises(limits.Refused) as caught:
        replace(alice, sandbox.pk)
    assert caught.value.code == "no_engine"
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"
