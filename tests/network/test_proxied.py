"""What a container sees of a connection that docker-proxy hands on: said where one address can be meant."""

import pytest

from explorer.network.explain import explain
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Endpoint, Place, PublishedPort
from explorer.network.views import observe

ADDRESSES = """2: eth0@if9: <UP> mtu 1500 state UP
    link/ether 02:42:0a:4d:05:0b brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.77.5.11/24 scope global eth0
    inet6 fd00:10:77:5::11/64 scope global nodad
"""
TRACKED = (
    "ipv6     10 tcp      6 116 TIME_WAIT src=fd00:10:77:5::100 dst=fd00:10:77:5::11 sport=40000 dport=8080 "
    "src=fd00:10:77:5::11 dst=fd00:10:77:5::100 sport=8080 dport=40000 [ASSURED] mark=0 use=1\n"
)
ON_BRIDGE = Endpoint(network="bridge", address="172.17.0.2")


def told(*endpoints):
    networks = tuple(
        DockerNetwork(id=name, name=name, driver="bridge", subnets=(f"{net}.0/16",), gateways=(f"{net}.1",), bridge=bridge)
        for name, net, bridge in (("bridge", "172.17.0", "docker0"), ("town", "172.18.0", "br-1"))
    )
    ports = tuple(
        PublishedPort(host_address=at, host_port=8080, container_port=80, protocol="tcp")
        for at in ("0.0.0.0", "::")  # noqa: S104
    )
    web = DockerContainer(
        id="c", name="web", image="box", state="running", network_mode="bridge", endpoints=endpoints, ports=ports
    )
    views = {"interfaces": observe("interfaces", ADDRESSES), "connections": observe("connections", TRACKED)}
    place = Place(id="h1", kind="host", host="h1", name="h1", netns=1, views=views)
    state = DockerState(host="h1", version="28.5.2", networks=networks, containers=(web,))
    return explain(place, "connections", views["connections"], state).lines[0].why


def test_the_address_of_the_host_on_its_one_bridge_is_named():
    assert told(ON_BRIDGE).endswith(
        "published by web: docker-proxy took it, no DNAT. The container sees 172.17.0.1, the host's address on network bridge."
    )


@pytest.mark.parametrize(
    "endpoints",
    [
        (ON_BRIDGE, Endpoint(network="town", address="172.18.0.2")),  # by which of the two is not told
        (Endpoint(network="bridge", address="172.17.0.2", address6="fd00:9::2"),),  # the bridge's own may be tentative
        (),
    ],
)
def test_where_more_than_one_could_be_meant_none_is_named(endpoints):
    assert told(*endpoints).endswith("docker-proxy took it, no DNAT. The container sees the host's address.")
