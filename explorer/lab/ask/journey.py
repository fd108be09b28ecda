"""Sends the packet of a journey and collects what every namespace on its way sees of it."""

from __future__ import annotations

import asyncio
import errno
import re
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from explorer.lab.ask import dns
from explorer.lab.ask.probe import NoAnswer, family_of, http, ping, resolve
from explorer.lab.ask.trace import MOST, Trace
from explorer.lab.ask.watching import Watch
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.inner import read_below
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.tools import run_tools
from explorer.network.journeys import Asked, Case, Gathered, Journeys, tell
from explorer.network.journeys.ends import with_port
from explorer.network.journeys.gathered import Handles, NameAsked, NameSearch, Sighting, Step
from explorer.network.journeys.identity import (
    Mark,
    dns_marks,
    find_sequence,
    ping_marks,
    ping_protocol,
    tcp_marks,
    wanted,
)
from explorer.network.journeys.kernel import Answers
from explorer.network.journeys.own import Own, first_of_its_own
from explorer.network.journeys.questions import questions
from explorer.network.journeys.scene import Scene
from explorer.network.journeys.seen import recognised
from explorer.network.model import DockerState, Place
from explorer.network.nft.facts import FAMILIES, named
from explorer.network.read.resolv_conf import Resolver, read_resolver
from explorer.network.read.text import number

SECONDS = 1.0  # seconds that an answer may take
AFTER = 0.06  # seconds to wait for further frames after the answer
RECORD_SECONDS = 20.0
MOST_PLACES = 40
GATHERED = 20_000  # frames, and as many rules, in all places together
RULESET = {"rules": ("nft", "-a", "list", "ruleset")}
NOTHING = Mark("none", b"\0" * 64)  # fits no frame: no packet left the sender
NamespaceOf = Callable[[str], Namespace | None]


async def trace_journey(
    asked: Asked,
    places: dict[str, Place],
    docker: dict[str, DockerState],
    namespace_of: NamespaceOf,
    account: Account | None = None,
) -> Journeys:
    """The journey of real packets. It does not raise because of what a sandbox holds: `error` says why there is no journey.
    The work of telling it is charged to `account`."""
    account = account or Account()
    began, at = time.perf_counter(), time.time()
    source = namespace_of(asked.source)
    if source is None:
        return Journeys(asked=asked, at=at, error=f"{asked.source} is not there.")
    try:
        async with asyncio.timeout(2 * SECONDS):
            address = await _address(asked, source, places)
    except (NoAnswer, TimeoutError, OSError) as error:
        why = str(error) if isinstance(error, NoAnswer) else f"The name {asked.target} was not answered."
        return Journeys(asked=asked, at=at, error=why)
    watch = Watch(traces_of((asked.source, asked.target), places, namespace_of))
    try:
        await watch.begin(wanted(asked))
        if asked.kind == "dns":
            sent = await _look_up(asked, source)
        elif asked.kind == "record":
            sent = await _await(asked, watch.traces, places, account)
        else:
            sent = await _send(asked, source, address)
        await asyncio.sleep(AFTER)
        handles = await handles_of(watch.traces, namespace_of, account)
    except NoAnswer as error:
        return Journeys(asked=asked, at=at, error=str(error))
    finally:
        await watch.end()
    told_by = watch.gathered(handles, sent.ok, sent.outcome, sent.errno, ours=asked.kind != "record")
    gathered = replace(told_by, names=sent.names)
    address = address or sent.address
    home = places[asked.source].shares or asked.source if asked.source in places else asked.source
    marks = sent.marks or _tcp_marks(asked, gathered, home, sent.port)
    cases = await account.at_once(_cases, asked, marks, gathered, Scene(places, docker), home)
    answers = await watch.ask(questions(cases, home, address), whole=not sent.ok or not gathered.ours)
    told = await account.at_once(_tell, asked, cases, answers, gathered, address)
    return told.model_copy(update={"at": at, "took_ms": round((time.perf_counter() - began) * 1000, 1)})


def _cases(asked: Asked, marks: tuple[Mark, Mark] | None, gathered: Gathered, scene: Scene, home: str) -> list[Case]:
    """The case of the request and that of the answer; when no packet left the sender, only that of the request."""
    target = asked.target if asked.target in scene.places else ""
    request_mark, answer_mark = marks or (NOTHING, None)
    request = Case.of(scene, gathered, request_mark, home, target)
    if not answer_mark:
        return [request]
    return [request, Case.of(scene, gathered, answer_mark.answering(request.known), target, home)]


def _tell(asked: Asked, cases: list[Case], answers: dict[str, Answers], gathered: Gathered, address: str) -> Journeys:
    request = cases[0].answered(answers, cases[-1])
    answer = tell(cases[1].answered(answers, cases[0])) if len(cases) > 1 else None
    if answer is not None and len(answer.hops) <= 1:
        answer = None  # there was no answer
    return Journeys(
        asked=asked,
        at=0.0,
        address=address,
        request=tell(request),
        answer=answer,
        result=gathered.outcome,
        ok=gathered.ok,
        notes=gathered.notes,
    )


async def _address(asked: Asked, source: Namespace, places: dict[str, Place]) -> str:
    if asked.kind == "record":
        return ""
    if asked.kind == "dns":
        server = _resolver(source).server
        if not server:
            raise NoAnswer(f"{asked.source} has no name server to ask: its resolv.conf names none that has an IPv4 address.")
        if not dns.encode(b"\0\0", asked.target):
            raise NoAnswer(f"{asked.target} cannot be a name.")
        return server
    return await resolve(asked.target, source, places, asked.family)


def traces_of(ends: Sequence[str], places: Mapping[str, Place], namespace_of: NamespaceOf) -> list[Trace]:
    """One trace for each namespace. Frames are watched in every place; rules are watched at the ends and in places that are
    not containers."""
    through = [name for name, place in places.items() if place.kind != "container"]
    others = [name for name in places if name not in through]
    found: dict[int, tuple[str, Namespace, bool]] = {}
    for name in [*ends, *through, *others]:
        place = places.get(name)
        namespace = namespace_of(name) if place else None
        if place and namespace and len(found) < MOST_PLACES and namespace.inode not in found:
            found[namespace.inode] = (place.shares or name, namespace, name in (*ends, *through))
    most = min(MOST, GATHERED // max(1, len(found)))
    return [Trace(*one, most=most) for one in found.values()]


# --- sending ---


class Sent:
    def __init__(
        self,
        ok: bool,
        outcome: str,
        marks: tuple[Mark, Mark] | None = None,
        code: int = 0,
        address: str = "",
        port: int = 0,
        names: NameSearch | None = None,
    ) -> None:
        self.ok, self.outcome, self.marks, self.errno, self.address, self.port = ok, outcome, marks, code, address, port
        self.names = names


async def _await(asked: Asked, traces: list[Trace], places: dict[str, Place], account: Account) -> Sent:
    """Sends nothing: waits for the first packet that leaves the place by itself, and then as long as an answer may take. Each
    frame is looked at once while it waits."""
    home = places[asked.source].shares or asked.source
    until = time.monotonic() + RECORD_SECONDS
    frames = steps = 0
    while time.monotonic() < until:
        await asyncio.sleep(0.05)
        seen, met = _at(traces, home)
        fresh, frames, steps = (seen[frames:], met[steps:]), len(seen), len(met)
        if not any(fresh) or await account.at_once(first_of_its_own, fresh[0], home, fresh[1]) is None:
            continue
        await asyncio.sleep(SECONDS)
        seen, met = _at(traces, home)
        if found := await account.at_once(first_of_its_own, seen, home, met):  # a ping or connection after a lookup counts
            return await account.at_once(_sent_by_itself, found, seen)
    seen, met = _at(traces, home)
    if found := await account.at_once(first_of_its_own, seen, home, met, kernels=True):
        return await account.at_once(_sent_by_itself, found, seen)
    raise NoAnswer(f"Nothing left {asked.source} within {RECORD_SECONDS:.0f} s.")


def _sent_by_itself(own: Own, seen: list[Sighting]) -> Sent:
    answered = any(one.sighting.way == "in" for one in recognised(own.marks[1], seen))
    return Sent(answered, f"{own.to}, {'answered' if answered else 'not answered'}", own.marks, address=own.address)


def _at(traces: list[Trace], place: str) -> tuple[list[Sighting], list[Step]]:
    """The frames and the rules of the place until now."""
    there = [trace for trace in traces if trace.place == place]
    return [one for trace in there for one in trace.sightings], [one for trace in there for one in trace.steps]


async def _look_up(asked: Asked, source: Namespace) -> Sent:
    """Asks as a program there does: one name after the other, until one is answered. The last question is followed."""
    resolver = _resolver(source)
    tried = await dns.look_up(source, asked.target, resolver)
    asked_for = tuple(NameAsked(one.name, one.address or one.said) for one in tried)
    names = NameSearch(asked.target, resolver.server, resolver.search, asked_for, resolver.servers[1:])
    last = tried[-1]
    if last.address:
        outcome = f"{asked.target} is {last.address}"
    elif last.errno or last.said.startswith("no answer"):
        outcome = f"{resolver.server}: {WORDS.get(last.errno, last.said)}"
    else:
        outcome = f"{asked.target} has no address"
    if last.name != asked.target:
        outcome += f" (asked for as {last.name})"
    marks = dns_marks(int.from_bytes(last.identity))
    return Sent(bool(last.address), outcome, marks, last.errno, resolver.server, names=names)


def _resolver(place: Namespace) -> Resolver:
    return read_resolver(read_below(place.pid, "etc/resolv.conf"))


async def _send(asked: Asked, source: Namespace, address: str) -> Sent:
    marks: tuple[Mark, Mark] | None = None
    port = 0
    try:
        async with asyncio.timeout(SECONDS):
            if asked.kind == "ping":
                identity = secrets.randbelow(0xFFFF) + 1
                marks = ping_marks(identity, protocol=ping_protocol(address))
                return Sent(True, await ping(source, address, identity), marks)
            opened = source.socket(family_of(address), socket.SOCK_STREAM)
            opened.bind(("", 0))  # so that its port is known also when no packet leaves
            port = opened.getsockname()[1]
            if asked.kind == "http":
                ok, detail, _seen = await http(source, address, asked.port, opened)
                return Sent(ok, detail, port=port)
            return Sent(True, await _connect(opened, address, asked.port), port=port)
    except TimeoutError:
        return Sent(False, f"{address} did not answer within {SECONDS:.0f} s", marks, port=port)
    except NoAnswer as error:
        return Sent(False, str(error), marks, port=port)
    except OSError as error:
        return Sent(False, WORDS.get(error.errno or 0, error.strerror or "no answer"), marks, error.errno or 0, port=port)


WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ENETUNREACH: "no route to that network",
    errno.EHOSTUNREACH: "nobody there",
}


async def _connect(opened: socket.socket, address: str, port: int) -> str:
    with opened:
        await asyncio.get_running_loop().sock_connect(opened, (address, port))
    return f"{with_port(address, str(port))} accepted the connection"


def _tcp_marks(asked: Asked, gathered: Gathered, home: str, port: int) -> tuple[Mark, Mark] | None:
    """The marks of a TCP connection. The kernel chose the sequence number; the first packet from our port shows it."""
    sequence = find_sequence(gathered, home, port, asked.port) if asked.kind in ("http", "tcp") else None
    return tcp_marks(sequence) if sequence is not None else None


# --- which rule a handle means ---

BLOCK = re.compile(r"\s*(table|chain) (?:(\w+) )?(\S+) \{")
HANDLE = "# handle "


async def handles_of(traces: list[Trace], namespace_of: NamespaceOf, account: Account) -> dict[str, Handles]:
    async def read(trace: Trace) -> tuple[str, Handles]:
        namespace = namespace_of(trace.place)
        if namespace is None or not trace.steps:
            return trace.place, {}
        output = (await run_tools(namespace.fd, RULESET, account))["rules"]
        return trace.place, await account.at_once(read_handles, output.text)

    return dict(await asyncio.gather(*(read(trace) for trace in traces)))


def read_handles(text: str) -> Handles:
    """The rules of each chain in order, with the kernel's number (handle) of each, from `nft -a list ruleset`. The name of an
    IPv6 table begins with `ip6 `."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    table = chain = ""
    for line in text.splitlines():
        block = BLOCK.match(line)
        if block and block[1] == "table":
            table, chain = (named(block[2], block[3]) if block[2] in FAMILIES else ""), ""
        elif block:
            chain = block[3]
            if table:
                found.setdefault((table, chain), [])
        elif table and chain:
            rule, _, handle = line.rpartition(HANDLE)
            if (known := number(handle)) is not None:
                found[table, chain].append((known, rule.strip()[:400]))
    return {key: tuple(rules) for key, rules in found.items()}
