"""What driver macvlan is said to have put where, on what was seen while its lesson was played, and on lines of our own."""

from __future__ import annotations

from explorer.network.cause import NOT_DOCKER
from explorer.network.drivers.known import know
from explorer.network.drivers.macvlan import why as macvlan
from explorer.network.explain import explain
from explorer.network.model import DockerNetwork, DockerState, Interface, Neighbour, Place, Route
from explorer.network.views import observe
from tests.lessons.worlds import seen

MINE = "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0\n"


def told(stage, place, view):
    """Key of an item → what the driver says of it."""
    world = seen(f"macvlan/{stage}.json")
    known = know(world.places[place], world.docker["h1"])
    return {item.key: macvlan.why(known, item) for item in world.places[place].views[view].items}


def text(found):
    return " ".join(why.text for why in found.values())


def test_in_the_container():
    world = seen("macvlan/1-neighbour.json")
    place = world.places["h1/web"]
    known = know(place, world.docker["h1"])
    [card] = [one for one in place.views["interfaces"].items if isinstance(one, Interface) and one.kind == "macvlan"]
    why = macvlan.why(known, card)
    assert why.text.startswith("web's interface on network lan (10.77.")
    assert "(macvlan, mode bridge): on eth0 of the host" in why.text
    assert why.about == ("container:web", "network:lan")
    assert "seen on the LAN as it is" in macvlan.why_address(known, card, card.addresses[0].cidr).text
    assert "its gateway 10.77." in text(told("1-neighbour", "h1/web", "routes"))


def test_a_gateway_nobody_named():
    assert "no gateway was named, so Docker wrote" in text(told("6-promises", "h1/web", "routes"))
    assert "The gateway of lan: nobody answered ARP" in text(told("6-promises", "h1/web", "neighbours"))


def test_neighbours_of_the_container():
    found = text(told("4-stranger", "h1/web", "neighbours"))
    assert "second on network lan" in found
    assert "A neighbour on the LAN of lan: its MAC address, found by ARP." in found
    assert "A neighbour on the LAN of lan: nobody answered ARP" in found


def neighbour(address, mac):
    world = seen("macvlan/4-stranger.json")
    known = know(world.places["h1/web"], world.docker["h1"])
    return macvlan.why(known, Neighbour(key="n", address=address, dev="eth0", mac=mac, state="REACHABLE")).text


def test_a_neighbour_is_said_to_be_found_in_the_way_of_its_version_of_ip():
    assert neighbour("fe80::9", "02:00:00:00:00:09").endswith("its MAC address, found by neighbour discovery.")


def test_an_entry_with_another_mac_address_is_not_called_the_containers():
    world = seen("macvlan/4-stranger.json")
    [end] = [one.endpoints[0] for one in world.docker["h1"].containers if one.name == "second"]
    assert neighbour(end.address, end.mac).endswith("its MAC address, found by ARP.")
    wrong = neighbour(end.address, "02:00:00:00:00:09")
    assert wrong.endswith(f": Docker gave it the MAC address {end.mac}, and this entry has another one.")


def test_the_host_asks_through_the_parent_in_vain():
    found = told("4-stranger", "h1", "neighbours")
    [why] = [one for one in found.values() if "web on network lan" in one.text]
    assert "asked through the parent eth0, and the kernel does not hand that" in why.text
    assert why.about == ("container:web", "network:lan")


def test_nothing_on_the_host_is_this_drivers():
    assert text(told("4-stranger", "h1", "interfaces")).strip() == ""
    assert text(told("4-stranger", "h1", "routes")).strip() == ""


def test_the_shim_is_a_persons():
    cards = [why for why in told("7-challenge", "h1", "interfaces").values() if why]
    assert [why.about for why in cards] == [(NOT_DOCKER,)]
    assert cards[0].text.startswith("Not added by Docker: a macvlan interface of the host's own on eth0;")
    assert "Not added by Docker: web is reached through shim" in text(told("7-challenge", "h1", "routes"))


def test_what_the_host_learns_through_its_shim():
    world = seen("macvlan/7-challenge.json")
    [end] = [one for one in world.docker["h1"].containers if one.name == "web"]
    found = Neighbour(key="n", address=end.endpoints[0].address, dev="shim", mac=end.endpoints[0].mac, state="REACHABLE")
    why = macvlan.why(know(world.places["h1"], world.docker["h1"]), found)
    assert why.text == "web on network lan: its MAC address, found through shim."


def host(addr, parent="eth0"):
    networks = (
        DockerNetwork(id="ab12cd34ef56" + "0" * 52, name="alone", driver="macvlan", subnets=("10.9.0.0/24",)),
        DockerNetwork(id="f" * 64, name="tagged", driver="macvlan", options={"parent": parent}),
    )
    place = Place(id="h1", kind="host", host="h1", name="h1", views={"interfaces": observe("interfaces", addr)})
    return place, DockerState(host="h1", networks=networks)


def whys(addr, **more):
    place, docker = host(addr, **more)
    return [line.why for line in explain(place, "interfaces", place.views["interfaces"], docker).lines]


def test_a_parent_that_docker_made():
    line = "7: dm-ab12cd34ef56: <BROADCAST,NOARP,UP> mtu 1500 qdisc noqueue state UNKNOWN\n"
    assert whys(f"{line}{MINE}    dummy \n")[0].startswith("The parent of network alone (10.9.0.0/24): an interface that leads")


def test_a_dummy_of_nobodys():
    line = "7: dm-000000000000: <BROADCAST,NOARP,UP> mtu 1500 qdisc noqueue state UNKNOWN\n"
    assert whys(f"{line}{MINE}    dummy \n")[0] == ""


def test_a_parent_with_a_tag():
    line = "8: eth0.10@eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP\n"
    why = whys(f"{line}{MINE}    vlan protocol 802.1Q id 10 <REORDER_HDR> \n", parent="eth0.10")[0]
    assert why == "The parent of network tagged: the frames of eth0 with the 802.1Q tag 10."


def test_a_card_that_docker_is_about_to_move_is_not_called_a_persons():
    card = Interface(key="v", index=9, name="veth1a2b3c4", kind="macvlan", mtu=1500, state="DOWN")
    place, docker = host("")
    assert not macvlan.why(know(place, docker), card)


def test_a_route_through_a_shim_to_somebody_unknown():
    line = "9: shim@eth0: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP\n"
    place, docker = host(f"{line}{MINE}    macvlan mode bridge \n")
    route = Route(key="r", destination="10.9.0.192/27", dev="shim", protocol="boot")
    assert macvlan.why(know(place, docker), route).text.startswith("Not added by Docker: 10.9.0.192/27 is reached through shim")
