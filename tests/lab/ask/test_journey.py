"""Journeys of real packets over one cable, and of packets that never leave, find nobody, or are asked for in vain."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from explorer.lab.ask import journey
from explorer.lab.ask.journey import trace_journey
from explorer.lab.ask.probe import NoAnswer, ping
from explorer.lab.ask.trace import Trace
from explorer.lab.inside.allowance import Account
from explorer.network.journeys import Asked
from explorer.network.journeys.own import first_of_its_own
from tests.lab.ask.two_namespaces import OUTSIDE, places, run, two_namespaces
from tests.network.journeys.test_tell import seen as sighting

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture(scope="module")
def lan():
    with two_namespaces() as made:
        yield made


@pytest.fixture
def follow(lan):
    def follow(kind="ping", target="outside", port=80, source="h1", **gone):
        asked = Asked(source=source, target=target, kind=kind, port=port)
        return trace_journey(asked, places(), {}, lambda name: None if name in gone else lan.get(name))

    return follow


@pytest.fixture
def listening(lan):
    """A port at `outside` that answers, and with what."""
    opened = []

    def listen(answer=b""):
        server = lan["outside"].socket(socket.AF_INET, socket.SOCK_STREAM)
        server.bind((OUTSIDE, 0))
        server.listen(5)
        opened.append(server)

        async def serve():
            loop = asyncio.get_running_loop()
            while True:
                caller, _ = await loop.sock_accept(server)
                with caller:
                    await loop.sock_recv(caller, 4096)
                    await loop.sock_sendall(caller, answer)

        if answer:
            opened.append(asyncio.get_running_loop().create_task(serve()))
        return server.getsockname()[1]

    yield listen
    for one in opened:
        one.cancel() if isinstance(one, asyncio.Task) else one.close()


def seen(way):
    """Where it was seen to go: (place, interface, leaves or arrives)."""
    return [(hop.place, hop.interface, hop.kind) for hop in way.hops if hop.kind in ("leaves", "arrives")]


# --- what arrives ---
async def test_a_ping_goes_there_and_back(follow):
    told = await follow()
    assert (told.ok, told.error, told.address) == (True, "", OUTSIDE)
    assert seen(told.request) == [("h1", "eth0", "leaves"), ("outside", "eth0", "arrives")]
    assert seen(told.answer) == [("outside", "eth0", "leaves"), ("h1", "eth0", "arrives")]
    assert told.took_ms > 0
    assert told.notes == ()


async def test_an_address_is_followed_like_a_name(follow):
    assert (await follow(target=OUTSIDE)).ok


async def test_a_connection_is_told_from_others_by_its_first_frame(follow, listening):
    told = await follow("tcp", port=listening())
    assert told.ok
    assert "accepted the connection" in told.result
    assert seen(told.request)[-1] == ("outside", "eth0", "arrives")


async def test_a_page_is_fetched(follow, listening):
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    told = await follow("http", port=listening(page))
    assert told.ok
    assert told.request.ending == "arrived"


# --- what does not ---
async def test_a_port_nobody_listens_on(follow):
    told = await follow("tcp", port=9)
    assert (told.ok, told.result) == (False, "connection refused")
    assert (told.request.ending, told.answer.ending) == ("arrived", "refused")


async def test_an_address_nobody_has(follow, monkeypatch):
    monkeypatch.setattr(journey, "SECONDS", 0.3)
    told = await follow("tcp", target="10.99.0.77")
    assert not told.ok
    assert told.request is not None
    assert told.answer is None


async def test_a_network_no_route_leads_to(follow):
    told = await follow("tcp", target="192.0.2.1")
    assert (told.ok, told.result) == (False, "no route to that network")
    assert told.answer is None


async def test_a_source_that_is_gone(follow):
    told = await follow(h1=True)
    assert told.error == "h1 is not there."
    assert told.request is None


async def test_a_target_without_an_address(lan):
    known = places()
    known["outside"] = known["outside"].model_copy(update={"views": {}})
    told = await trace_journey(Asked(source="h1", target="outside"), known, {}, lan.get)
    assert told.error == "outside has no address."


async def test_a_name_that_cannot_be_asked_for(follow):
    told = await follow("dns", target="web")
    assert "has no name server to ask" in told.error, "a namespace without a resolv.conf"


async def test_a_target_that_cannot_be_watched_is_only_not_seen(follow):
    told = await follow(outside=True)
    assert told.ok, "the packet went all the same"
    assert seen(told.request) == [("h1", "eth0", "leaves")]


# --- names ---
@pytest.fixture
def name_server(lan, monkeypatch):
    """At `outside`, answers every question with this address; "" is silence."""
    server = lan["outside"].socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((OUTSIDE, 53))
    monkeypatch.setattr(journey, "read_below", lambda pid, path: f"nameserver {OUTSIDE}\noptions timeout:1 attempts:1\n")
    tasks = []

    def answering(address):
        async def serve():
            loop = asyncio.get_running_loop()
            while True:
                query, caller = await loop.sock_recvfrom(server, 512)
                if address:
                    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(address)
                    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
                    await loop.sock_sendto(server, head + query[12:] + record, caller)

        tasks.append(asyncio.get_running_loop().create_task(serve()))

    yield answering
    for task in tasks:
        task.cancel()
    server.close()


async def test_a_lookup_is_followed(follow, name_server):
    name_server("10.99.0.50")
    told = await follow("dns", target="web.app")
    assert (told.ok, told.result) == (True, "web.app is 10.99.0.50")
    assert seen(told.request)[0] == ("h1", "eth0", "leaves")
    assert told.answer is not None


async def test_a_server_that_says_nothing(follow, name_server):
    name_server("")
    told = await follow("dns", target="web.app")
    assert not told.ok
    assert told.result == f"{OUTSIDE}: no answer within 1 s", "what its resolv.conf makes a program wait"
    assert told.answer is None


# --- what leaves by itself ---
async def test_the_first_packet_that_leaves_by_itself_is_followed(lan, follow):
    following = asyncio.create_task(follow("record", target="outside"))
    await asyncio.sleep(0.3)
    await ping(lan["h1"], OUTSIDE)
    told = await following
    assert (told.ok, told.address) == (True, OUTSIDE)
    assert told.result == f"to {OUTSIDE}, answered"


async def test_when_nothing_leaves_it_says_so(follow, monkeypatch):
    monkeypatch.setattr(journey, "RECORD_SECONDS", 0.1)
    told = await follow("record", target="outside")
    assert told.error.startswith("Nothing left h1 within")


async def test_a_busy_place_does_not_hold_up_the_loop_while_a_packet_is_awaited(monkeypatch):
    """Frames of connections that are there already: each is looked at once, in a thread, and once more at the end."""
    frames = [sighting(n, "h1", "eth0", "out", "10.0.0.1", "10.0.0.2", 1000, 80, flags=0x10, seq=n) for n in range(200)]
    looked, threads = [], set()

    def look(seen, *words, **named):
        looked.append(len(seen := list(seen)))
        threads.add(threading.current_thread())
        return first_of_its_own(seen, *words, **named)

    monkeypatch.setattr(journey, "first_of_its_own", look)
    monkeypatch.setattr(journey, "RECORD_SECONDS", 0.5)
    trace: Any = SimpleNamespace(place="h1", sightings=frames, steps=[])
    with pytest.raises(NoAnswer):
        await journey._await(Asked(source="h1", target="*", kind="record"), [trace], places(), Account())
    assert sum(looked) == 2 * len(frames)
    assert threading.current_thread() not in threads


# --- one namespace, watched ---
async def test_the_rules_a_packet_meets_are_gathered_with_its_frames(lan, follow):
    run(lan["outside"], "iptables -A INPUT -p icmp -j ACCEPT")
    try:
        told = await follow()
        chains = {hop.met.chain for hop in told.request.hops if hop.met}
        assert "INPUT" in chains, [hop.text for hop in told.request.hops]
    finally:
        run(lan["outside"], "iptables -D INPUT -p icmp -j ACCEPT")


async def test_a_flood_is_cut_and_said(lan):
    trace = Trace("h1", lan["h1"], rules=False, most=5)
    await trace.begin([])
    for _ in range(20):
        await ping(lan["h1"], OUTSIDE)
    await asyncio.sleep(0.05)
    await trace.end()
    assert len(trace.sightings) == 5
    assert trace.note.startswith("More than 5 frames passed h1")


async def test_where_rules_cannot_be_traced_frames_still_are(lan, monkeypatch):
    monkeypatch.setattr("explorer.lab.ask.trace.ENVIRONMENT", {"PATH": "/nowhere"})
    trace = Trace("h1", lan["h1"])
    await trace.begin(["icmp type echo-request"])
    await ping(lan["h1"], OUTSIDE)
    await asyncio.sleep(0.05)
    await trace.end()
    assert "could not be traced" in trace.note
    assert trace.sightings


async def test_nothing_of_ours_stays_in_the_namespace(lan, follow):
    await follow()
    assert "explorer" not in run(lan["h1"], "nft list ruleset")
    assert "explorer" not in run(lan["outside"], "nft list ruleset")


async def test_watching_ends_twice_without_trouble(lan):
    trace = Trace("h1", lan["h1"], rules=False)
    await trace.begin([])
    await trace.end()
    await trace.end()


def test_of_places_that_share_a_namespace_one_is_watched(lan):
    async def watched():
        known = places()
        known["h1/web"] = known["h1"].model_copy(update={"id": "h1/web", "kind": "container", "shares": "h1"})
        return journey.traces_of(("h1/web", "outside"), known, lambda name: lan.get(name.partition("/")[0]))

    found = asyncio.run(watched())
    assert [(one.place, one.rules) for one in found] == [("h1", True), ("outside", True)]
