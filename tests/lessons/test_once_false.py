"""What lessons and cases once said where it was not so, each in the state that made it false."""

from __future__ import annotations

import pytest

from explorer.lessons.checks import evaluate
from explorer.lessons.choices import load_cases
from explorer.lessons.load import load_lessons
from explorer.lessons.model import Prediction, Step
from explorer.network.comparison import Cell, Column, all_variants
from explorer.network.model import Connection, Interface, Neighbour, Route, Snapshot, View
from explorer.network.views import observe
from tests.lessons.worlds import seen
from tests.network.comparison.truths import TRUTHS

LESSONS = load_lessons()


def step(slug: str, name: str) -> Step:
    return next(one for one in LESSONS[slug].steps if one.id == name)


def prediction(slug: str, name: str) -> Prediction:
    return next(one for made in LESSONS[slug].steps for one in made.predictions if one.id == name)


def changed(picture: Snapshot, place: str, view: View, change) -> Snapshot:
    """The picture with each item of a view as `change` returns it; None leaves it out."""
    of = picture.places[place]
    items = tuple(new for one in of.views[view].items if (new := change(one)) is not None)
    views = {**of.views, view: of.views[view].model_copy(update={"items": items})}
    return picture.model_copy(update={"places": {**picture.places, place: of.model_copy(update={"views": views})}})


def test_an_engine_that_writes_no_default_route_is_right_too():
    """Engine 29 gives a macvlan network no gateway when none is named."""
    asked, picture = step("macvlan", "promises"), seen("macvlan/6-promises.json")
    without = changed(picture, "h1/web", "routes", lambda one: None if isinstance(one, Route) and one.via else one)
    without = changed(
        without, "h1/web", "neighbours", lambda one: None if isinstance(one, Neighbour) and one.state == "FAILED" else one
    )
    before, after = evaluate(asked, picture), evaluate(asked, without)
    assert (before.outcomes["gateway"], after.outcomes["gateway"]) == ("first", "nowhere")
    assert before.done
    assert after.done
    told = {one.id: one.explain for one in prediction("macvlan", "gateway").options}
    assert "first address" in told["first"]
    assert "no default route" in told["nowhere"]
    assert "first address" not in prediction("macvlan", "gateway").explain + told["nowhere"]


def test_no_default_route_counts_only_once_the_new_network_was_tried():
    asked, picture = step("macvlan", "promises"), seen("macvlan/5-taken.json")
    without = changed(picture, "h1/web", "routes", lambda one: None if isinstance(one, Route) and one.via else one)
    assert "nobody" not in evaluate(asked, without).passed


def test_an_overlay_has_its_mtu_on_a_lan_that_carries_less():
    """Docker counts from 1500, so an explanation that the whole fits through the LAN is false here."""
    picture = changed(
        seen("overlay/3-inside.json"),
        "h2",
        "interfaces",
        lambda one: one.model_copy(update={"mtu": 1400}) if isinstance(one, Interface) and one.name == "eth0" else one,
    )
    assert evaluate(step("overlay", "inside"), picture).outcomes["mtu"] == "less"
    told = prediction("overlay", "mtu").explain
    assert "has to fit" not in told
    assert "whatever the LAN carries" in told


def test_what_a_driver_lets_out_is_tried_by_address():
    """By name the try ended at a name server that was out of reach, whatever the rules for the way out are."""
    first = step("third-party", "not-done").commands[0]
    assert first.command.endswith("$LAN.100")


def test_the_rules_to_copy_are_looked_for_in_every_chain():
    """Engine 28 has none of them in FORWARD itself."""
    commands = [one.command for one in step("none", "challenge").commands]
    assert "iptables -S" in commands
    assert not any("-S FORWARD" in one for one in commands)


# --- who else comes in -----------------------------------------------------------------------------------------------------

DROPS = "[{}:120] -A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8081 -j DROP"


def raw_rules(picture: Snapshot, counted: int) -> Snapshot:
    """The picture with the rule that Engine 28 writes for a port at 127.0.0.1, and without the connection that it prevents."""
    without = changed(
        picture,
        "h1",
        "connections",
        lambda one: None if isinstance(one, Connection) and one.original.destination == "127.0.0.1" else one,
    )
    host = without.places["h1"]
    raw = observe("raw", f"*raw\n:PREROUTING ACCEPT [0:0]\n{DROPS.format(counted)}\nCOMMIT\n")
    return without.model_copy(
        update={"places": {**without.places, "h1": host.model_copy(update={"views": {**host.views, "raw": raw}})}}
    )


def test_a_neighbour_that_asks_for_127_0_0_1_is_served_or_dropped_as_the_rules_are():
    asked, picture = step("bridge", "doors"), seen("bridge/7-doors.json")
    assert evaluate(asked, picture).outcomes["neighbour"] == "served"
    dropped = evaluate(asked, raw_rules(picture, 2))
    assert dropped.outcomes["neighbour"] == "dropped"
    assert dropped.done
    untried = evaluate(asked, raw_rules(picture, 0))
    assert "neighbour" not in untried.outcomes
    assert "knocked" not in untried.passed


def test_what_an_internal_network_and_icc_off_leave_open_was_seen():
    assert evaluate(step("bridge", "doors"), seen("bridge/7-doors.json")).outcomes["other-network"] == "page"
    answers = evaluate(step("bridge", "closed"), seen("bridge/8-closed.json")).outcomes
    assert answers == {"internal": "host", "icc": "host"}


# --- cases: a choice whose own reasons say that it fails is no choice ----------------------------------------------------


def column(name: str) -> Column:
    cells = [Cell(row=row, mark=mark, word=word) for row, (mark, word) in TRUTHS[name].items()]
    return Column(variant=all_variants()[name], state="done", cells=tuple(cells))


@pytest.mark.parametrize(
    ("case", "variant", "verdict"),
    [
        ("two-machines", "macvlan", "no"),  # no addresses of the LAN, and names
        ("tenants", "bridge-no-icc", "works"),  # neighbours reach what is published
        ("tenants", "bridge", "best"),  # a network for each
        ("console", "bridge-loopback", "best"),
    ],
)
def test_the_verdict_on_a_choice(case, variant, verdict):
    [choice] = [one for one in load_cases()[case].choices if one.variant == variant]
    assert choice.verdict == verdict
    for reason in choice.reasons:
        cell = column(variant).cell(reason.row)
        assert cell
        assert reason.expect in (cell.mark, cell.word)


@pytest.mark.parametrize(
    ("case", "variant", "row", "words"),
    [
        ("stranger", "bridge-internal", "outward", "listens on the host itself"),
        ("vault", "bridge-internal", "outward", "listens on the host itself"),
        ("console", "bridge-loopback", "published", "depends on the engine"),
        ("tenants", "bridge-no-icc", "by-address", "published or not"),
        ("tenants", "bridge-no-icc", "published", "open to the neighbours"),
        ("log", "bridge", "published", "docker-proxy"),
    ],
)
def test_what_a_choice_leaves_open_is_said(case, variant, row, words):
    [choice] = [one for one in load_cases()[case].choices if one.variant == variant]
    assert words in next(one.text for one in choice.reasons if one.row == row)
