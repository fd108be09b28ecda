"""A capture: a packet socket on one interface of one namespace, behind a filter that the kernel applies.

The caller asks for new frames (`take`) a few times a second. The frames and the bytes per second are limited, so that a flood
costs a bounded share of the node. Frames above the limit wait in the kernel's buffer, and the kernel counts the frames that
the buffer cannot hold. After `finish`, `came` is `taken` plus `left_out`.
"""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass

from explorer.lab.errors import NotThere
from explorer.lab.inside.filters import attach_code
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.vxlan_tap import (
    AUXDATA,
    COUNTS,
    ETHERNET,
    EVERY_PROTOCOL,
    LOOPBACK,
    PACKET_AUXDATA,
    PACKET_STATISTICS,
    SOL_PACKET,
)
from explorer.network.packets.captured import Frame
from explorer.network.packets.pcapng import SNAP

BURST, RATE = 500, 200.0  # frames taken at once; frames per second in the long run
BURST_BYTES, BYTE_RATE = 4 * 1024 * 1024, 256 * 1024.0  # the same in bytes
BUFFER = 2 * 1024 * 1024
IGNORE_OUTGOING = 23  # PACKET_IGNORE_OUTGOING, <linux/if_packet.h>
TIMESTAMPS = 35  # SO_TIMESTAMPNS, <asm-generic/socket.h>
CLOCK = struct.Struct("=qq")
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40  # TP_STATUS_…: the kernel took an 802.1Q tag out of the frame
SIOCGIFINDEX = 0x8933
MOST_DRAINED = 65_536


@dataclass(frozen=True, slots=True)
class Bounds:
    """A capture ends at this many frames, bytes or seconds."""

    frames: int
    bytes: int
    seconds: float


FILE = Bounds(2_000, 4 * 1024 * 1024, 300.0)  # all of it is kept
RING = Bounds(1_000_000, 1024 * 1024 * 1024, 3_600.0)  # the newest frames are kept


@dataclass(frozen=True, slots=True)
class Batch:
    """The frames since the last batch. `ended` says why there will be no more; empty while the capture goes on."""

    frames: tuple[Frame, ...] = ()
    ended: str = ""


class Capture:
    """`came` frames have passed the filter so far, `taken` frames were returned, `left_out` frames will not be returned."""

    def __init__(self, namespace: Namespace, place: str, interface: str, code: bytes, bounds: Bounds = FILE) -> None:
        self.place, self.interface, self._namespace, self.bounds = place, interface, namespace, bounds
        self.came = self.taken = self.left_out = self.bytes = 0
        self._allowed, self._allowed_bytes, self._filled = float(BURST), float(BURST_BYTES), time.monotonic()
        self._ends = time.monotonic() + bounds.seconds
        self._socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # receives nothing until it is bound
        try:
            self._open(code)
        except OSError as error:
            self._socket.close()
            if error.errno in (errno.ENODEV, errno.ENXIO):
                raise NotThere(f"{place} has no interface {interface[:20]!r}.") from error
            raise NotThere(f"{interface[:20]!r} of {place} cannot be listened to ({error.strerror or error}).") from error
        except BaseException:
            self._socket.close()
            raise

    def _open(self, code: bytes) -> None:
        opened = self._socket
        attach_code(opened, code)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        opened.setsockopt(socket.SOL_SOCKET, TIMESTAMPS, 1)
        opened.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        if self.interface == "lo":
            opened.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)  # or each frame would be seen twice: leaving and arriving
        self._index = self._look_up()
        opened.bind((self.interface, EVERY_PROTOCOL))
        if opened.getsockname()[3] not in (ETHERNET, LOOPBACK):
            raise NotThere(f"{self.interface} of {self.place} carries no Ethernet frames.")

    def _look_up(self) -> int:
        """The index of the interface with that name now, in the socket's namespace; 0 when there is none."""
        name = self.interface.encode()[:16]
        if not name or len(name) > 15:
            return 0
        try:
            told = fcntl.ioctl(self._socket, SIOCGIFINDEX, struct.pack("16s16x", name))
        except OSError:
            return 0
        return int(struct.unpack_from("=i", told, 16)[0])

    def close(self) -> None:
        self._socket.close()

    def take(self) -> Batch:
        """The frames that are there now. It does not wait."""
        now = time.monotonic()
        self._allowed = min(float(BURST), self._allowed + (now - self._filled) * RATE)
        self._allowed_bytes = min(float(BURST_BYTES), self._allowed_bytes + (now - self._filled) * BYTE_RATE)
        self._filled = now
        frames: list[Frame] = []
        ended = ""
        while self._allowed >= 1 and self._allowed_bytes > 0 and not ended:
            try:
                frame = self._receive()
            except BlockingIOError:
                break
            except OSError:
                break  # the interface went down (reported once), or is gone (tested below)
            self._allowed -= 1
            self._allowed_bytes -= len(frame.data)
            self.taken += 1
            self.bytes += len(frame.data)
            frames.append(frame)
            ended = self._full()
        self._count()
        if not ended and now >= self._ends:
            ended = f"It ended by itself after {self.bounds.seconds / 60:.0f} minutes."
        return Batch(tuple(frames), ended or self._vanished())

    def finish(self) -> None:
        """Counts the frames that still wait as left out."""
        self._count()
        self._drain()

    def _full(self) -> str:
        if self.taken >= self.bounds.frames:
            return f"It ended at {self.bounds.frames:,} packets, which is all that one capture takes."
        if self.bytes >= self.bounds.bytes:
            return f"It ended at {self.bounds.bytes // 1024 // 1024} MiB, which is all that one capture takes."
        return ""

    def _vanished(self) -> str:
        found = self._look_up() if self._namespace.fd >= 0 else 0
        return "" if found and found == self._index else f"It ended because {self.interface} of {self.place} is gone."

    def _count(self) -> None:
        """Reads the kernel's counters, which sets them to zero. After a loss, the frames that still wait are old and are left
        out."""
        try:
            came, lost = COUNTS.unpack(self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, COUNTS.size))
        except OSError:
            return
        self.came += came
        self.left_out += lost
        if lost:
            self._drain()

    def _drain(self) -> None:
        with suppress(OSError):
            for _ in range(MOST_DRAINED):
                self._socket.recv(1)
                self.left_out += 1

    def _receive(self) -> Frame:
        data, ancillary, _flags, address = self._socket.recvmsg(SNAP, 256)
        length, at = len(data), 0
        for level, kind, told in ancillary:
            if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and len(told) >= AUXDATA.size:
                status, length, _kept, _mac, _net, tag, type_ = AUXDATA.unpack_from(told)
                if status & VLAN_VALID:
                    data, length = _with_tag(data, tag, type_ if status & VLAN_TPID_VALID else 0x8100), length + 4
            elif (level, kind) == (socket.SOL_SOCKET, TIMESTAMPS) and len(told) >= CLOCK.size:
                seconds, rest = CLOCK.unpack_from(told)
                at = int(seconds * 1_000_000_000 + rest)
        return Frame(at or time.time_ns(), "out" if address[2] == socket.PACKET_OUTGOING else "in", length, data)


def _with_tag(data: bytes, tag: int, kind: int) -> bytes:
    return data[:12] + struct.pack(">HH", kind, tag) + data[12:]
