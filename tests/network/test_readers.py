"""Each reader's typed items, with exact expectations."""

from __future__ import annotations

from typing import Any

from explorer.network.model import Address, Chain, Connection, FdbEntry, Flow, Interface, Neighbour, Request, Route, Rule
from explorer.network.views import observe
from tests.network.captured import CAPTURES, places, text
from tests.network.captured import items as all_items

LINKS = CAPTURES / "links"


def items(view, stage="5-traffic", place="h1", engine="bridge") -> dict[str, Any]:
    return {item.key: item for item in places(stage, engine)[place].views[view].items}


def links(view, name) -> dict[str, Any]:
    return {item.key: item for item in observe(view, text(LINKS, name)).items}


def test_veth_in_a_container():
    assert items("interfaces", place="h1/app1")["if:12:eth0"] == Interface(
        key="if:12:eth0",
        index=12,
        name="eth0",
        kind="veth",
        mac="02:42:ac:12:00:02",
        mtu=1500,
        state="UP",
        flags=("BROADCAST", "MULTICAST", "UP", "LOWER_UP"),
        peer_index=13,
        peer_name="veth2a73f25",
        peer_nsid=0,
        peer_place="h1",
        addresses=(Address(cidr="172.18.0.2/16", family="inet"),),
    )


def test_bridge_and_its_port():
    found = items("interfaces")
    bridge, port = found["if:2:docker0"], found["if:5:vethb68a8bd"]
    assert (bridge.kind, bridge.addresses[0].cidr, bridge.master) == ("bridge", "172.17.0.1/16", "")
    assert (port.kind, port.master, port.peer_index, port.peer_nsid) == ("veth", "docker0", 3, 1)
    assert ("state", "forwarding") in port.detail


def test_kinds_of_link():
    found = links("interfaces", "ip-d-addr")
    assert {item.name: item.kind for item in found.values()} == {
        "lo": "loopback",
        "left": "veth",
        "right": "veth",
        "br7": "bridge",
        "vx": "vxlan",
        "mv": "macvlan",
    }


def test_driver_facts():
    found = {item.name: dict(item.detail) for item in links("interfaces", "ip-d-addr").values()}
    assert found["vx"] == {"id": "4097", "remote": "10.1.0.2", "local": "10.1.0.1", "dev": "left", "dstport": "4789"}
    assert found["mv"] == {"link": "left", "mode": "bridge"}
    assert found["br7"] == {"stp_state": "0", "vlan_filtering": "0"}


def test_both_ends_in_one_namespace_know_each_other_by_name():
    found = {item.name: item for item in links("interfaces", "ip-d-addr").values()}
    assert (found["left"].peer_name, found["left"].peer_index) == ("right", None)


def test_addresses_of_all_forms():
    left = links("interfaces", "ip-d-addr")["if:3:left"]
    assert [(address.cidr, address.family, address.scope) for address in left.addresses[:4]] == [
        ("10.1.0.1/24", "inet", "global"),
        ("10.1.0.9", "inet", "global"),
        ("10.1.0.77/24", "inet", "global"),
        ("2001:db8::1/64", "inet6", "global"),
    ]


def test_plain_ip_addr_is_read_too():
    seen = observe("interfaces", text(LINKS, "ip-addr"))
    assert [line.text for line in seen.lines] == text(LINKS, "ip-addr").splitlines()
    assert {item.name: item.kind for item in all_items(seen)}["lo"] == "loopback"


def test_routes():
    key = "route:172.17.0.0/16 docker0"
    assert items("routes")[key] == Route(
        key=key, destination="172.17.0.0/16", dev="docker0", source="172.17.0.1", scope="link", protocol="kernel"
    )
    assert items("routes")["route:default via 10.77.3.1 eth0"].via == "10.77.3.1"


def test_routes_of_all_forms():
    found = links("routes", "ip-route-all")
    assert list(found) == [
        "route:default via 10.1.0.254 left",
        "route:default via 10.1.0.253 left metric 20",
        "route:10.1.0.0/24 left",
        "route:10.1.0.0/24 mv",
        "route:10.1.0.10 left",
        "route:unreachable 10.7.0.0/16 metric 50",
        "route:blackhole 10.8.0.0/16",
        "route:10.9.0.0/16",
    ]
    hops = [line for line in observe("routes", text(LINKS, "ip-route-all")).lines if line.key == "route:10.9.0.0/16"]
    assert len(hops) == 3


def test_neighbours():
    assert items("neighbours")["neigh:172.17.0.3:docker0"] == Neighbour(
        key="neigh:172.17.0.3:docker0", address="172.17.0.3", dev="docker0", mac="02:42:ac:11:00:03", state="REACHABLE"
    )
    assert links("neighbours", "ip-neigh")["neigh:10.1.0.2:left"].state == "INCOMPLETE"


def test_fdb():
    key = "fdb:02:42:ac:11:00:02:vethb68a8bd::docker0"
    assert items("fdb")[key] == FdbEntry(key=key, mac="02:42:ac:11:00:02", dev="vethb68a8bd", master="docker0")
    remote = links("fdb", "bridge-fdb")["fdb:02:00:00:00:00:05:vx:10.1.0.5:"]
    assert (remote.destination, remote.flags) == ("10.1.0.5", ("self", "permanent"))


def test_a_publishing_rule():
    spec = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.3:80"
    assert items("nat")[f"rule:nat:DOCKER:{spec}"] == Rule(
        key=f"rule:nat:DOCKER:{spec}",
        table="nat",
        chain="DOCKER",
        position=3,
        spec=spec,
        target="DNAT",
        protocol="tcp",
        in_interface="!docker0",
        destination_port="8080",
        to_destination="172.17.0.3:80",
        other=("-m", "tcp"),
        packets=1,
        bytes=60,
    )


def test_a_masquerading_rule():
    rule = next(item for item in items("nat").values() if isinstance(item, Rule) and item.source == "172.17.0.0/16")
    assert (rule.chain, rule.out_interface, rule.target, rule.packets) == ("POSTROUTING", "!docker0", "MASQUERADE", 1)


def test_chains():
    assert items("filter")["chain:filter:FORWARD"] == Chain(
        key="chain:filter:FORWARD", table="filter", name="FORWARD", policy="DROP", packets=0, bytes=0
    )
    assert items("nat")["chain:nat:DOCKER"].policy == ""


def test_tables_do_not_mix():
    assert {item.table for item in items("nat").values()} == {"nat"}
    assert {item.table for item in items("filter", engine="bridge-28").values()} == {"filter"}


def test_rules_with_quotes_and_equal_rules():
    rule = '[1:2] -A INPUT -m comment --comment "two \\"words\\" -j DROP" -j ACCEPT'
    seen = observe("filter", f"*filter\n{rule}\n{rule}\nCOMMIT\n")
    first, second = (item for item in seen.items if isinstance(item, Rule))
    assert first.other == ("-m", "comment", "--comment", 'two "words" -j DROP')
    assert (first.target, first.key + "#2", second.position) == ("ACCEPT", second.key, 2)


def test_an_outgoing_connection_is_masqueraded():
    found = next(item for item in items("connections").values() if item.original.source == "172.18.0.2" and item.snat)
    assert found == Connection(
        key=found.key,
        protocol="tcp",
        state="TIME_WAIT",
        original=Flow(source="172.18.0.2", destination="10.77.3.100", source_port=60310, destination_port=80),
        reply=Flow(source="10.77.3.100", destination="10.77.3.11", source_port=80, destination_port=60310),
        snat=True,
        flags=("ASSURED",),
    )


def test_an_incoming_published_connection_is_dnatted():
    found = next(item for item in items("connections").values() if item.original.source == "10.77.3.100")
    assert (found.dnat, found.snat, found.reply.source, found.reply.source_port) == (True, False, "172.17.0.3", 80)


def test_a_ping_has_an_id_and_no_ports():
    found = next(item for item in items("connections").values() if item.protocol == "icmp" and item.snat)
    assert (found.original.id, found.original.source_port, found.state) == (8, None, "")


def test_requests():
    line = '{"protocol":"http","source":"10.77.3.11","source_port":4711,"what":"GET /","at":"2026-11-24T03:00:00Z"}'
    seen = observe("requests", f"{line}\nnot json\n[1]\n")
    assert seen.items == (
        Request(
            key="request:2026-11-24T03:00:00Z:http:10.77.3.11:4711:GET /",
            protocol="http",
            source="10.77.3.11",
            source_port=4711,
            what="GET /",
            at="2026-11-24T03:00:00Z",
        ),
    )
    assert [line.text for line in seen.lines[1:]] == ["not json", "[1]"]


def test_of_too_many_requests_the_newest_are_kept():
    lines = [f'{{"protocol":"ping","source":"10.0.0.1","what":"{n}"}}' for n in range(2_500)]
    seen = observe("requests", "\n".join(lines))
    assert (len(seen.items), all_items(seen)[-1].what, seen.truncated) == (2_000, "2499", True)
