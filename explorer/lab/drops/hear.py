"""Collects the packets that the kernel drops in the namespaces of one journey."""

from __future__ import annotations

import asyncio
import functools
import struct
import time
from collections.abc import Mapping
from contextlib import suppress

from explorer.lab.drops import libbpf
from explorer.lab.drops.built import compiled
from explorer.network.journeys.gathered import Drop

MOST = 2_000  # drops of one journey
EVENT = struct.Struct("=QIIIIIHHH16s64s192s")  # struct event, dropped.bpf.c
ENTRY, EVENTS = "dropped", "events"
PREFIX = "SKB_DROP_REASON_"
NO_DROP = {"SKB_NOT_DROPPED_YET", "SKB_CONSUMED"}  # reasons of packets that were used up as they should be


class Drops:
    """Collects between `begin` and `end`. `note` says in a sentence why something is missing."""

    def __init__(self, places: Mapping[int, str]) -> None:
        self.found: list[Drop] = []
        self.note = self.why_not = ""
        self._places = places  # inode of the namespace → place
        self._program: libbpf.Program | None = None
        self._offset = self._began = 0
        self._loop = asyncio.get_running_loop()

    async def begin(self) -> None:
        """It does not raise: where the kernel gives no drop reasons, `why_not` says why."""
        self._began = time.time_ns()
        self._offset = self._began - time.monotonic_ns()
        loading = asyncio.ensure_future(asyncio.to_thread(self._load))
        try:
            self._program = await asyncio.shield(loading)
        except libbpf.Refused as error:
            self.why_not = str(error)
            return
        except asyncio.CancelledError:  # the thread goes on: what it attaches must not stay
            with suppress(libbpf.Refused):
                keep(await loading)
            raise
        self._loop.add_reader(self._program.fileno(), self._take)

    def _load(self) -> libbpf.Program:
        reasons()  # in this thread, because it takes some milliseconds
        program = (take_kept() if compiled().is_file() else None) or libbpf.Program.load(compiled(), EVENTS)
        try:
            program.attach(ENTRY, self._hear, self._places)
        except libbpf.Refused:
            program.close()
            raise
        return program

    def _take(self) -> None:
        if self._program:
            self._program.take()
        if len(self.found) >= MOST:
            self.note = f"The kernel dropped more than {MOST:,} packets meanwhile; the later ones were not looked at."
            self.end()

    def _hear(self, event: bytes) -> None:
        drop = read_event(event, self._places, self._offset)
        if drop and len(self.found) < MOST and drop.at >= self._began:
            self.found.append(drop)

    def end(self) -> None:
        """Takes what waits, and stops the program. It may be called twice."""
        program, self._program = self._program, None
        if program is None:
            return
        self._loop.remove_reader(program.fileno())
        for _ in range(MOST // libbpf.ENOUGH):
            program.take()
        if not self.note and (lost := program.lost()):
            self.note = f"The kernel dropped packets faster than they could be written down; {lost:,} are missing."
        keep(program)


kept: list[libbpf.Program] = []  # loaded and not attached: loading takes some ten milliseconds, attaching one
KEPT = 2
KEPT_SECONDS = 30.0


def keep(program: libbpf.Program) -> None:
    """Stops the program. It stays loaded for a while, in case another packet is followed soon."""
    program.detach()
    if len(kept) >= KEPT:
        program.close()
        return
    kept.append(program)
    asyncio.get_running_loop().call_later(KEPT_SECONDS, forget, program)


def take_kept() -> libbpf.Program | None:
    """A program that is loaded already. Several threads may ask at the same moment; each program is given to one of them."""
    try:
        return kept.pop()
    except IndexError:
        return None


def forget(program: libbpf.Program) -> None:
    try:
        kept.remove(program)
    except ValueError:  # a journey took it, or it was forgotten before
        return
    program.close()


def read_event(event: bytes, places: Mapping[int, str], offset: int) -> Drop | None:
    """The drop in an event of the program. None for a packet that was not dropped."""
    at, netns, reason, ifindex, mark, length, kept, network, protocol, device, function, data = EVENT.unpack_from(event)
    name = reasons().get(reason, f"{PREFIX}{reason}")
    if name in NO_DROP or netns not in places:
        return None
    return Drop(
        at=at + offset,
        place=places[netns],
        reason=name.removeprefix(PREFIX),
        function=_text(function).partition("+")[0],
        device=_text(device) if ifindex else "",
        mark=mark,
        protocol=int.from_bytes(protocol.to_bytes(2, "little"), "big"),
        network=network,
        data=data[: min(kept, len(data))],
        length=length,
    )


@functools.cache
def reasons() -> dict[int, str]:
    """Number → name of the running kernel's drop reasons; the numbers differ between kernels. Raises Refused."""
    return libbpf.enumeration("skb_drop_reason")


def why_not() -> str:
    """Why the kernel cannot tell drop reasons here, or "". It loads the program for a moment and lets it hear nothing."""
    try:
        reasons()
        program = libbpf.Program.load(compiled(), EVENTS)
        try:
            program.attach(ENTRY, lambda _event: None, ())
        finally:
            program.close()
    except libbpf.Refused as error:
        return str(error)
    return ""


def _text(data: bytes) -> str:
    """A name as printable text; an interface's name may hold any bytes."""
    told = data.partition(b"\0")[0].decode("ascii", "replace")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in told)
