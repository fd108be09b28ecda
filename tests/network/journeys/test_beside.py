"""What is said beside an end: a tracked connection, a second connection, a frame for many, a MAC address that two have."""

from __future__ import annotations

from dataclasses import replace

from explorer.network.journeys import Case, Gathered
from explorer.network.journeys.endings import end_of
from explorer.network.journeys.endings import proxied as second
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Handles
from explorer.network.journeys.identity import datagram_marks, tcp_marks
from explorer.network.journeys.kernel import Answers, Flow, Listener, Lookup, Tracked
from explorer.network.journeys.questions import questions
from explorer.network.journeys.scene import Scene
from explorer.network.model import DockerContainer, DockerState, Endpoint, PublishedPort
from tests.network.journeys.test_identity import at, ip, udp
from tests.network.journeys.test_tell import (
    HANDLES,
    HOST,
    IN,
    OUTSIDE,
    PAST,
    PLACES,
    SEQUENCE,
    STEPS,
    WEB,
    interface,
    note_dissected,
    place,
    seen,
    step,
)

ANY = "0.0.0.0"  # noqa: S104 (what the kernel writes for every address)
FIRST, OLD = Ends(OUTSIDE, HOST, "40000", "8080"), Ends(WEB, OUTSIDE, "80", "40000")


def end(sightings, steps=(), answers=None, places=PLACES, docker=None, source="outside", **more):
    gathered = Gathered(tuple(sightings), tuple(steps), HANDLES, answers=answers or {}, **more)
    request, answer = tcp_marks(SEQUENCE)
    scene = Scene(places, docker or {})
    asked = Case.of(scene, gathered, request, source, "h1")
    return end_of(replace(asked, other=Case.of(scene, gathered, answer, "h1", source)))


# --- tracked connections ---
MET = (step("FORWARD", 31, "accept", table="filter", ends=PAST),)
LEFT = (seen(1, "outside", "eth0", "out", *IN), seen(2, "h1", "eth0", "in", *IN), seen(3, "h1", "docker0", "out", *PAST))
ENTRY = Tracked(Flow("tcp", FIRST), FIRST, OLD)


def tracked(*entries):
    return {"h1": Answers("h1", tracked=entries)}


def test_a_connection_from_before_is_named_when_no_rule_of_nat_was_met():
    told = end(LEFT, MET, tracked(ENTRY), ruled=frozenset({"h1"}))
    assert f"a connection that h1 has tracked since before leads it to {WEB}:80" in told.sentence.text
    assert "tracked" in {one.kind for one in told.sentence.evidence}


def test_without_the_entry_or_after_a_rule_of_nat_nothing_is_said_of_it():
    other, plain = replace(ENTRY, original=OLD), replace(ENTRY, reply=FIRST.back())
    none = Tracked(Flow("tcp", FIRST))
    for steps, entries, ruled in (
        (STEPS, (ENTRY,), {"h1"}),
        (MET, (), {"h1"}),
        (MET, (other,), {"h1"}),
        (MET, (plain,), {"h1"}),
        (MET, (none,), {"h1"}),
        (MET, (ENTRY,), set()),
    ):
        assert "tracked" not in end(LEFT, steps, tracked(*entries), ruled=frozenset(ruled)).sentence.text


def test_a_rule_for_invalid_says_what_is_tracked():
    handles: dict[str, Handles] = {"h1": {("filter", "INPUT"): ((5, "ct state invalid drop"),)}}
    met = step("INPUT", 5, "drop", table="filter", ends=IN)
    gathered = Gathered(LEFT[:2], (met,), handles, answers=tracked(Tracked(Flow("tcp", FIRST))))
    case = Case.of(Scene(PLACES, {}), gathered, tcp_marks(SEQUENCE)[0], "outside", "h1")
    told = end_of(case).sentence
    assert "calls it INVALID: it is the first packet of none" in told.text
    assert {"rule", "tracked"} <= {one.kind for one in told.evidence}
    fits = replace(gathered, answers=tracked(ENTRY))
    assert "it does not fit the connection" in end_of(replace(case, gathered=fits)).sentence.text
    silent = replace(gathered, answers={})
    assert "INVALID" not in end_of(replace(case, gathered=silent)).sentence.text.replace("ct state invalid", "")


# --- a second connection ---
BY_LO = ("127.0.0.1", "127.0.0.1", 40000, 8080)
PUBLISHED = DockerState(
    host="h1",
    containers=(
        DockerContainer(
            id="c", name="web", image="box", state="running", endpoints=(Endpoint(network="bridge", address=WEB),),
            ports=(PublishedPort(host_address=ANY, host_port=8080, container_port=80),),
        ),
    ),
)  # fmt: skip
TAKEN = (
    seen(1, "h1", "lo", "out", *BY_LO),
    seen(2, "h1", "lo", "in", *BY_LO),
    seen(3, "h1", "lo", "out", *reversed(BY_LO[:2]), 8080, 40000, flags=0x12, seq=5, ack=SEQUENCE + 1),
)
HANDED_ON = seen(4, "h1", "docker0", "out", "172.17.0.1", WEB, 41000, 80, seq=9)


def proxied(*more, docker=PUBLISHED):
    return end((*TAKEN, *more), docker={"h1": docker}, source="h1", ok=True).sentence.text


def test_the_connection_that_docker_proxy_opens_is_told():
    second = f"then h1 opened a second connection, 172.17.0.1:41000 → {WEB}:80"
    assert proxied(HANDED_ON).endswith(f"{second}, as docker-proxy does for port 8080, which web publishes")


def test_frames_that_cannot_be_it_are_not_taken_apart(monkeypatch):
    taken = note_dissected(monkeypatch, second)
    busy = [seen(5, "h1", "docker0", "out", "172.17.0.1", "172.17.0.9", 50000 + n, 8443, seq=7, ack=7) for n in range(50)]
    assert "opened a second connection" in proxied(*busy, replace(HANDED_ON, at=9_000_000))
    assert len(taken) == 1


def test_another_connection_of_the_host_is_not_taken_for_it():
    elsewhere = seen(4, "h1", "docker0", "out", "172.17.0.1", WEB, 41000, 81, seq=9)
    forwarded = seen(4, "h1", "docker0", "out", OUTSIDE, WEB, 41000, 80, seq=9)
    for more in ((), (elsewhere,), (forwarded,)):
        assert "second" not in proxied(*more)
    assert "second" not in proxied(HANDED_ON, docker=DockerState(host="h1"))


# --- frames for many, and for the wrong one ---
CLI = "172.17.0.3"
MANY = {
    **PLACES,
    "h1/cli": place("h1/cli", "container", interface("eth0", "veth", f"{CLI}/16", mac="02:00:00:00:00:03")),
    "h1/twin": place("h1/twin", "container", interface("eth0", "veth", "172.17.0.9/16", mac="02:02:02:02:02:02")),
    "h1/web": place("h1/web", "container", interface("eth0", "veth", f"{WEB}/16", mac="02:02:02:02:02:02")),
}


def broadcast(when, where, way, group=b"\xff" * 6):
    one = at(when, ip(17, CLI, "172.17.255.255", udp(4000, 5000, b"hello, all")), way, where)
    return replace(one, data=group + one.data[6:])


def cast(*sightings, answers=None):
    mark = datagram_marks(b"hello, all", Ends(CLI, "172.17.255.255", "4000", "5000"))[0]
    return end_of(Case.of(Scene(MANY, {}), Gathered(sightings, answers=answers or {}), mark, "h1/cli", ""))


def test_of_a_broadcast_it_is_said_who_took_it_in_and_who_listens():
    sent = (broadcast(1, "h1/cli", "out"), broadcast(2, "h1", "in"), broadcast(3, "h1/web", "in"))
    hears = {"h1/web": Answers("h1/web", listeners=(Listener("udp", ANY, 5000),))}
    told = cast(*sent, answers=hears)
    assert told.sentence.text == (
        "sent to everybody on its network: it came in at h1, h1/web; a program has that port in h1/web"
    )
    assert cast(*sent).sentence.text.endswith("it came in at h1, h1/web; no program there has that port")
    alone = cast(sent[0])
    assert (alone.ending, "nobody took it in" in alone.sentence.text) == ("lost", True)


def test_a_multicast_names_its_group():
    group = b"\x01\x00\x5e\x01\x02\x03"
    told = cast(broadcast(1, "h1/cli", "out", group), broadcast(2, "h1", "in", group))
    assert told.sentence.text.startswith("sent to the multicast group 172.17.255.255: it came in at h1")


def test_a_frame_that_came_to_the_other_one_with_the_same_mac_address_says_so():
    ends = (CLI, WEB, 40000, 80)
    told = end((seen(1, "h1/cli", "eth0", "out", *ends), seen(2, "h1/twin", "eth0", "in", *ends)), places=MANY)
    assert f"{WEB} is h1/web, which has the same MAC address as eth0 of h1/twin: 02:02:02:02:02:02" in told.sentence.text
    right = end((seen(1, "h1/cli", "eth0", "out", *ends), seen(2, "h1/web", "eth0", "in", *ends)), places=MANY)
    assert "same MAC" not in right.sentence.text


# --- what a packet is for, when no interface showed it ---
def test_a_destination_that_only_a_rule_showed_is_looked_up():
    handles: dict[str, Handles] = {"h1": {("nat", "DOCKER"): ((22, f"tcp dport 8080 counter dnat to {WEB}:80"),)}}
    steps = (step("PREROUTING", 11, "jump", target="DOCKER", ends=IN), step("DOCKER", 22, "accept"))
    case = Case.of(Scene(PLACES, {}), Gathered(LEFT[:2], steps, handles), tcp_marks(SEQUENCE)[0], "outside", "h1")
    assert case.form("h1") == Ends(OUTSIDE, WEB, "40000", "80")
    asked = next(one for one in questions([case], "outside", HOST) if one.place == "h1")
    assert Lookup("h1", WEB, OUTSIDE, "eth0") in asked.lookups
    several = replace(
        case, gathered=replace(case.gathered, handles={"h1": {("nat", "DOCKER"): ((22, f"dnat to {WEB}-{CLI}"),)}})
    )
    assert several.form("h1") == Ends(OUTSIDE, HOST, "40000", "8080"), "one of several addresses: which is not known"


def test_an_answer_is_looked_up_for_whom_the_place_leads_it_back_to():
    out, back = (WEB, OUTSIDE, 41000, 80), (OUTSIDE, HOST, 80, 41000)
    masked = (HOST, OUTSIDE, 41000, 80)
    sent = (seen(1, "h1", "docker0", "in", *out), seen(2, "h1", "eth0", "out", *masked))
    answer = seen(3, "h1", "eth0", "in", *back, flags=0x12, seq=9, ack=SEQUENCE + 1)
    gathered = Gathered((*sent, answer))
    cases = [Case.of(Scene(PLACES, {}), gathered, mark, "h1/web", "outside") for mark in tcp_marks(SEQUENCE)]
    asked = next(one for one in questions(cases, "h1/web", OUTSIDE) if one.place == "h1")
    assert Lookup("h1", WEB, OUTSIDE, "eth0") in asked.lookups
    own = [
        Case.of(Scene(PLACES, {}), replace(gathered, sightings=(sent[1], answer)), mark, "h1", "")
        for mark in tcp_marks(SEQUENCE)
    ]
    asked = next(one for one in questions(own, "h1", OUTSIDE) if one.place == "h1")
    assert WEB not in {one.destination for one in asked.lookups}, "h1 sent it itself"
