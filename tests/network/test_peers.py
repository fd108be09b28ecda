"""Which veth ends in which place."""

from __future__ import annotations

from explorer.network.model import Interface, Observation, Place
from explorer.network.peers import link_peers
from explorer.network.views import observe
from tests.network.captured import CAPTURES, items, places, text


def veth(index, peer, name="eth0"):
    return Interface(key=f"if:{index}:{name}", index=index, name=name, kind="veth", mtu=1500, state="UP", peer_index=peer)


def place(name, *interfaces, shares=""):
    seen = Observation(command="ip addr", items=interfaces)
    kind = "container" if "/" in name else "host"
    return Place(id=name, kind=kind, host=name[:2], name=name[3:] or name, shares=shares, views={"interfaces": seen})


def peers(*given):
    linked = link_peers({one.id: one for one in given})
    return {
        (name, item.name): (item.peer_place, item.peer_name)
        for name, one in linked.items()
        for item in items(one.views["interfaces"])
    }


def test_every_container_of_a_capture_is_found():
    found = {
        (item.peer_place, item.peer_name)
        for item in items(places("6-changed")["h1"].views["interfaces"])
        if item.kind == "veth" and item.master
    }
    assert found == {("h1/c1", "eth0"), ("h1/web", "eth0"), ("h1/app1", "eth0"), ("h1/hidden", "eth0"), ("h1/hidden", "eth1")}


def test_both_ends_must_agree():
    assert peers(place("h1", veth(5, 2, "v")), place("h1/web", veth(2, 9)))[("h1", "v")] == ("", "")


def test_equal_numbers_on_another_host_are_not_meant():
    found = peers(
        place("h1", veth(5, 2, "v")), place("h1/web", veth(2, 5)), place("h2", veth(5, 2, "w")), place("h2/db", veth(2, 5))
    )
    assert (found[("h1", "v")], found[("h2", "w")]) == (("h1/web", "eth0"), ("h2/db", "eth0"))
    assert found[("h2/db", "eth0")] == ("h2", "w")


def test_two_that_could_be_meant_are_none():
    assert peers(place("h1", veth(5, 2, "v")), place("h1/a", veth(2, 5)), place("h1/b", veth(2, 5)))[("h1", "v")] == ("", "")


def test_a_shared_namespace_counts_once():
    found = peers(place("h1", veth(5, 2, "v")), place("h1/a", veth(2, 5)), place("h1/b", veth(2, 5), shares="h1/a"))
    assert found == {("h1", "v"): ("h1/a", "eth0"), ("h1/a", "eth0"): ("h1", "v"), ("h1/b", "eth0"): ("h1", "v")}


def test_what_went_is_forgotten():
    first = link_peers({one.id: one for one in (place("h1", veth(5, 2, "v")), place("h1/web", veth(2, 5)))})
    second = link_peers({"h1": first["h1"]})
    assert items(second["h1"].views["interfaces"])[0].peer_place == ""


def test_both_ends_in_one_place():
    seen = observe("interfaces", text(CAPTURES / "links", "ip-d-addr"))
    linked = link_peers({"h1": Place(id="h1", kind="host", host="h1", name="h1", views={"interfaces": seen})})
    found = {item.name: item.peer_place for item in items(linked["h1"].views["interfaces"])}
    assert (found["left"], found["right"], found["mv"]) == ("h1", "h1", "")


def test_a_place_that_could_not_be_read_is_left_alone():
    broken = Place(id="h1", kind="host", name="h1", error="unreadable")
    assert link_peers({"h1": broken}) == {"h1": broken}
