"""The engine's own pool of IPv6 prefixes: as the engine derives it, and said only of prefixes in it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.explain import explain
from explorer.network.model import DockerNetwork, DockerState, Place
from explorer.network.views import observe
from explorer.network.writes.pools import is_of_pool, own_pool

ID = "95dfa9ff-ea21-4ab8-a4ab-8a5ad0a4b0fd"
BRIDGE = """3: br-0123456789ab: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default
    link/ether 02:42:3f:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge
    inet6 {gateway}/64 scope global nodad
"""


@given(st.text(min_size=1, max_size=200))
def test_any_id_gives_a_unique_local_prefix_and_the_same_each_time(text):
    pool = ipaddress.IPv6Network(own_pool(text))
    assert pool.prefixlen == 48
    assert pool.subnet_of(ipaddress.IPv6Network("fd00::/8"))
    assert own_pool(text) == str(pool)


def test_without_an_id_there_is_none():
    assert own_pool("") == ""
    assert not is_of_pool("fd00::/64", "")


@given(st.text(max_size=50), st.text(max_size=50))
def test_nonsense_is_in_no_pool(subnet, pool):
    assert is_of_pool(subnet, pool) in (False, True)


def told(subnet, version="28.5.2", engine_id=ID):
    gateway = str(ipaddress.IPv6Network(subnet).network_address + 1)
    network = DockerNetwork(
        id="0123456789ab" + "0" * 52, name="six", driver="bridge", subnets=(subnet,), gateways=(gateway,), ipv6=True,
        bridge="br-0123456789ab",
    )  # fmt: skip
    state = DockerState(host="h1", version=version, networks=(network,), pool6=own_pool(engine_id))
    seen = observe("interfaces", BRIDGE.format(gateway=gateway))
    place = Place(id="h1", kind="host", host="h1", name="h1", netns=1, views={"interfaces": seen})
    lines = explain(place, "interfaces", seen, state).lines
    return next(line.why for line in lines if "inet6" in line.text)


def subnet_of(pool, number):
    return str(list(ipaddress.IPv6Network(pool).subnets(new_prefix=64))[number])


def test_a_prefix_of_the_pool_says_where_it_comes_from():
    why = told(subnet_of(own_pool(ID), 3))
    assert f"is one of this engine's own, {own_pool(ID)}, which it makes of its ID: Docker takes one itself" in why


@pytest.mark.parametrize(
    ("subnet", "version", "engine_id"),
    [
        ("fd00:9::/64", "28.5.2", ID),  # typed by somebody
        (subnet_of(own_pool("another"), 0), "28.5.2", ID),  # of another engine
        (subnet_of(own_pool(ID), 0), "26.1.5", ID),  # which takes none by itself
        (subnet_of(own_pool(ID), 0), "28.5.2", ""),  # whose ID does not show
        (subnet_of(own_pool(ID), 0), "77.0.0", ID),  # of which nothing is known
    ],
)
def test_of_any_other_prefix_nothing_is_said(subnet, version, engine_id):
    assert "this engine's own" not in told(subnet, version, engine_id)
    assert told(subnet, version, engine_id).startswith("The gateway of network six")
