"""A wish, and the one order in which it is looked at: refused, nothing was closed, opened, turned or counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from explorer.network.layout import FREE, from_query
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Action, Learner, Node, Sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.opening import Wish, open_sandbox, summary_of
from explorer.sandboxes.terms import Terms
from tests.asking import open_for

State = Sandbox.State
LAYOUT = from_query("hosts=2&machines=outside&net=h1,front,bridge&run=h1,web,front,p=8080:80")
REPLAY = {"commands": [], "left_out": [], "of": "abc"}
CLASS = Terms(class_id="class-one", minutes=30, extensions_most=1, engine="28")
WISHES: dict[str, dict[str, Any]] = {
    "lesson": {"lesson": "bridge"},
    "layout": {"scenario": FREE, "layout": LAYOUT.model_dump(mode="json")},
    "copy": {"lesson": "bridge", "replay": REPLAY},
}
every_wish = pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)


@pytest.fixture(autouse=True)
def here(redis, sent, node1):
    """A node that opens what is asked for; nothing is carried anywhere."""
    return node1


@pytest.fixture
def running(here, alice):
    """Alice's sandbox, of a scenario that none of these wishes is for."""
    now = timezone.now()
    return Sandbox.objects.create(
        learner=alice, node=here, state=State.READY, scenario="swarm", expires_at=now + timedelta(hours=1)
    )


# --- what a wish says ----------------------------------------------------------------------------------------------


def test_a_layout_that_is_a_scenario_is_wished_for_by_its_name():
    wish = Wish.of_layout(from_query("hosts=2&machines=outside"), engine="28")
    assert (wish.scenario, wish.layout, wish.engine) == ("two-hosts", {}, "28")


def test_a_layout_of_ones_own_comes_with_the_wish():
    wish = Wish.of_layout(LAYOUT)
    assert (wish.scenario, wish.layout["containers"][0]["publish"]) == (FREE, ["8080:80"])


@pytest.mark.parametrize(("asked", "terms", "given"), [("26", Terms(), "26"), ("26", CLASS, "28"), ("28", CLASS, "28")])
def test_the_engine_of_the_class_counts_first(asked, terms, given):
    assert Wish(engine=asked, terms=terms).version == given


def test_what_it_opens_is_said_in_words():
    assert Wish(scenario="one-host").summary == summary_of("one-host")
    assert "networks front; containers web" in Wish.of_layout(LAYOUT).summary
    assert summary_of("one that was taken away") == "A layout of your own."


# --- what is opened ------------------------------------------------------------------------------------------------


@every_wish
def test_the_row_says_what_was_wished_for(alice, wish):
    opened = open_for(alice, **wish)
    assert (opened.learner, opened.state, opened.lesson) == (alice, State.QUEUED, wish.get("lesson", ""))
    assert (opened.scenario, opened.layout) == (wish.get("scenario", "one-host"), wish.get("layout", {}))
    assert opened.replay == wish.get("replay", {})


@every_wish
def test_it_is_opened_under_the_terms_of_the_class(alice, here, wish):
    Node.objects.update(health={"engines": ["26", "28"]})
    opened = open_for(alice, terms=CLASS, **wish)
    assert (opened.class_id, opened.minutes, opened.extensions_most, opened.engine) == ("class-one", 30, 1, "28")


@pytest.mark.parametrize("name", ["layout", "copy"])
def test_a_warm_one_is_neither_a_layout_nor_a_copy(alice, here, name):
    warm = Sandbox.objects.create(node=here, state=State.WARM, ready_at=timezone.now())
    assert open_for(alice, **WISHES[name]) != warm
    warm.refresh_from_db()
    assert (warm.state, warm.learner) == (State.WARM, None)


@every_wish
def test_in_the_place_of_one_there_is_room_even_where_all_is_taken(alice, running, wish):
    Node.objects.update(capacity=1)
    opened = open_for(alice, instead=running.pk, **wish)
    running.refresh_from_db()
    assert (opened.state, running.state) == (State.QUEUED, State.CLOSING)


@every_wish
def test_an_instead_of_somebody_else_closes_nothing(alice, running, wish):
    stranger = Learner.objects.create()
    opened = open_for(stranger, instead=running.pk, **wish)
    running.refresh_from_db()
    assert (opened.learner, running.state) == (stranger, State.READY)


def test_a_copy_is_opened_whatever_the_hour_says(alice, settings):
    settings.OPENS_PER_HOUR = 0
    assert open_for(alice, **WISHES["copy"]).replay == REPLAY


def test_what_runs_and_fits_is_given_whatever_the_hour_and_the_engine_say(alice, settings):
    opened = open_for(alice, lesson="bridge")
    settings.OPENS_PER_HOUR = 0
    Node.objects.update(draining=True)
    assert open_for(alice, engine="28", lesson="start-here") == opened


def test_the_layout_that_runs_is_given_again(alice):
    opened = open_for(alice, **WISHES["layout"])
    assert open_for(alice, **WISHES["layout"]) == opened
    assert Sandbox.objects.count() == 1


# --- what is refused -----------------------------------------------------------------------------------------------


def unknown_scenario(settings, wish):
    wish["scenario"], wish["layout"] = "gone", {}


def free_without_a_layout(settings, wish):
    wish["scenario"], wish["layout"] = FREE, {}


def unknown_engine(settings, wish):
    wish["engine"] = "../26"


def no_driver(settings, wish):
    Node.objects.update(health={"kernel": "6.1.0", "drivers": {"macvlan": False}})
    wish["lesson"] = "macvlan"


def too_many_opens(settings, wish):
    settings.OPENS_PER_HOUR = 0
    wish["replay"] = None


def no_node(settings, wish):
    Node.objects.update(draining=True)


def no_engine(settings, wish):
    wish["engine"] = "28"


REFUSALS = (unknown_scenario, free_without_a_layout, unknown_engine, no_driver, too_many_opens, no_node, no_engine)


@pytest.mark.parametrize("has_one", [False, True], ids=["", "in the place of one"])
@pytest.mark.parametrize("why", REFUSALS)
@every_wish
def test_refused_nothing_happened(alice, running, sent, settings, wish, why, has_one):
    if not has_one:
        Sandbox.objects.all().delete()
    before = list(Sandbox.objects.values())
    wish = {**wish, "instead": running.pk}
    why(settings, wish)
    with pytest.raises(Refused) as refused:
        open_for(alice, **wish)
    assert refused.value.code == ("unknown_scenario" if why is free_without_a_layout else why.__name__)
    assert list(Sandbox.objects.values()) == before
    assert not Action.objects.exists()
    assert sent == []


@every_wish
def test_full_nothing_happened(alice, bob, here, wish):
    Node.objects.update(capacity=1)
    Sandbox.objects.create(learner=bob, node=here, state=State.READY)
    with pytest.raises(Refused) as refused:
        open_for(alice, **wish)
    assert refused.value.code == "full"
    assert not Sandbox.objects.filter(learner=alice).exists()


@pytest.mark.parametrize("name", ["lesson", "layout"])
def test_another_that_runs_is_closed_only_when_it_is_named(alice, running, name):
    for instead in ("", "another", f"{running.pk} "):
        with pytest.raises(Refused) as refused:
            open_for(alice, instead=instead, **WISHES[name])
        assert refused.value.code == "other_scenario"
        assert refused.value.numbers == {"sandbox": running.pk, "runs": "swarm"}
    running.refresh_from_db()
    assert running.state == State.READY


def test_of_many_reasons_the_one_that_costs_least_is_said_first(alice, running, settings):
    """What is asked for, then what the kernel can do, then what runs, then the hour, then what is here."""
    settings.OPENS_PER_HOUR = 0
    Node.objects.update(draining=True, health={"kernel": "6.1.0", "drivers": {"macvlan": False}})
    nodes, said = read_nodes(), []
    wishes = [
        Wish(scenario="gone", engine="x", lesson="macvlan"),
        Wish(engine="x", lesson="macvlan"),
        Wish(lesson="macvlan"),
        Wish(lesson="bridge"),
        Wish(lesson="bridge", instead=running.pk),
        Wish(lesson="bridge", instead=running.pk, replay=REPLAY),
    ]
    for wish in wishes:
        with pytest.raises(Refused) as refused:
            open_sandbox(alice, wish, nodes)
        said.append(refused.value.code)
    assert said == ["unknown_scenario", "unknown_engine", "no_driver", "other_scenario", "too_many_opens", "no_node"]
