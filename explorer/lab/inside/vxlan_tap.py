"""VXLAN on a host's LAN, listened to from outside: a packet socket in the host's namespace, filtered by the kernel.

A few frames a second are taken; when there are more, the kernel counts them, and what is shown says how many were left out.
So a flood costs the node a filter in the kernel and a line of text.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from explorer.lab.inside.filters import attach, udp_port
from explorer.lab.inside.netns import Namespace
from explorer.network.packets.transport import VXLAN_PORT
from explorer.network.read.frames import Captured, Gap, show_frames

KEPT = 32  # entries of the view
EACH_WINDOW, WINDOW = 20, 1.0  # frames taken in so many seconds
TELL_EVERY = 0.2
SNAP = 320  # bytes of a frame: every header of a frame in a frame
BUFFER = 64 * 1024
EVERY_PROTOCOL = 0x0003  # ETH_P_ALL, <linux/if_ether.h>
ETHERNET, LOOPBACK = 1, 772  # ARPHRD_…, <linux/if_arp.h>: links whose frames begin with an Ethernet header
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA = 263, 6, 8  # <linux/socket.h>, <linux/if_packet.h>
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata; the second is the frame's length on the wire
COUNTS = struct.Struct("=II")  # struct tpacket_stats: frames the filter kept, those among them that found no room


class Tap:
    """`observation` is what was seen last; `changed` is called when there is more, not more often than a page can follow."""

    def __init__(self, namespace: Namespace, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._entries: deque[Captured | Gap] = deque(maxlen=KEPT)
        self._numbers = 0
        self._taken = self._rate = 0
        self._window: asyncio.TimerHandle | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._told_at = 0.0
        self.observation = show_frames((), 0, EACH_WINDOW)
        self._loop = asyncio.get_running_loop()
        self._socket = open_tap(namespace)
        self._listen()

    def close(self) -> None:
        for timer in (self._window, self._telling):
            if timer:
                timer.cancel()
        self._deafen()
        self._socket.close()

    def _listen(self) -> None:
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def _deafen(self) -> None:
        with suppress(OSError, ValueError):
            self._loop.remove_reader(self._socket.fileno())

    def _readable(self) -> None:
        self._window = self._window or self._loop.call_later(WINDOW, self._end_window)
        try:
            while self._taken < EACH_WINDOW:
                if captured := self._receive():
                    self._taken += 1
                    self._entries.append(captured)
        except BlockingIOError:
            pass
        except OSError:  # the namespace has gone; whoever holds it finds out
            self._deafen()
        if self._taken >= EACH_WINDOW:
            self._deafen()  # until the window ends
        self._tell_soon()

    def _receive(self) -> Captured | None:
        data, ancillary, _flags, (device, _protocol, kind, hardware, _address) = self._socket.recvmsg(SNAP, 64)
        if hardware not in (ETHERNET, LOOPBACK):
            return None
        length = next(
            (AUXDATA.unpack_from(told)[1] for level, what, told in ancillary if (level, what) == (SOL_PACKET, PACKET_AUXDATA)),
            len(data),
        )
        self._numbers += 1
        leaving = kind == socket.PACKET_OUTGOING
        return Captured(self._numbers, time.time(), device, "out" if leaving else "in", data, length)

    def _end_window(self) -> None:
        """Counts what came in the window, and says what of it was not taken."""
        self._window = None
        full = self._taken >= EACH_WINDOW
        if full:
            self._drain()
        try:
            came, lost = COUNTS.unpack(self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, COUNTS.size))
        except OSError:
            return
        missed = max(0, came - self._taken) if full or lost else 0
        if missed:
            self._leave_out(missed)
        before, self._rate, self._taken = self._rate, came if missed else 0, 0
        if full:
            self._listen()
        if missed or before:
            self._window = self._loop.call_later(WINDOW, self._end_window)  # to see whether it goes on
            self._tell_soon()

    def _leave_out(self, frames: int) -> None:
        last = self._entries[-1] if self._entries else None
        if isinstance(last, Gap):  # nothing was taken since
            self._entries.pop()
            frames += last.frames
        self._entries.append(Gap(self._numbers, frames))

    def _drain(self) -> None:
        """What waits in the buffer is old; the buffer is small, so this ends."""
        with suppress(OSError):
            for _ in range(BUFFER):
                self._socket.recv(1)

    def _tell_soon(self) -> None:
        if self._telling is None:
            wait = max(0.0, self._told_at + TELL_EVERY - time.monotonic())
            self._telling = self._loop.call_later(wait, self._tell)

    def _tell(self) -> None:
        self._telling, self._told_at = None, time.monotonic()
        self.observation = show_frames(tuple(self._entries), self._rate, EACH_WINDOW)
        self._changed()


def open_tap(namespace: Namespace) -> socket.socket:
    """Hears every interface of the namespace, through the filter alone: what slipped in before it is thrown away."""
    opened = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
    try:
        attach(opened, udp_port(VXLAN_PORT, SNAP))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        opened.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        with suppress(BlockingIOError):
            for _ in range(BUFFER):
                opened.recv(1)
        opened.getsockopt(SOL_PACKET, PACKET_STATISTICS, COUNTS.size)  # reading sets them to nothing
    except OSError:
        opened.close()
        raise
    return opened
