"""Every place pings every other place, by address of both versions of IP and by name, within a time limit.

Two raw sockets in each place, one for each version, ask and listen: they receive the answers to their own requests, the ICMP
errors about them, and the requests of other places. So an answer counts only if the request was seen in the place that it was
meant for. Meanwhile every ping is followed as a journey's packet is, and each cell says why from that evidence. Everything that
is read is hostile: a few bytes of each packet are read, and a random mark identifies the packet.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count

from explorer.environment import patient
from explorer.lab.ask.dns import ask_name
from explorer.lab.ask.journey import AFTER, handles_of, traces_of
from explorer.lab.ask.probe import ECHO_REPLY, ECHO_REQUEST, echo_message, echo_request, echo_socket, named_in
from explorer.lab.ask.watching import Watch
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.inner import read_below
from explorer.lab.inside.listen import received
from explorer.lab.inside.netns import Namespace
from explorer.network import reach
from explorer.network.grid import Cell, Grid, Told, address_toward, holders, rows_of
from explorer.network.journeys import Asked, Case, Gathered
from explorer.network.journeys.headers import internet
from explorer.network.journeys.identity import ping_marks, ping_protocol, wanted
from explorer.network.journeys.kernel import Answers
from explorer.network.journeys.many import Apart
from explorer.network.journeys.questions import merged
from explorer.network.journeys.scene import Scene
from explorer.network.model import DockerState, Place
from explorer.network.read.resolv_conf import read_resolver

BUDGET = patient(15.0)
SECONDS = patient(1.0)
AT_ONCE = 24
MARK = 16
READ_AT_ONCE = 256  # packets of one place before other places are read
NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL, errno.EADDRNOTAVAIL}
WHY, GROUNDS = 400, 8  # characters of a sentence, pieces of evidence
Asking = tuple[str, str, str]  # the place that asks, the place that is asked, the address
ENDED = {4: (3, 11), 6: (1, 2, 3)}  # version of IP → ICMP errors: unreachable, (too big,) time exceeded


@dataclass
class Sent:
    """One echo request: its identifier, the places where it arrived, the address that sent an ICMP error, whether it was
    answered, and the error that its sender's socket got."""

    source: str
    identity: int = 0
    errno: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    seen_in: set[str] = field(default_factory=set)
    refused_by: str = ""
    came_back: bool = False


async def measure_grid(
    places: Mapping[str, Place],
    docker: Mapping[str, DockerState],
    namespace: Callable[[str], Namespace | None],
    account: Account | None = None,
) -> Grid:
    """The work of telling it is charged to `account`."""
    account = account or Account()
    began, at = time.monotonic(), time.time()
    rows, left_out = rows_of(places)
    with ExitStack() as held:
        pings = Pings(places)
        for row in list(rows):
            inner = namespace(row)
            try:
                if inner is None:
                    raise OSError(errno.ENOENT, "gone")
                pings.sockets[row, 4] = held.enter_context(echo_socket(inner, 4))
                with suppress(OSError):  # a kernel without IPv6
                    pings.sockets[row, 6] = held.enter_context(echo_socket(inner, 6))
                pings.pids[row] = inner
            except OSError:
                rows.remove(row)
                left_out.append(f"{row} went away, or cannot be entered.")
        if len(rows) < 2:
            return Grid(
                places=tuple(rows), left_out=tuple(left_out), at=at, error="A grid needs two places that can be entered."
            )
        watch = Watch(traces_of(rows, places, namespace))
        listening = [asyncio.create_task(pings.listen(*one)) for one in pings.sockets]
        try:
            await watch.begin(wanted(Asked(source=rows[0], target=rows[1])))
            cells = await _ask_all(pings, rows)
            await asyncio.sleep(AFTER)
            handles = await handles_of(watch.traces, namespace, account)
        finally:
            await watch.end()
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)
    gathered = watch.gathered(handles, False, "", 0)
    followed = await account.at_once(_followed, pings, cells, gathered, Scene(dict(places), dict(docker)))
    asked = merged(question for one in followed.values() if not one.ok for question in one.questions)
    answers = await watch.ask(asked, whole=True)
    scene = reach.Scene(places, docker)
    explained = await account.at_once(_explained, scene, cells, followed, answers)
    return Grid(
        places=tuple(rows), cells=explained, left_out=tuple(left_out), at=at, seconds=round(time.monotonic() - began, 2)
    )


async def _ask_all(pings: Pings, rows: list[str]) -> list[Cell]:
    """The cells of all pairs. A cell without a result at the end of the time is "unmeasured"."""
    pairs = [(source, target) for source in rows for target in rows if source != target]
    room = asyncio.Semaphore(AT_ONCE)

    async def ask(source: str, target: str) -> Cell:
        async with room:
            return await pings.ask(source, target)

    tasks = {pair: asyncio.create_task(ask(*pair)) for pair in pairs}
    try:
        await asyncio.wait(tasks.values(), timeout=BUDGET)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    late = Told(outcome="unmeasured")
    return [
        Cell(source=pair[0], target=pair[1], by_address=late, by_name=late)
        if task.cancelled() or task.exception()
        else task.result()
        for pair, task in tasks.items()
    ]


def _followed(pings: Pings, cells: Iterable[Cell], gathered: Gathered, scene: Scene) -> dict[Asking, reach.Followed]:
    """What was seen of the ping of each question that had an address to ask."""
    apart, found = Apart(gathered), {}
    for cell in cells:
        for told in cell.questions:
            asking = (cell.source, cell.target, told.address)
            sent = pings.asked.get(asking)
            if sent is None or asking in found:
                continue
            marks = ping_marks(sent.identity, protocol=ping_protocol(told.address))
            ok = told.outcome == "answered"
            said = f"{told.address} answered" if ok else os.strerror(sent.errno) if sent.errno else "no answer"
            own = apart.of(marks[0].needle, ok, said, sent.errno)
            request = Case.of(scene, own, marks[0], cell.source, cell.target)
            found[asking] = reach.Followed(request, Case.of(scene, own, marks[1], cell.target, cell.source), told.address, ok)
    return found


def _explained(
    scene: reach.Scene, cells: Iterable[Cell], followed: dict[Asking, reach.Followed], answers: dict[str, Answers]
) -> tuple[Cell, ...]:
    def told(cell: Cell, one: Told) -> Told:
        found = followed.get((cell.source, cell.target, one.address))
        sentence = reach.why(
            scene, scene.places[cell.source], scene.places[cell.target], one, found.answered(answers) if found else None
        )
        if sentence is None:
            return one.model_copy(update={"why": reach.UNMEASURED})
        return one.model_copy(update={"why": sentence.text[:WHY], "evidence": sentence.evidence[:GROUNDS]})

    def whole(cell: Cell) -> Cell:
        by_address = told(cell, cell.by_address)
        same = cell.by_name == cell.by_address
        by_name = by_address if same else told(cell, cell.by_name)
        six = told(cell, cell.by_address6) if cell.by_address6 else None
        return cell.model_copy(update={"by_address": by_address, "by_name": by_name, "by_address6": six})

    return tuple(whole(cell) for cell in cells)


class Pings:
    """The sockets of one grid, and the requests that are on their way."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.places = places
        self.sockets: dict[tuple[str, int], socket.socket] = {}  # by place and version of IP
        self.pids: dict[str, Namespace] = {}
        self.sent: dict[bytes, Sent] = {}
        self.asked: dict[Asking, Sent] = {}
        self._identities = count(secrets.randbelow(0x8000))

    async def ask(self, source: str, target: str) -> Cell:
        address = address_toward(self.places[source], self.places[target])
        by_address = await self.ping(source, target, address) if address else Told(outcome="no-address")
        named = await self.look_up(source, self.places[target].name)
        if not named:
            by_name = Told(outcome="no-name")
        elif named == address:
            by_name = by_address
        else:
            by_name = await self.ping(source, target, named)
        address6 = address_toward(self.places[source], self.places[target], 6)
        by_address6 = await self.ping(source, target, address6) if address6 else reach.NO_ADDRESS6
        return Cell(source=source, target=target, by_address=by_address, by_name=by_name, by_address6=by_address6)

    async def look_up(self, source: str, name: str) -> str:
        inner = self.pids[source]
        found = named_in(read_below(inner.pid, "etc/hosts"), name)
        if found:
            return found
        try:
            async with asyncio.timeout(SECONDS):
                return await ask_name(inner, name, read_resolver(read_below(inner.pid, "etc/resolv.conf")))
        except (TimeoutError, OSError):
            return ""

    async def ping(self, source: str, target: str, address: str) -> Told:
        mark, version = secrets.token_bytes(MARK), 6 if ":" in address else 4
        asking = self.sockets.get((source, version))
        if asking is None:
            return Told(outcome="no-route", address=address)
        sent = self.sent[mark] = self.asked[source, target, address] = Sent(source, next(self._identities) & 0xFFFF)
        began = time.monotonic()
        try:
            async with asyncio.timeout(SECONDS):
                while not sent.answered.is_set():
                    asking.sendto(echo_request(sent.identity, mark, version), (address, 0))
                    await _or_later(sent.answered, SECONDS / 2)
            took = (time.monotonic() - began) * 1000
            self.read_on(target, version)  # the request arrived before its answer: it may still wait in the target's socket
        except TimeoutError:
            took = 0.0
        except OSError as error:
            sent.errno = error.errno or 0
            outcome = "no-route" if error.errno in NO_ROUTE else "silent"
            return Told.model_validate({"outcome": outcome, "address": address})
        finally:
            del self.sent[mark]
        return self._told(sent, target, address, took)

    def _told(self, sent: Sent, target: str, address: str, ms: float) -> Told:
        elsewhere = sorted(sent.seen_in - {target})
        if target in sent.seen_in:
            if sent.came_back:
                return Told(outcome="answered", address=address, ms=round(ms, 2))
            return Told(outcome="one-way", address=address)
        if sent.came_back or elsewhere:
            others = elsewhere or [one for one in holders(self.places, address) if one != target]
            return Told(outcome="stranger", address=address, by=", ".join(others)[:200])
        if sent.refused_by:
            return Told(outcome="refused", address=address, by=self._named(sent.refused_by))
        return Told(outcome="silent", address=address)

    def _named(self, address: str) -> str:
        found = holders(self.places, address)
        return f"{found[0]} ({address})" if len(found) == 1 else address

    async def listen(self, place: str, version: int) -> None:
        while True:
            try:
                packet, sender = await received(self.sockets[place, version])
            except OSError:
                await asyncio.sleep(0.05)
                continue
            self.hear(place, packet, version, sender)
            self.read_on(place, version)

    def read_on(self, place: str, version: int) -> None:
        """Reads packets that are there already, a bounded number, without waiting."""
        with suppress(OSError, KeyError):
            for _ in range(READ_AT_ONCE):
                packet, sender = self.sockets[place, version].recvfrom(2048)
                self.hear(place, packet, version, str(sender[0]))

    def hear(self, place: str, packet: bytes, version: int = 4, sender: str = "") -> None:
        message = echo_message(packet, version)
        if not message:
            return
        kind, mark = message[0], message[8 : 8 + MARK]
        if kind in ENDED[version] and len(message) > 8:
            quoted = internet(message, 8)
            start = quoted.after + 8 if quoted else len(message)
            sent = self.sent.get(message[start : start + MARK])
            if sent and sent.source == place:
                header = internet(packet) if version == 4 else None
                sent.refused_by = header.source if header else sender
                sent.answered.set()
            return
        sent = self.sent.get(mark)
        if sent is None:
            return
        if kind == ECHO_REQUEST[version]:
            sent.seen_in.add(place)
        elif kind == ECHO_REPLY[version] and place == sent.source:
            sent.came_back = True
            sent.answered.set()


async def _or_later(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
