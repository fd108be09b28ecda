"""Names, addresses and packets of a probe, without sending any."""

import struct

import pytest

from explorer.lab.ask.dns import encode
from explorer.lab.ask.probe import echo_request, named_in, source_seen
from explorer.lab.ask.probe import first_address as address_of
from explorer.network.model import Address, Interface, Observation, Place, Route


def test_a_query_has_labels():
    assert encode(b"ab", "web.app") == b"ab\x01\0\0\x01\0\0\0\0\0\0\x03web\x03app\0\0\x01\0\x01"


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64, "é", "a." * 200])
def test_what_cannot_be_a_name_is_not_asked(name):
    assert encode(b"ab", name) == b""


def test_a_hosts_file_knows_names():
    assert named_in("127.0.0.1 localhost # outside\n10.77.3.100\toutside o\n", "outside") == "10.77.3.100"
    assert named_in("nonsense outside\n", "outside") == ""


def test_an_echo_request_sums_to_nothing():
    words = struct.unpack(">12H", echo_request(77, b"0123456789abcdef"))
    total = sum(words)
    assert ((total & 0xFFFF) + (total >> 16)) & 0xFFFF == 0xFFFF


def test_who_asked_is_read_from_the_answer():
    assert source_seen("you are 10.77.3.11:51234, I am web") == "10.77.3.11"
    assert source_seen("you are [fd00::7]:80") == "fd00::7"
    assert source_seen("you are nobody, you are 9.9.9.999:1") == ""


def test_a_place_is_reached_at_its_own_address_not_its_bridges():
    def interface(index, name, kind, cidr):
        addresses = (Address(cidr=cidr, family="inet"),)
        return Interface(key=name, index=index, name=name, kind=kind, mtu=1500, state="UP", addresses=addresses)

    items = (
        interface(1, "lo", "loopback", "127.0.0.1/8"),
        interface(2, "docker0", "bridge", "172.17.0.1/16"),
        interface(9, "eth0", "veth", "10.77.3.11/24"),
    )
    host = Place(id="h1", kind="host", name="h1", views={"interfaces": Observation(command="ip addr", items=items)})
    sharing = Place(id="h1/x", kind="container", name="x", shares="h1")
    assert address_of(host, {}) == "10.77.3.11"
    assert address_of(sharing, {"h1": host}) == "10.77.3.11"


def held(name, index, address):
    addresses = (Address(cidr=f"{address}/24", family="inet", scope="global"),)
    return Interface(key=name, index=index, name=name, kind="veth", mtu=1500, state="UP", addresses=addresses)


def test_a_host_is_known_by_its_default_route_whatever_was_made_there_and_a_container_by_its_first_interface():
    views = {
        "interfaces": Observation(command="ip addr", items=(held("vm0", 2, "192.168.50.1"), held("eth0", 9, "10.77.3.11"))),
        "routes": Observation(command="ip route", items=(Route(key="r", destination="default", via="10.77.3.1", dev="eth0"),)),
    }
    assert address_of(Place(id="h1", kind="host", name="h1", views=views), {}) == "10.77.3.11"
    on_an_overlay = Place(id="h1/web", kind="container", name="web", views=views)
    assert address_of(on_an_overlay, {}) == "192.168.50.1", "its default route leads to docker_gwbridge"
