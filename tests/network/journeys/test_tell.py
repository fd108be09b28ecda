"""Journeys told from what was gathered: order, translation, where a packet ended; nonsense tells nothing and raises nothing."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lab.ask import trace
from explorer.lab.ask.journey import read_handles
from explorer.lab.ask.trace import read_steps, table
from explorer.lab.inside.netlink import HEADER, attribute
from explorer.network.journeys import Case, Gathered, Sighting, Step, identity, tell
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.evidence import rule_met
from explorer.network.journeys.identity import find_sequence, ping_marks, step_fits, tcp_marks
from explorer.network.journeys.kernel import Answers, Looked, Lookup
from explorer.network.journeys.model import Met
from explorer.network.journeys.scene import Scene
from explorer.network.model import Interface, Line, Observation, Place, Route, Rule
from explorer.network.packets import dissect

SEQUENCE = 0x01020304
WEB, HOST, OUTSIDE = "172.17.0.2", "10.77.3.11", "10.77.3.100"


def frame(source, destination, sport, dport, flags=0x02, seq=SEQUENCE, ack=0, ttl=64):
    ip = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 40, 7, 0x4000, ttl, 6, 0,
        ipaddress.IPv4Address(source).packed, ipaddress.IPv4Address(destination).packed,
    )  # fmt: skip
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 1000, 0, 0)
    return b"\x02" * 12 + b"\x08\x00" + ip + tcp


def seen(at, place, device, way, *ends, **more):
    data = frame(*ends, **more)
    return Sighting(at * 1_000_000, place, device, way, data, len(data))


def step(chain, handle, verdict, *, table="nat", target="", ends=None, policy=False):
    network = transport = b""
    if ends:
        data = frame(*ends)
        network, transport = data[14:34], data[34:54]
    return Step("h1", 9, table, chain, handle, verdict, target, policy, network, transport)


def interface(name, kind, address="", **more):
    addresses = ({"cidr": address, "family": "inet"},) if address else ()
    return Interface(key=f"if:{name}", index=1, name=name, kind=kind, mtu=1500, state="UP", addresses=addresses, **more)


def place(name, kind, *interfaces, **views):
    shown = {"interfaces": Observation(command="ip addr", items=interfaces)} | views
    return Place(id=name, kind=kind, host=name.partition("/")[0], name=name.rpartition("/")[2], views=shown)


RULE = Rule(
    key="dnat",
    table="nat",
    chain="DOCKER",
    position=2,
    spec="-A DOCKER -p tcp --dport 8080 -j DNAT --to-destination …",
    target="DNAT",
)
FIRST = RULE.model_copy(update={"key": "return", "position": 1, "spec": "-A DOCKER -i docker0 -j RETURN", "target": "RETURN"})
PLACES = {
    "h1": place(
        "h1",
        "host",
        interface("eth0", "veth", f"{HOST}/24"),
        interface("docker0", "bridge", "172.17.0.1/16"),
        interface("veth1", "veth", master="docker0", peer_place="h1/web", peer_name="eth0"),
        nat=Observation(
            command="iptables-save",
            items=(FIRST, RULE),
            lines=(Line(text=RULE.spec, key="dnat", why="Because web publishes 8080:80."),),
        ),
        routes=Observation(command="ip route", items=(Route(key="r", destination="172.17.0.0/16", dev="docker0"),)),
    ),
    "h1/web": place("h1/web", "container", interface("eth0", "veth", f"{WEB}/16")),
    "outside": place("outside", "machine", interface("eth0", "veth", f"{OUTSIDE}/24")),
}
IN = (OUTSIDE, HOST, 40000, 8080)
PAST = (OUTSIDE, WEB, 40000, 80)
WAY_IN = (
    seen(1, "outside", "eth0", "out", *IN),
    seen(2, "h1", "eth0", "in", *IN),
    seen(3, "h1", "docker0", "out", *PAST),
    seen(3, "h1", "veth1", "out", *PAST),
    seen(4, "h1/web", "eth0", "in", *PAST),
)
STEPS = (
    step("arrived", 4, "continue", table="explorer-trace", ends=IN),
    step("PREROUTING", 11, "jump", target="DOCKER", ends=IN),
    step("DOCKER", 22, "accept"),
    step("FORWARD", 31, "accept", table="filter", ends=PAST),
    step("POSTROUTING", 0, "accept", policy=True, ends=PAST),
)
HANDLES = {"h1": {("nat", "PREROUTING"): ((11, "jump DOCKER"),), ("nat", "DOCKER"): ((20, "return"), (22, "dnat"))}}


def told(sightings, steps=(), ok=True, way="request", **more):
    gathered = Gathered(tuple(sightings), tuple(steps), HANDLES, ok=ok, **more)
    request, answer = tcp_marks(SEQUENCE)
    scene = Scene(PLACES, {})
    asked = Case.of(scene, gathered, request, "outside", "h1")
    answered = Case.of(scene, gathered, answer, "h1", "outside")
    pair = (answered, asked) if way == "answer" else (asked, answered)
    return tell(pair[0].answered(gathered.answers, pair[1]))


def texts(journey):
    return [hop.text for hop in journey.hops]


def test_a_published_port_is_told_in_order_with_its_rule_and_its_reason():
    journey = told(WAY_IN, STEPS)
    assert texts(journey) == [
        "leaves outside by eth0",
        "arrives at h1 on eth0",
        "h1: PREROUTING (nat), rule 1: on to chain DOCKER",
        f"h1: DOCKER (nat), rule 2: DNAT: destination {HOST}:8080 becomes {WEB}:80",
        f"h1 routes it: {WEB} is reached by docker0 (route 172.17.0.0/16)",
        "h1: FORWARD (filter): accepted",
        "h1: POSTROUTING (nat), policy: no rule decided, accepted",
        "h1: bridge docker0 sends it out of its port veth1 (web's eth0)",
        "arrives at h1/web on eth0",
        "delivered to h1/web, and no answer was seen",
    ]
    met = journey.hops[3].met
    assert (met.key, met.position, met.why) == ("dnat", 2, "Because web publishes 8080:80.")
    changed = {header.name: header.value for header in journey.hops[7].headers if header.changed}
    assert changed == {"destination": WEB, "destination port": "80"}
    assert journey.ending == "arrived"


def test_of_many_packets_one_is_followed():
    other = seen(2, "h1", "eth0", "in", *IN, seq=99)
    assert texts(told((*WAY_IN, other), STEPS)) == texts(told(WAY_IN, STEPS))


def test_what_conntrack_undoes_is_said():
    back = (WEB, OUTSIDE, 80, 40000)
    out = (HOST, OUTSIDE, 8080, 40000)
    more = {"flags": 0x12, "seq": 7, "ack": SEQUENCE + 1}
    journey = told(
        (
            seen(5, "h1/web", "eth0", "out", *back, **more),
            seen(6, "h1", "veth1", "in", *back, **more),
            seen(6, "h1", "docker0", "in", *back, **more),
            seen(7, "h1", "eth0", "out", *out, **more),
            seen(8, "outside", "eth0", "in", *out, **more),
        ),
        way="answer",
    )
    assert f"h1: connection tracking: source {WEB}:80 becomes {HOST}:8080, as for the whole connection" in texts(journey)
    assert texts(journey)[-1] == "delivered to outside"


def test_it_ends_at_the_rule_that_dropped_it():
    steps = (*STEPS[:3], step("FORWARD", 33, "drop", table="filter", ends=PAST))
    journey = told(WAY_IN[:2], steps, ok=False)
    assert (journey.ending, journey.end) == ("dropped", "dropped: h1: FORWARD (filter): dropped")


def test_nobody_listens():
    journey = told(
        (seen(9, "outside", "eth0", "in", HOST, OUTSIDE, 8080, 40000, flags=0x14, seq=0, ack=SEQUENCE + 1),), way="answer"
    )
    assert journey.ending == "refused"


def test_no_route_and_nobody_there():
    assert "has no route" in told((), ok=False, errno=101).end
    arp = b"\xff" * 6 + b"\x02" * 6 + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1)
    arp += b"\x02" * 6 + ipaddress.IPv4Address(HOST).packed + b"\0" * 6 + ipaddress.IPv4Address("10.77.3.77").packed
    asked = (Sighting(1, "outside", "eth0", "out", arp, len(arp)),)
    looked = Looked(Lookup("outside", "10.77.3.77"), "unicast", "eth0", matched="10.77.3.0/24")
    silent = told(asked, ok=False, errno=113, answers={"outside": Answers("outside", (looked,))})
    assert silent.end == "never sent: outside asked by ARP on eth0 who has 10.77.3.77; nobody answered"
    assert [one.kind for one in silent.evidence] == ["arp", "route", "sender"]
    other = replace(looked, asked=Lookup("outside", "10.77.3.78"))
    nothing = told(asked, ok=False, answers={"outside": Answers("outside", (other,))})
    assert nothing.ending == "unknown", "another packet's question is no evidence"


def test_the_first_packet_says_the_sequence_number():
    assert find_sequence(Gathered(WAY_IN), "outside", 40000, 8080) == SEQUENCE
    assert find_sequence(Gathered(WAY_IN), "outside", 40001, 8080) is None
    translated = seen(1, "outside", "docker0", "out", OUTSIDE, WEB, 40000, 80)
    assert find_sequence(Gathered((translated,)), "outside", 40000, 8080) == SEQUENCE, "its own rules gave it another port"
    sent = replace(STEPS[0], place="outside")
    assert find_sequence(Gathered((), (sent,)), "outside", 40000, 8080) == SEQUENCE, "a rule saw it, no interface did"


def note_dissected(monkeypatch, module):
    """The frames that the module takes apart from now on."""
    taken = []

    def noted(data, length):
        taken.append(data)
        return dissect(data, length)

    monkeypatch.setattr(module, "dissect", noted)
    return taken


def test_only_a_frame_that_can_be_it_is_taken_apart(monkeypatch):
    taken = note_dissected(monkeypatch, identity)
    busy = [seen(n, "outside", "eth0", "out", OUTSIDE, WEB, 1000 + n, 80, flags=0x10) for n in range(50)]
    assert find_sequence(Gathered((*busy, *WAY_IN)), "outside", 40000, 8080) == SEQUENCE
    assert len(taken) == 1


def test_a_step_of_udp_is_known_by_one_end():
    data = frame("127.0.0.1", "127.0.0.11", 4000, 53)
    udp = Step("h1/web", 1, "nat", "OUTPUT", 5, "jump", network=data[14:23] + b"\x11" + data[24:34], transport=data[34:42])
    mark = ping_marks(1)[0].__class__("UDP", b"xx")
    assert step_fits(udp, mark, {Ends("127.0.0.1", "127.0.0.11", "4000", "41234")})
    assert not step_fits(udp, mark, {Ends("10.0.0.1", "10.0.0.2", "1", "2")})


def test_handles_are_read_in_order_and_those_of_ipv6_apart():
    text = """table ip nat {
\tchain DOCKER {
\t\tiifname "docker0" counter packets 0 bytes 0 return # handle 20
\t\ttcp dport 8080 counter packets 1 bytes 60 dnat to 172.17.0.2:80 # handle 22
\t}
}
table ip6 nat {
\tchain DOCKER {
\t\tcounter # handle 1
\t}
}
"""
    bridged = "table bridge nat {\n\tchain DOCKER {\n\t\tdrop # handle 22\n\t}\n}\n"  # as ebtables writes it
    handles = read_handles(text + bridged)
    assert handles["bridge nat", "DOCKER"] == ((22, "drop"),)
    assert [number for number, _ in handles["nat", "DOCKER"]] == [20, 22]
    assert handles["ip6 nat", "DOCKER"] == ((1, "counter"),)


@pytest.mark.parametrize(("family", "named"), [(2, "filter"), (1, "inet filter"), (7, "bridge filter"), (10, "ip6 filter")])
def test_a_table_of_a_bridge_is_not_one_of_iptables(family, named):
    whole = bytes((family, 0, 0, 0))
    told = ((trace.TABLE, b"filter\0"), (trace.CHAIN, b"FORWARD\0"), (trace.TYPE, struct.pack(">I", trace.RULE)))
    whole += b"".join(attribute(*one) for one in (*told, (trace.PACKET, struct.pack(">I", 9))))
    head = HEADER.pack(HEADER.size + len(whole), trace.NFT_SUBSYSTEM << 8 | trace.NEW_TRACE, 0, 0, 0)
    [met] = read_steps("h1", head + whole)
    assert met.table == named
    command = rule_met("h1", Met(table=named, chain="FORWARD", verdict="drop")).command
    assert command.startswith({"filter": "iptables -t", "ip6 filter": "ip6tables -t"}.get(named, "nft -a list chain "))


def test_our_table_is_one_line_and_goes_with_its_owner():
    assert "\n" not in table(["icmp type echo-request"])
    assert "flags owner" in table(["meta l4proto udp"])


@given(st.binary(max_size=400))
def test_any_datagram_is_read_or_passed_over(data):
    assert all(isinstance(one, Step) for one in read_steps("h1", data))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 9),
            st.sampled_from(["h1", "outside", "gone"]),
            st.sampled_from(["in", "out"]),
            st.binary(max_size=90),
        )
    )
)
def test_any_evidence_tells_something_and_raises_nothing(found):
    sightings = [Sighting(at, where, "eth0", way, data + struct.pack(">I", SEQUENCE), 99) for at, where, way, data in found]
    journey = told((*WAY_IN[:2], *sightings), STEPS, ok=False)
    assert journey.hops
    assert journey.end


BACK = (WEB, OUTSIDE, 80, 40000)
CAME = (seen(7, "outside", "eth0", "in", *BACK, flags=0x12, seq=7, ack=SEQUENCE + 1),)


def test_the_answer_to_a_program_of_the_place_is_no_word_of_its_socket():
    """A rule can stop the answer after its frame came in: only a sender of ours says that it got it."""
    ours = told((*WAY_IN, *CAME), STEPS, way="answer")
    assert ours.ending == "arrived"
    assert any("socket was told" in one.text for one in ours.evidence)
    other = told((*WAY_IN, *CAME), STEPS, way="answer", ours=False)
    assert other.ending == "arrived"
    assert not any("socket was told" in one.text for one in other.evidence)
    assert told((*WAY_IN, *CAME), STEPS, way="answer", ours=False, deaf="nobody may listen").ending == "unknown"


def test_a_copy_for_another_mac_address_is_seen_and_said():
    frame = seen(1, "outside", "eth0", "out", *IN)
    copy = seen(2, "h1", "eth0", "in", *IN)
    data = bytes.fromhex("020000000099") + frame.data[6:]
    held = place("h1", "host", interface("eth0", "veth", f"{HOST}/24", mac="02:00:00:00:00:11"))
    gathered = Gathered((replace(frame, data=data), replace(copy, data=data)))
    journey = tell(Case.of(Scene({**PLACES, "h1": held}, {}), gathered, tcp_marks(SEQUENCE)[0], "outside", "h1"))
    assert (journey.ending, len(journey.hops)) == ("lost", 2)
    assert any("to which a bridge gave a copy: eth0 of h1" in one.text for one in journey.evidence), journey.evidence
