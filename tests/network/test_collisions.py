"""Addresses and subnets that collide: said where they do, with whose, and nowhere else."""

import pytest

from explorer.network.cause import NOT_DOCKER
from explorer.network.differ import diff
from explorer.network.elsewhere import NOBODY, look_elsewhere
from explorer.network.explain import explain
from explorer.network.model import DockerNetwork, DockerState, Place
from explorer.network.timeline import describe
from explorer.network.views import observe

LO = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0
    inet 127.0.0.1/8 scope host lo
    inet6 ::1/128 scope host
"""
ETH0 = """2: eth0@if9: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 02:42:0a:4d:05:0b brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0
    veth
    inet 10.77.5.11/24 brd 10.77.5.255 scope global eth0
    inet6 fd00:10:77:5::11/64 scope global nodad
    {more}
"""
BRIDGE = """7: br-0123456789ab: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 02:42:3f:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge
    {addresses}
"""
TWICE = "inet6 fd00:10:77:5::100/64 scope global dadfailed tentative"
ROUTES6 = """{net} dev br-0123456789ab proto kernel metric 256 pref medium
fd00:10:77:5::/64 dev eth0 proto kernel metric 256 pref medium
"""


def town(subnet, gateway):
    network = DockerNetwork(
        id="0123456789ab" + "0" * 52, name="town", driver="bridge", subnets=(subnet,), gateways=(gateway,), ipv6=":" in subnet,
        bridge="br-0123456789ab",
    )  # fmt: skip
    return DockerState(host="h1", version="28.5.2", networks=(network,))


def place(addresses, routes="", name="h1", kind="host"):
    views = {"interfaces": observe("interfaces", addresses)}
    if routes:
        views["routes6"] = observe("routes6", routes)
    return Place(id=name, kind=kind, host=name, name=name, netns=1, views=views)


def whys(seen, view, docker=None, others=()):
    elsewhere = look_elsewhere({one.id: one for one in (seen, *others)}, {})
    explained = explain(seen, view, seen.views[view], docker, elsewhere)
    return {line.text.strip(): line for line in explained.lines}


def why(lines, start):
    return next(line.why for text, line in lines.items() if text.startswith(start))


def test_an_address_that_another_has_says_what_happened_whose_it_is_and_what_to_do():
    outside = place(LO + ETH0.format(more="inet6 fd00:10:77:5::100/64 scope global nodad"), name="outside", kind="machine")
    told = why(whys(place(LO + ETH0.format(more=TWICE)), "interfaces", others=[outside]), "inet6 fd00:10:77:5::100")
    assert "It collides: the kernel asked on eth0 who has fd00:10:77:5::100" in told
    assert "outside has the same address now." in told
    assert told.endswith("Give one of the two another address; the kernel asks again when this one is removed and added.")


def test_who_has_it_is_not_guessed():
    told = why(whys(place(LO + ETH0.format(more=TWICE)), "interfaces"), "inet6 fd00:10:77:5::100")
    assert "Who answered does not show here." in told
    both = place(LO + ETH0.format(more=TWICE), name="h2")  # there it failed as well: nobody uses it
    assert "Who answered does not show" in why(
        whys(place(LO + ETH0.format(more=TWICE)), "interfaces", others=[both]), "inet6 fd00:10:77:5::100"
    )


@pytest.mark.parametrize("flags", ["", "tentative", "nodad"])
def test_an_address_that_is_only_being_asked_for_does_not_collide(flags):
    more = f"inet6 fd00:10:77:5::100/64 scope global {flags}"
    outside = place(LO + ETH0.format(more="inet6 fd00:10:77:5::100/64 scope global"), name="outside", kind="machine")
    seen = place(LO + ETH0.format(more=more))
    assert not any("collides" in line.why for line in whys(seen, "interfaces", others=[outside]).values())
    assert look_elsewhere({"h1": seen, "outside": outside}, {}) is NOBODY


def test_an_address_of_a_link_is_looked_for_on_the_same_host_alone():
    failed = place(LO + ETH0.format(more="inet6 fe80::42/64 scope link dadfailed tentative"))
    far = place(LO + ETH0.format(more="inet6 fe80::42/64 scope link"), name="h2")
    assert look_elsewhere({"h1": failed, "h2": far}, {}).holders == {"fe80::42": ()}
    near = Place(id="h1/web", kind="container", host="h1", name="web", netns=2, views=far.views)
    assert look_elsewhere({"h1": failed, "h1/web": near}, {}).holders == {"fe80::42": ("h1/web",)}


@pytest.mark.parametrize(
    ("subnet", "gateway", "old"),
    [
        ("fd00:10:77:5::/64", "fd00:10:77:5::1", "fd00:10:77:5::11/64"),
        ("fd00:10:77::/48", "fd00:10:77::1", "fd00:10:77:5::11/64"),
        ("10.77.0.0/16", "10.77.0.1", "10.77.5.11/24"),
    ],
)
def test_a_network_with_the_lans_subnet_says_so_at_both_addresses(subnet, gateway, old):
    kind, length = ("inet6" if ":" in subnet else "inet"), subnet.partition("/")[2]
    bridge = BRIDGE.format(addresses=f"{kind} {gateway}/{length} scope global br-0123456789ab")
    lines = whys(place(LO + ETH0.format(more="") + bridge), "interfaces", town(subnet, gateway))
    for start, other in ((f"{kind} {gateway}/", f"{old} on eth0"), (f"{kind} {old}", f"{gateway}/{length} on br-0123456789ab")):
        told = why(lines, start)
        assert f"It collides with {other}: " in told
        assert "(`ip -6 route get" in told if kind == "inet6" else "(`ip route get" in told
        assert told.endswith(f"Make network town ({subnet}) anew with another --subnet.")
    assert not any("collides" in line.why for text, line in lines.items() if text.startswith("inet6 ::1"))


def test_the_two_routes_say_so_and_others_do_not():
    docker = town("fd00:10:77:5::/64", "fd00:10:77:5::1")
    bridge = BRIDGE.format(addresses="inet6 fd00:10:77:5::1/64 scope global\n    inet6 fe80::1/64 scope link")
    routes = ROUTES6.format(net="fd00:10:77:5::/64") + "fe80::/64 dev eth0 proto kernel metric 256 pref medium\n"
    lines = whys(place(LO + ETH0.format(more="inet6 fe80::2/64 scope link") + bridge, routes), "routes6", docker)
    assert ["collides" in line.why for line in lines.values()] == [True, True, False]


def test_subnets_apart_do_not_collide():
    bridge = BRIDGE.format(addresses="inet6 fd00:9::1/64 scope global")
    seen = place(LO + ETH0.format(more="") + bridge, ROUTES6.format(net="fd00:9::/64"))
    for view in ("interfaces", "routes6"):
        assert not any("collides" in line.why for line in whys(seen, view, town("fd00:9::/64", "fd00:9::1")).values())


def test_an_address_of_ones_own_stays_not_dockers_when_it_collides():
    bridge = BRIDGE.format(addresses="inet6 fd00:9::1/64 scope global\n    inet6 fd00:10:77:5::7/64 scope global")
    lines = whys(place(LO + ETH0.format(more="") + bridge), "interfaces", town("fd00:9::/64", "fd00:9::1"))
    line = next(line for text, line in lines.items() if text.startswith("inet6 fd00:10:77:5::7"))
    assert line.about == (NOT_DOCKER,)
    assert "It collides with fd00:10:77:5::11/64 on eth0" in line.why


def test_the_timeline_says_it_once():
    before, after = (
        place(LO + ETH0.format(more=f"inet6 fd00::7/64 scope global {flags}")) for flags in ("tentative", "dadfailed tentative")
    )
    views = [one.views["interfaces"] for one in (before, after)]
    told = describe(after, "interfaces", diff(*views), *views)
    assert told == ["eth0 cannot use fd00::7/64, which another there has"]
    assert describe(after, "interfaces", diff(views[1], views[1]), views[1], views[1]) == []
