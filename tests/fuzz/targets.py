"""Every parser of input that somebody else writes, as a function of bytes, with the property that must hold of its answer.

A target fails by raising: an exception that is not the parser's declared refusal, an answer that is unsound, too long or too
slow. The quick run in the unit tests, `make fuzz` and the inputs in `crashes/` all go through `attempt`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import cast

from pydantic import ValidationError

from explorer.lab.ask import dns, probe, trace
from explorer.lab.ask.journey import read_handles
from explorer.lab.ask.reach import Pings
from explorer.lab.inside import netlink, unix_http
from explorer.lab.inside.tools import outputs_of
from explorer.lab.watch import journal
from explorer.lab.watch.calls import Calls
from explorer.lab.watch.happenings import describe
from explorer.lessons import bundle
from explorer.lessons.killercoda import import_scenario
from explorer.lessons.load import LessonError, read_lesson
from explorer.network.journeys import Case, icmp, identity, tell
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Drop, Gathered, Sighting
from explorer.network.journeys.own import first_of_its_own
from explorer.network.journeys.questions import questions
from explorer.network.journeys.scene import Scene
from explorer.network.layout import BadLayout, from_query
from explorer.network.model import DockerState, Place, View
from explorer.network.packets import dissect
from explorer.network.packets.captured import HEAD, Frame, tell_layers
from explorer.network.packets.dns import first_address
from explorer.network.packets.pcapng import SNAP, write_file
from explorer.network.read import read_docker
from explorer.network.read.calls import read_calls
from explorer.network.read.frames import Captured, show_frames
from explorer.network.read.resolv_conf import read_resolver
from explorer.network.views import VIEWS, observe, stale_after
from explorer.sandboxes.orders import SANDBOX_WISH, TERMINAL_WISH
from tests.fuzz import properties, seeds

SECONDS = 2.0  # of processor time for one input
TEXT, FRAME = 32 * 1024, 4_096  # bytes of an input


class Unsound(AssertionError):
    """A parser took too long, or said too much."""


@dataclass(frozen=True)
class Target:
    """`parse` returns what is measured against `grows` characters for each byte of input, and `most` altogether."""

    parse: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    refuses: tuple[type[Exception], ...] = ()
    length: int = TEXT
    grows: int = 600
    most: int = 40_000_000


def attempt(target: Target, data: bytes, seconds: float = SECONDS) -> None:
    data = data[: target.length]
    began = time.process_time()
    try:
        answer = target.parse(data)
    except target.refuses as refusal:
        answer = str(refusal)
    took = time.process_time() - began
    if took > seconds:
        raise Unsound(f"{took:.1f} s for {len(data)} bytes")
    said = len(answer) if isinstance(answer, str | bytes) else len(repr(answer))
    if said > min(target.most, 40_000 + target.grows * len(data)):
        raise Unsound(f"{said} characters for {len(data)} bytes")


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")  # as `lab.tools` and `lab.inner` do


def parts(data: bytes, count: int) -> list[str]:
    found = text(data).split("\0", count - 1)
    return found + [""] * (count - len(found))


@cache
def names() -> DockerState:
    return read_docker("h1", *text(seeds.daemons()[-1]).split("\0"))


# --- frames -----------------------------------------------------------------------------------------------------------


def packets(data: bytes) -> object:
    for length in (len(data), len(data) + 1):
        properties.sound_packet(dissect(data, length))
    told = tell_layers(1, Frame(0, "in", len(data), data))
    return json.dumps(told | {"bytes": ""})


def vxlan_view(data: bytes) -> object:
    frames = [data[at : at + 512] for at in range(0, min(len(data), 2_048), 512)]
    seen = show_frames([Captured(at, 1.0, "eth0", "in", frame, 9_000) for at, frame in enumerate(frames)], 0, 20)
    properties.sound_view("frames", seen, names())
    return seen


PING6 = identity.ping_marks(1, protocol="ICMPv6")


def journeys(data: bytes) -> object:
    seen = (Sighting(1, "h1", "eth0", "out", data, len(data)), Sighting(2, "h1", "eth0", "in", data, len(data)))
    found = first_of_its_own(seen, "h1", kernels=True)
    drops = (Drop(3, "h1", "NO_SOCKET", "icmp_rcv", "eth0", 0x0800, 14, data[:192], len(data)),)
    identity.find_sequence(Gathered(seen, drops=drops), "h1", 40000, 80)
    packet = dissect(data)
    own = found.marks if found else ()
    marks = (*identity.ping_marks(1), *PING6, *identity.tcp_marks(1), *identity.dns_marks(1), *own)
    for mark in marks:
        mark.fits(packet, data)
        icmp.errors_about(mark, set(), seen)
    icmp.echo_of(data)
    return identity.ends_of(packet), found


def pcapng(data: bytes) -> object:
    pieces = [data[at : at + 512] for at in range(0, len(data), 512)]
    frames = [Frame.unpack(piece) for piece in pieces if len(piece) >= HEAD.size]
    name = text(data[:64])
    written = b"".join(write_file(frames, name, name, name, SNAP, 0, len(data)))
    kinds = [kind for kind, _ in properties.pcapng_blocks(written)]
    assert kinds == [0x0A0D0D0A, 1, *[6] * len(frames), 5]
    return written


def echo(data: bytes) -> object:
    pings = Pings({})
    pings.hear("h1", data)
    pings.hear("h1", data, 6, "fd00::1")
    return sorted(pings.sent)


# --- text -------------------------------------------------------------------------------------------------------------


def view(name: View, data: bytes) -> object:
    seen = observe(name, *parts(data, 5)) if name == "raw" else observe(name, text(data))
    properties.sound_view(name, seen, names())
    return seen


def docker(data: bytes) -> object:
    return read_docker("h1", *parts(data, 3)).model_dump_json()


def told_calls(data: bytes) -> object:
    told: list[tuple[str, str]] = []
    calls = Calls(0, lambda *words: told.append(words))
    calls.seen = read_calls(text(data))
    calls._report(quietly=False)
    properties.plain_text(*(word for words in told for word in words))
    return told


def happening(data: bytes) -> object:
    said = describe(seeds.read_json(data), {})
    properties.plain_text(*said)
    return said


def resolver(data: bytes) -> object:
    resolv_conf, hosts, name, page = parts(data, 4)
    query = dns.encode(b"id", name)
    assert len(query) < 300
    told = read_resolver(resolv_conf)
    properties.address_or_nothing(told.server)
    assert 0 < len(told.names(name)) <= 7
    properties.address_or_nothing(probe.named_in(hosts, name))
    return query, probe.source_seen(page)


def link(data: bytes) -> object:
    layout = from_query(text(data))
    properties.same_as_link(layout)
    return layout


def wish(data: bytes) -> object:
    try:
        return SANDBOX_WISH.validate_json(text(data))
    except ValidationError:
        return TERMINAL_WISH.validate_json(text(data))


# --- lessons that people send ---------------------------------------------------------------------------------------------


def sent_zip(data: bytes) -> object:
    files = bundle.unpack(data)
    assert sum(map(len, files.values())) <= bundle.ALL_BYTES
    properties.safe_names(files)
    return sorted(files), bundle.lesson_files(files)


def sent_lesson(data: bytes) -> object:
    """lesson.toml, a text, a script."""
    main, step, script = parts(data, 3)
    lesson = read_lesson("sent", {"lesson.toml": main, "1.md": step, "1.sh": script})
    for one in lesson.steps:
        for part in one.parts:
            properties.safe_html(part.html)
    return lesson


def scenario_sent(data: bytes) -> object:
    """An index, a text, a script: whatever they hold, what comes out is a lesson of ours."""
    index, step, script = data.split(b"\0", 2) if data.count(b"\0") > 1 else (data, b"x", b"")
    found = import_scenario({"index.json": index, "1.md": step, "1.sh": script})
    read_lesson(found.slug, found.files)
    return found


# --- what the kernel and daemons send -----------------------------------------------------------------------------------


def dns_answer(data: bytes) -> object:
    found = first_address(data)
    properties.address_or_nothing(found)
    return found


def notifications(data: bytes) -> object:
    views = stale_after(netlink.route_notices(data) | netlink.filter_notices(data))
    assert views <= VIEWS.keys()
    return sorted(views)


def nft_trace(data: bytes) -> object:
    steps = list(trace.read_steps("h1", data))
    for step in steps:
        properties.plain_text(step.table, step.chain, step.verdict, step.target)
        identity.step_ends(step)
        for mark in (*identity.ping_marks(1), *identity.tcp_marks(1), *identity.dns_marks(1)):
            identity.step_fits(step, mark, {Ends("10.0.0.1", "10.0.0.2")})
    return steps


def told_journey(data: bytes) -> object:
    """What a trace, two frames and a list of rules say, in any order of places: it ends in a sentence."""
    steps, frames, rules = ([*data.split(b"\xff\xfe", 2), b"", b""])[:3]
    handles = read_handles(text(rules))
    known = tuple(trace.read_steps("h1", steps))
    half = len(frames) // 2
    sights = (
        Sighting(1, "h1/web", "eth0", "out", frames[:half], half),
        Sighting(2, "h1", "eth0", "in", frames[half:], len(frames)),
        Sighting(3, "h1", "eth0", "out", frames[:half], half + 1),
    )
    found = first_of_its_own(sights, "h1/web", known, kernels=True)
    marks = (*identity.ping_marks(1), *PING6, *identity.tcp_marks(1), *(found.marks if found else ()))
    kept = frames[:192]
    reasons = ("NO_SOCKET", "NETFILTER_DROP", "OTHERHOST", "IP_INADDRERRORS", "NEIGH_FAILED", "NEW_IN_THIS_KERNEL")
    drop = Drop(4, "h1", reasons[len(data) % 6], "ip_rcv", "eth0", 0x0800, len(data) % 20, kept, len(kept))
    gathered = Gathered(sights, known, {"h1": handles}, bool(len(data) % 2), errno=len(data) % 120, drops=(drop,) * (half % 2))
    pair = [Case.of(Scene(scene(), {"h1": names()}), gathered, mark, "h1/web", "h1") for mark in marks]
    questions(pair, "h1/web", "10.77.0.100")
    told = [tell(case.answered({}, other)) for case, other in zip(pair, reversed(pair), strict=True)]
    for journey in told:
        properties.plain_text(journey.end, *(hop.text for hop in journey.hops))
    return told


@cache
def scene() -> dict[str, Place]:
    """A host and a container of it, as tools once printed them."""
    given: dict[View, str] = {
        "interfaces": "ip-d-addr",
        "routes": "ip-route-all",
        "nat": "iptables-save",
        "filter": "iptables-save",
    }
    folders = {"h1": "h1", "h1/web": "h1.web"}
    return {
        name: Place(
            id=name,
            kind="container" if "/" in name else "host",
            host="h1",
            name=name.rpartition("/")[2],
            views={one: observe(one, seeds.printed(folder, file)) for one, file in given.items()},
        )
        for name, folder in folders.items()
    }


def tool_outputs(data: bytes) -> object:
    out, _, err = data.partition(b"\xff\xfe")
    told = outputs_of(["a", "b"], "MARK", out, err, late=bool(len(data) % 2))
    return {name: (output.text, output.error) for name, output in told.items()}


def machine_log(data: bytes) -> object:
    whole, pieces = journal.Lines(), journal.Lines()
    whole.feed(data)
    for at in range(0, len(data), 7):
        pieces.feed(data[at : at + 7])
    assert whole.kept == pieces.kept
    properties.bounded_log(list(whole.kept))
    return list(whole.kept)


@cache
def loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def http_answer(data: bytes) -> object:
    """A daemon that says this, then hangs up."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return loop().run_until_complete(unix_http.ask(lambda: ours, "GET", "/version"))


VIEW_SEEDS: dict[View, Callable[[], list[bytes]]] = {
    "interfaces": partial(seeds.texts, "ip-d-addr"),
    "routes": partial(seeds.texts, "ip-route-all"),
    "neighbours": partial(seeds.texts, "ip-neigh"),
    "fdb": partial(seeds.texts, "bridge-fdb"),
    "nat": partial(seeds.texts, "iptables-save"),
    "filter": partial(seeds.texts, "iptables-save"),
    "raw": seeds.rules_of_all,
    "connections": partial(seeds.texts, "conntrack"),
    "requests": seeds.requests,
    "calls": seeds.driver_calls,
}
BAD_ANSWER: tuple[type[Exception], ...] = (unix_http.BadAnswer,)
TARGETS: dict[str, Target] = {
    "packets": Target(packets, seeds.frames, length=FRAME),
    "vxlan-view": Target(vxlan_view, seeds.frames, length=FRAME),
    "journeys": Target(journeys, seeds.frames, length=FRAME),
    "pcapng": Target(pcapng, seeds.frames, length=FRAME),
    "echo": Target(echo, seeds.icmp_packets, length=FRAME),
    **{f"view-{name}": Target(partial(view, name), given) for name, given in VIEW_SEEDS.items()},
    "docker": Target(docker, seeds.daemons),
    "driver-calls": Target(told_calls, seeds.driver_calls),
    "happenings": Target(happening, seeds.happenings),
    "resolver": Target(resolver, seeds.resolver_files),
    "link": Target(link, seeds.links, (BadLayout,)),
    "live": Target(wish, seeds.wishes, (ValidationError,)),
    "dns-answer": Target(dns_answer, seeds.dns_messages, length=FRAME),
    "netlink": Target(notifications, cast(Callable[[], list[bytes]], partial(seeds.netlink, 16, 20, 24, 28, 2560, 256))),
    "nft-trace": Target(nft_trace, seeds.traces, length=FRAME),
    "told-journey": Target(told_journey, seeds.journeys, length=FRAME, grows=4_000),
    "tool-outputs": Target(tool_outputs, seeds.outputs),
    "machine-log": Target(machine_log, seeds.log_frames),
    "http": Target(http_answer, seeds.answers, BAD_ANSWER),
    "sent-zip": Target(sent_zip, seeds.zips, (bundle.BadBundle,)),
    "scenario": Target(scenario_sent, seeds.scenarios, (bundle.BadBundle,), length=16 * 1024),
    "sent-lesson": Target(sent_lesson, seeds.lessons, (LessonError,), length=16 * 1024),
}
