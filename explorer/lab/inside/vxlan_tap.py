"""Listens to VXLAN on a host's LAN from outside: a packet socket in the host's namespace with a filter in the kernel.

A few frames per second are taken. When there are more, the kernel counts them, and the view says how many were left out. So a
flood costs the node a filter in the kernel and a line of text.
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
EACH_WINDOW, WINDOW = 20, 1.0  # frames taken in a window, and the window's seconds
TELL_EVERY = 0.2
SNAP = 320  # bytes kept of a frame: enough for all headers of a frame inside a frame
BUFFER = 64 * 1024
EVERY_PROTOCOL = 0x0003  # ETH_P_ALL, <linux/if_ether.h>
ETHERNET, LOOPBACK = 1, 772  # ARPHRD_…, <linux/if_arp.h>: links whose frames begin with an Ethernet header
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA = 263, 6, 8  # <linux/socket.h>, <linux/if_packet.h>
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata; the second is the frame's length on the wire
COUNTS = struct.Struct("=II")  # struct tpacket_stats: frames the filter kept, those among them that found no room


class Tap:
    """The newest frames. `observation` is the view as it was shown last; `changed` is called when there is more, at a bounded
    rate."""

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
        except OSError:  # the namespace is gone; its holder notices it
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
        """Counts the frames of the window, and adds a gap for those that were not taken."""
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
            self._window = self._loop.call_later(WINDOW, self._end_window)  # another window shows whether the flood goes on
            self._tell_soon()

    def _leave_out(self, frames: int) -> None:
        last = self._entries[-1] if self._entries else None
        if isinstance(last, Gap):  # no frame was taken since the last gap
            self._entries.pop()
            frames += last.frames
        self._entries.append(Gap(self._numbers, frames))

    def _drain(self) -> None:
        """Drops the frames that wait in the buffer, which are old. The buffer is small, so this ends."""
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
    """A socket that receives frames of every interface of the namespace through the filter. Frames that came before the
    filter was set are dropped."""
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
