"""Watches one namespace while a packet travels: every frame at every interface, and every rule that a packet meets.

The rule that asks the kernel to trace is in our own table. A running `nft` owns this table: the kernel removes the table when
that process ends, however it ends, and a learner's `nft flush ruleset` does not remove it. No packet is queued or delayed.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress

from explorer.lab.inside.netlink import HEADER, NETLINK_NETFILTER, attributes
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.tools import ENVIRONMENT, MEMORY_KIB, SESSION, end_process
from explorer.lab.inside.vxlan_tap import EVERY_PROTOCOL
from explorer.network.journeys.gathered import Sighting, Step
from explorer.network.journeys.rules import ARRIVED, OURS, SENT

TRACE_GROUP = 9  # NFNLGRP_NFTRACE, <linux/netfilter/nfnetlink.h>
NFT_SUBSYSTEM, NEW_TRACE = 10, 17  # NFNL_SUBSYS_NFTABLES, NFT_MSG_TRACE
TABLE, CHAIN, HANDLE, TYPE, VERDICT, PACKET, NETWORK, TRANSPORT = 1, 2, 3, 4, 5, 6, 8, 9  # NFTA_TRACE_*
POLICY_ATTRIBUTE = 16
POLICY, RULE = 1, 3  # NFT_TRACETYPE_*
FAMILIES = {
    1: "inet ",
    3: "arp ",
    5: "netdev ",
    7: "bridge ",
    10: "ip6 ",
}  # NFPROTO_*, of the table: what stands before its name
VERDICTS = {0: "drop", 1: "accept", 3: "queue", -1: "continue", -2: "break", -3: "jump", -4: "goto", -5: "return"}
TIMESTAMPS = 35  # SO_TIMESTAMPNS, <asm-generic/socket.h>
CLOCK = struct.Struct("=qq")
SNAP = 256  # bytes that are kept of a frame
MOST = 4_000  # frames, and as many rules, in one namespace
BUFFER = 2 * 1024 * 1024
READY_SECONDS = 3.0
AT_ONCE = 256


class Trace:
    """Collects between `begin` and `end`. `sightings` and `steps` hold all packets that were seen, not only the packet of the
    journey. Without `rules` only frames are watched, which needs a socket and no program."""

    def __init__(self, place: str, namespace: Namespace, rules: bool = True, most: int = MOST) -> None:
        self.place, self.rules, self.most = place, rules, most
        self.sightings: list[Sighting] = []
        self.steps: list[Step] = []
        self.note = ""
        self.namespace = namespace
        self._sockets: list[socket.socket] = []
        self._nft: asyncio.subprocess.Process | None = None
        self._frame = bytearray(SNAP)
        self._loop = asyncio.get_running_loop()

    async def begin(self, matches: Sequence[str]) -> None:
        """Starts to watch. `matches` are nftables expressions of the packets to trace."""
        taps = self.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
        self._sockets.append(taps)
        taps.setsockopt(socket.SOL_SOCKET, TIMESTAMPS, 1)
        taps.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._loop.add_reader(taps.fileno(), self._frames, taps)
        if not self.rules:
            return
        traces = self.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self._sockets.append(traces)
        traces.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        traces.bind((0, 1 << (TRACE_GROUP - 1)))
        self._loop.add_reader(traces.fileno(), self._trace, traces)
        await self._mark(matches)

    async def end(self) -> None:
        for one in self._sockets:
            self._deafen(one)
        self._sockets.clear()
        if self._nft:
            await end_process(self._nft)

    def _deafen(self, one: socket.socket) -> None:
        """Stops reading, so that a flood costs no more work in this process."""
        with suppress(OSError, ValueError):
            self._loop.remove_reader(one.fileno())
        one.close()

    # --- our table ---

    async def _mark(self, matches: Sequence[str]) -> None:
        starting = asyncio.create_subprocess_exec(
            *SESSION,
            "nsenter",
            f"--net=/proc/self/fd/{self.namespace.fd}",
            "prlimit",
            f"--as={MEMORY_KIB * 1024}",
            "nft",
            "-i",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=[self.namespace.fd],
            env=ENVIRONMENT,
        )
        try:
            async with asyncio.timeout(READY_SECONDS):
                self._nft = nft = await starting
                if nft.stdin is None or nft.stdout is None:
                    raise ConnectionError
                nft.stdin.write(f"{table(matches)}\nlist table inet {OURS}\n".encode())
                said = b""
                while b"nftrace set 1" not in said.partition(f"chain {SENT}".encode())[2]:  # until the table is active
                    piece = await nft.stdout.read(4096)
                    if not piece:
                        raise ConnectionError
                    said = (said + piece)[-16384:]
        except (TimeoutError, OSError, ConnectionError):
            self.note = f"The rules of {self.place} could not be traced; frames are shown all the same."

    # --- what comes ---

    def _frames(self, taps: socket.socket) -> None:
        try:
            for _ in range(AT_ONCE):
                length, ancillary, _flags, address = taps.recvmsg_into([self._frame], 128, socket.MSG_TRUNC)
                if len(self.sightings) >= self.most:
                    self.note = f"More than {self.most:,} frames passed {self.place}; the later ones were not looked at."
                    return self._deafen(taps)
                at = next((_nanoseconds(told) for level, kind, told in ancillary if kind == TIMESTAMPS), 0)
                way = "out" if address[2] == socket.PACKET_OUTGOING else "in"
                data = bytes(self._frame[: min(length, SNAP)])
                self.sightings.append(Sighting(at, self.place, address[0], way, data, length))  # type: ignore[arg-type]
        except BlockingIOError:
            return None
        except OSError:
            self._loop.remove_reader(taps.fileno())

    def _trace(self, traces: socket.socket) -> None:
        try:
            for _ in range(AT_ONCE):
                for step in read_steps(self.place, traces.recv(65536)):
                    if len(self.steps) >= self.most:
                        self.note = f"{self.place} met more than {self.most:,} rules; the later ones were not written down."
                        return self._deafen(traces)
                    self.steps.append(step)
        except BlockingIOError:
            return None
        except OSError:  # messages were lost: the earlier ones are kept, and a note says that some are missing
            self.note = f"{self.place} met more rules than could be written down."


def table(matches: Sequence[str]) -> str:
    """Our table as one line of nft. Its chains come before all other chains, so a packet is traced from its first rule on."""
    rule = " ".join(f"{match} meta nftrace set 1;" for match in matches)
    first, sent = (f"type filter hook {hook} priority -400;" for hook in ("prerouting", "output"))
    return f"table inet {OURS} {{ flags owner; chain {ARRIVED} {{ {first} {rule} }}; chain {SENT} {{ {sent} {rule} }}; }}"


def _nanoseconds(told: bytes) -> int:
    if len(told) < CLOCK.size:
        return 0
    seconds, rest = CLOCK.unpack_from(told)
    return int(seconds * 1_000_000_000 + rest)


def read_steps(place: str, data: bytes) -> Iterator[Step]:
    """The steps in one datagram; other messages are skipped."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = HEADER.unpack_from(data, at)
        if length < HEADER.size:
            return
        if kind == NFT_SUBSYSTEM << 8 | NEW_TRACE:
            with suppress(struct.error, KeyError, IndexError):
                family = FAMILIES.get(data[at + HEADER.size], "")
                yield _step(place, family, dict(attributes(data[at + HEADER.size + 4 : at + length])))
        at += (length + 3) & ~3


def _step(place: str, family: str, told: dict[int, bytes]) -> Step:
    kind, name = _number(told[TYPE]), _text(told[TABLE])
    verdict = dict(attributes(told.get(VERDICT, b"")))
    code = struct.unpack(">i", verdict[1])[0] if 1 in verdict else 0
    if kind == POLICY:
        code = _number(told[POLICY_ATTRIBUTE])
    return Step(
        place=place,
        packet=_number(told[PACKET]),
        table=name if name == OURS else family + name,
        chain=_text(told.get(CHAIN, b"")),
        handle=int.from_bytes(told.get(HANDLE, b"")) if kind == RULE else 0,
        verdict=VERDICTS.get(code, str(code)),
        target=_text(verdict.get(2, b"")),
        policy=kind == POLICY,
        network=told.get(NETWORK, b""),
        transport=told.get(TRANSPORT, b""),
    )


def _number(data: bytes) -> int:
    return int(struct.unpack(">I", data)[0])


def _text(data: bytes) -> str:
    """A name from the kernel as printable text. nft makes only plain names, but over netlink a name may hold any bytes."""
    told = data.partition(b"\0")[0].decode("ascii", "replace")[:128]
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in told)
