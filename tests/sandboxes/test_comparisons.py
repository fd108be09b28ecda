"""Comparisons asked for: rows and sandboxes made together, one at a time for a learner, ended without a trace on the engine."""

import asyncio
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from explorer.classroom.people.access import find_comparison, may_use_sandbox
from explorer.lab.compare import turns
from explorer.lab.errors import NoRoom
from explorer.network.comparison.spec import Spec
from explorer.node.reconcile import sweep
from explorer.node.this_node import lab_config
from explorer.node.work import work
from explorer.sandboxes import columns, comparisons, life, limits, streams
from explorer.sandboxes.events import comparison_stream
from explorer.sandboxes.models import Action, Column, Comparison, Node, Sandbox
from tests.asking import compare_for, open_for

pytestmark = pytest.mark.django_db(transaction=True)
State = Sandbox.State
THREE = Spec(columns=("bridge", "host", "overlay"))
FIVE = Spec(columns=("bridge", "host", "none", "third-party", "overlay"))


def told(redis, comparison):
    return streams.read_since(redis, comparison_stream(comparison.pk)).events


def states(comparison):
    return {column.key: column.state for column in comparison.columns.all()}


def opening_of(sandbox):
    return sandbox.actions.get(kind="open")


def carry_out(sent):
    """Delivers every task that waits, until none does."""
    while sent:
        name, _, *args = sent.pop(0)
        if name in ("open_sandbox", "close_sandbox"):
            getattr(work, name)(*args)


@pytest.fixture
def running(engine, sent, node1, alice, redis):
    return compare_for(alice, THREE)


def test_every_column_has_a_sandbox_of_its_own_on_one_node(running, sent, node1):
    sandboxes = [column.sandbox for column in running.columns.all()]
    assert [(one.scenario, one.state, one.node) for one in sandboxes] == [
        ("one-host", State.QUEUED, node1),
        ("one-host", State.QUEUED, node1),
        ("two-hosts", State.QUEUED, node1),
    ]
    assert sent == [("open_sandbox", "node.node1", opening_of(one).pk) for one in sandboxes]


def test_one_that_waits_has_a_position(running):
    assert [columns.describe(column).position for column in running.columns.all()] == [1, 2, 3]


def test_a_column_follows_its_sandbox(running, sent, redis):
    carry_out(sent)
    phases = [event.phase for event in told(redis, running) if event.type == "column_moved" and event.column == "bridge"]
    assert phases[-2:] == ["building scenario", "ready"]


def test_its_sandboxes_are_nobodys_current_sandbox(running, sent, alice):
    carry_out(sent)
    assert life.current_sandbox(alice) is None
    sandbox = running.columns.first().sandbox
    assert (sandbox.state, sandbox.learner) == (State.READY, alice)
    assert not may_use_sandbox(alice, sandbox)
    assert open_for(alice).comparison is None, "and a sandbox of one's own may be open beside"


def test_the_same_again_gives_the_same(running, alice):
    assert compare_for(alice, THREE) == running
    assert Comparison.objects.count() == 1


def test_another_is_refused_and_says_which_runs(running, alice):
    with pytest.raises(limits.Refused) as refused:
        compare_for(alice, FIVE)
    assert (refused.value.code, refused.value.numbers["comparison"]) == ("other_comparison", running.pk)
    assert "bridge, host, overlay" in refused.value.sentence


def test_another_in_its_stead_ends_it(running, alice):
    new = compare_for(alice, FIVE, instead=running.pk)
    running.refresh_from_db()
    assert (running.state, new.state) == ("ended", "running")
    assert not running.sandboxes.filter(state__in=[State.QUEUED, State.OPENING, State.READY]).exists()


def test_refused_in_its_stead_nothing_is_ended(running, alice, settings):
    settings.COMPARISONS_PER_HOUR = 1
    with pytest.raises(limits.Refused):
        compare_for(alice, FIVE, instead=running.pk)
    running.refresh_from_db()
    assert running.state == "running"


def test_two_requests_at_once_make_one(engine, sent, node1, alice, redis, monkeypatch):
    meanwhile = []
    check = limits.check_queue

    def other_request_wins(nodes):
        if not meanwhile:
            meanwhile.append(None)
            meanwhile.append(compare_for(alice, THREE))
        check(nodes)

    monkeypatch.setattr(comparisons, "check_queue", other_request_wins)
    assert compare_for(alice, THREE) == meanwhile[1]
    assert (Comparison.objects.count(), Column.objects.count(), Sandbox.objects.count()) == (1, 3, 3)


def test_the_database_itself_knows_no_second(running, alice, bob):
    with pytest.raises(IntegrityError), transaction.atomic():
        Comparison.objects.create(learner=alice)
    Comparison.objects.create(learner=bob)
    Comparison.objects.update(state="done")
    Comparison.objects.create(learner=alice)


def test_how_many_an_hour_is_limited(engine, sent, node1, alice, settings, redis):
    settings.COMPARISONS_PER_HOUR = 2
    for _ in range(2):
        comparisons.end_comparison(compare_for(alice, THREE))
    with pytest.raises(limits.Refused) as refused:
        compare_for(alice, THREE)
    assert refused.value.code == "too_many_comparisons"


def test_it_takes_nothing_from_the_sandboxes_one_may_open(running, alice, settings):
    settings.OPENS_PER_HOUR = 1
    assert open_for(alice).state == State.QUEUED


def test_the_oldest_are_forgotten_and_not_those_that_count(engine, sent, node1, alice, redis, monkeypatch):
    monkeypatch.setattr(comparisons, "KEPT", 2)
    made = []
    for _ in range(4):
        Comparison.objects.update(state="done")
        made.append(compare_for(alice, THREE))
    Sandbox.objects.update(state=State.CLOSED)
    assert Comparison.objects.count() == 4, "within the hour all of them count"
    for age, comparison in enumerate(reversed(made), start=1):
        Comparison.objects.filter(pk=comparison.pk).update(state="done", created_at=timezone.now() - timedelta(hours=1 + age))
    last = compare_for(alice, THREE)
    assert {one.pk for one in Comparison.objects.all()} == {last.pk, made[3].pk}
    assert Sandbox.objects.count() == 6, "their sandboxes' rows go with them"


# --- what the node lacks -------------------------------------------------------------------------------------------


def test_a_driver_the_kernel_lacks_says_so_and_opens_nothing(engine, sent, node1, alice, redis):
    Node.objects.update(health={"kernel": "6.1.0", "drivers": {"macvlan": False}})
    comparison = compare_for(alice, Spec(columns=("bridge", "macvlan")))
    assert states(comparison) == {"bridge": "waiting", "macvlan": "lacks"}
    lacking = comparison.columns.get(key="macvlan")
    assert "Linux 6.1.0, has no macvlan" in lacking.reason
    assert "Nothing was opened" in lacking.reason
    assert lacking.sandbox is None
    assert Sandbox.objects.count() == 1


def test_an_engine_that_no_node_was_ever_set_to_have_is_refused(engine, sent, node1, alice, redis):
    with pytest.raises(limits.Refused, match="ever had Docker Engine 999; there is 26") as refused:
        compare_for(alice, Spec(columns=("bridge@26", "bridge@999")))
    assert refused.value.code == "unknown_engine"
    assert not Comparison.objects.exists()


def test_an_engine_no_host_has_says_so(engine, sent, node1, alice, redis):
    Node.objects.update(health={"engines": ["26"], "engines_missing": {"28": ""}})
    comparison = compare_for(alice, Spec(columns=("bridge@26", "bridge@28")))
    assert states(comparison) == {"bridge@26": "waiting", "bridge@28": "lacks"}
    assert "no hosts with Docker Engine 28" in comparison.columns.get(key="bridge@28").reason


def test_one_that_lacks_everything_is_done_at_once(engine, sent, node1, alice, redis):
    Node.objects.update(health={"drivers": {"macvlan": False, "ipvlan": False}})
    comparison = compare_for(alice, Spec(columns=("macvlan", "ipvlan")))
    comparison.refresh_from_db()
    assert (comparison.state, Sandbox.objects.count()) == ("done", 0)


def test_the_node_that_can_do_most_is_chosen(engine, sent, node1, alice, redis):
    Node.objects.update(health={"drivers": {"macvlan": False}}, capacity=99)
    able = Node.objects.create(name="able", seen_at=timezone.now(), capacity=4, health={"drivers": {"macvlan": True}})
    comparison = compare_for(alice, Spec(columns=("bridge", "macvlan")))
    assert {one.sandbox.node for one in comparison.columns.all()} == {able}


def test_no_node_is_said_kindly(alice, sent):
    with pytest.raises(limits.Refused) as refused:
        compare_for(alice, THREE)
    assert refused.value.code == "no_node"
    assert not Comparison.objects.exists()


# --- warm sandboxes and room ---------------------------------------------------------------------------------------


@pytest.fixture
def warm(engine, sent, node1, redis, settings):
    settings.WARM_SANDBOXES = 2
    sweep.reconcile()
    carry_out(sent)
    return list(Sandbox.objects.filter(state=State.WARM))


def test_warm_sandboxes_are_taken_first(warm, alice, sent):
    comparison = compare_for(alice, THREE)
    used = {column.key: column.sandbox for column in comparison.columns.all()}
    assert {used["bridge"], used["host"]} == set(warm)
    assert (used["bridge"].state, used["overlay"].state) == (State.READY, State.QUEUED)


def test_what_is_warm_has_a_head_start(warm, alice, monkeypatch):
    waits = {}
    monkeypatch.setattr(
        "explorer.sandboxes.changes.app.send_task", lambda name, args=(), countdown=None, **_: waits.update({args: countdown})
    )
    comparison = compare_for(alice, THREE)
    new = comparison.columns.get(key="overlay").sandbox
    assert waits == {(opening_of(new).pk,): comparisons.HEAD_START}, "and no new warm one is asked for"


def test_where_nothing_is_warm_nobody_waits(engine, node1, alice, redis, monkeypatch):
    waits = []
    monkeypatch.setattr("explorer.sandboxes.changes.app.send_task", lambda *_, countdown=None, **__: waits.append(countdown))
    compare_for(alice, THREE)
    assert waits == [None, None, None]


def test_a_warm_one_of_another_engine_is_left(warm, alice, sent):
    Node.objects.update(health={"engines": ["26", "28"]})
    comparison = compare_for(alice, Spec(columns=("bridge@28", "host@28")))
    assert not {column.sandbox for column in comparison.columns.all()} & set(warm)


def test_no_common_one_is_made_until_it_is_over(warm, alice, sent):
    comparison = compare_for(alice, THREE)
    sweep.reconcile()
    assert not Sandbox.objects.filter(learner=None).exists()
    comparisons.end_comparison(comparison)
    carry_out(sent)
    sweep.reconcile()
    assert Sandbox.objects.filter(learner=None).count() == 2


def test_but_not_for_ever(warm, alice, sent):
    compare_for(alice, Spec(columns=("bridge", "host")))
    Comparison.objects.update(created_at=timezone.now() - timedelta(seconds=50))
    sweep.reconcile()
    assert Sandbox.objects.filter(learner=None).exists()


@pytest.mark.parametrize(("capacity", "places"), [(0, 1), (1, 1), (3, 3), (4, 3), (8, 6), (40, 10)])
def test_a_quarter_of_a_node_is_left_to_people(capacity, places):
    assert limits.comparison_places(capacity) == places


def test_beyond_its_places_it_waits_and_people_do_not(engine, sent, node1, alice, bob, redis):
    comparison = compare_for(alice, FIVE)
    carry_out(sent)
    waiting = [one.sandbox.state for one in comparison.columns.all()]
    assert waiting == [State.READY, State.READY, State.READY, State.QUEUED, State.QUEUED]
    bobs = Sandbox.objects.create(learner=bob)
    work.open_sandbox(Action.objects.create(sandbox=bobs, kind="open").pk)
    bobs.refresh_from_db()
    assert bobs.state == State.READY


def test_a_place_that_comes_free_is_taken_at_once(engine, sent, node1, alice, redis):
    comparison = compare_for(alice, FIVE)
    carry_out(sent)
    first, _, _, fourth, fifth = (column.sandbox for column in comparison.columns.all())
    action = life.close_sandbox(first)
    sent.clear()
    work.close_sandbox(action.pk)
    assert [task[2] for task in sent if task[0] == "open_sandbox"] == [opening_of(fourth).pk, opening_of(fifth).pk]


def test_too_many_that_wait_is_said(engine, sent, node1, alice, bob, redis, monkeypatch):
    monkeypatch.setattr(limits, "QUEUE_LEAST", 3)
    Node.objects.update(capacity=1)
    compare_for(alice, FIVE)
    with pytest.raises(limits.Refused) as refused:
        compare_for(bob, THREE)
    assert (refused.value.code, refused.value.numbers) == ("full", {"total": 1, "waiting": 5})


def test_a_column_without_room_stays_with_its_node(engine, sent, running, node1):
    engine.trouble = NoRoom("full")
    work.open_sandbox(opening_of(running.columns.first().sandbox).pk)
    sandbox = running.columns.first().sandbox
    assert (sandbox.state, sandbox.node) == (State.QUEUED, node1)


# --- ends ----------------------------------------------------------------------------------------------------------


def test_ended_its_columns_say_so_and_nothing_stays(running, engine, sent, redis):
    carry_out(sent)
    assert comparisons.end_comparison(running)
    carry_out(sent)
    assert set(states(running).values()) == {"failed"}
    assert running.columns.first().reason == comparisons.STOPPED
    assert not engine.standing
    assert told(redis, running)[-1].state == "ended"


def test_ended_twice_it_is_ended_once(running):
    assert comparisons.end_comparison(running)
    assert not comparisons.end_comparison(running)


def test_a_column_that_is_complete_stays_so(running):
    running.columns.filter(key="host").update(state="done", result="{}")
    comparisons.end_comparison(running)
    assert states(running) == {"bridge": "failed", "host": "done", "overlay": "failed"}


def test_a_sandbox_that_fails_is_the_column_that_fails(running, engine, sent):
    engine.trouble = RuntimeError("oops")
    work.open_sandbox(opening_of(running.columns.get(key="host").sandbox).pk)
    column = running.columns.get(key="host")
    assert (column.state, column.phase) == ("failed", "building scenario")
    assert column.reason == "This is our fault, not yours: it could not be built."
    assert states(running) == {"bridge": "waiting", "host": "failed", "overlay": "waiting"}


def test_redis_away_loses_no_intent(engine, node1, alice, settings):
    settings.REDIS_URL = "unix:///nonexistent/socket"
    comparison = compare_for(alice, THREE)
    sandbox = comparison.columns.first().sandbox
    work.open_sandbox(opening_of(sandbox).pk)
    sandbox.refresh_from_db()
    assert sandbox.state == State.READY


def test_it_is_its_learners_alone(running, alice, bob):
    assert find_comparison(alice, running.pk) == running
    assert find_comparison(bob, running.pk) is None
    assert find_comparison(None, running.pk) is None
    Comparison.objects.update(learner=None)
    assert find_comparison(None, running.pk) is None


# --- the reconciler ------------------------------------------------------------------------------------------------


def test_looked_at_it_goes_on(running):
    Comparison.objects.update(seen_at=timezone.now() - timedelta(seconds=20))
    comparisons.note_look(running.pk)
    Comparison.objects.update(created_at=timezone.now() - timedelta(seconds=50))
    sweep.reconcile()
    running.refresh_from_db()
    assert running.state == "running"


def test_nobody_looks_it_ends_within_a_minute(running, engine, sent):
    carry_out(sent)
    assert comparisons.UNSEEN + timedelta(seconds=10) + comparisons.SEEN_EVERY < timedelta(seconds=55), "a sweep is every ten"
    Comparison.objects.update(seen_at=timezone.now() - timedelta(seconds=31))
    sweep.reconcile()
    carry_out(sent)
    running.refresh_from_db()
    assert (running.state, running.reason) == ("ended", comparisons.UNWATCHED)
    assert not engine.standing


def test_a_look_is_noted_seldom(running):
    before = Comparison.objects.get().seen_at
    comparisons.note_look(running.pk)
    assert Comparison.objects.get().seen_at == before


def test_too_long_is_over(running):
    Comparison.objects.update(created_at=timezone.now() - comparisons.LIFE - timedelta(seconds=1))
    sweep.reconcile()
    running.refresh_from_db()
    assert running.reason == comparisons.TOO_LONG


def test_a_node_that_went_away_is_not_waited_for(running, engine):
    gone = Node.objects.create(name="gone", seen_at=timezone.now() - timedelta(minutes=2))
    Comparison.objects.update(node=gone)
    sweep.reconcile()
    running.refresh_from_db()
    assert running.state == "ended"
    assert "went away" in running.reason


def test_what_a_dead_process_left_unsaid_is_said(running, node1):
    """The sandbox is over, but whoever ended it died before it told the column."""
    Sandbox.objects.update(state=State.FAILED, reason="gone")
    sweep.reconcile()
    running.refresh_from_db()
    assert {column.reason for column in running.columns.all()} == {"gone"}
    assert running.state == "done"


def sandboxes_of(comparison):
    return {column.key: column.sandbox.state for column in comparison.columns.all()}


def test_complete_columns_keep_their_sandboxes_until_the_others_are_measured(running, sent):
    carry_out(sent)
    Column.objects.filter(key="host").update(state="done")
    sweep.reconcile()
    assert set(sandboxes_of(running).values()) == {State.READY}


def test_unless_somebody_waits_for_the_place(running, sent, bob):
    carry_out(sent)
    Column.objects.filter(key="host").update(state="done")
    Sandbox.objects.create(learner=bob)
    sweep.reconcile()
    assert sandboxes_of(running) == {"bridge": State.READY, "host": State.CLOSING, "overlay": State.READY}


def test_a_sandbox_that_outlived_its_comparison_goes(running, engine, sent):
    """Whoever completed it died before the sandboxes were closed."""
    carry_out(sent)
    Column.objects.update(state="done")
    Comparison.objects.update(state="done")
    sweep.reconcile()
    carry_out(sent)
    assert not engine.standing


def test_old_ones_are_forgotten(running):
    comparisons.end_comparison(running)
    Sandbox.objects.update(state=State.CLOSED)
    Comparison.objects.update(created_at=timezone.now() - timedelta(days=31))
    sweep.reconcile()
    assert not Comparison.objects.exists()


# --- measuring is left in peace ------------------------------------------------------------------------------------


async def alone(config):
    async with turns.quiet(config, 0.01) as quiet:
        return quiet


def test_nobody_measures_while_its_hosts_are_opened(running, engine, alice):
    heard = []
    own = open_for(alice)
    for sandbox in (running.columns.first().sandbox, own):
        engine.meanwhile = lambda: heard.append(asyncio.run(alone(lab_config())))
        work.open_sandbox(opening_of(sandbox).pk)
    assert heard == [False, True], "the sandboxes of people are not held up, and hold up nobody"
