"""Uvicorn that waits for ever neither for a request nor for a client that reads: `python -m explorer.launch.uvicorn_web` takes
uvicorn's own arguments.

Uvicorn ends an idle connection, but keeps one on which half a request has come, and one whose client reads nothing of what was
sent to it. A few hundred of these use up what a process may have open. A client that reads slowly is not cut off.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn import config
from uvicorn.main import main
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0  # for the request line and headers, from the connection or the first byte of the next request
BODY_SECONDS = 120.0  # for the body after them
STUCK_SECONDS = 120.0  # a client that in this time takes nothing of what waits for it is cut off
BYTES_ACKED = struct.Struct("=120xQ")  # in the kernel's `struct tcp_info`


class Stuck:
    """Looks at one connection now and then. Also at a websocket, and at a connection that is closing, which waits until all was
    sent.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self.loop, self.transport = loop, transport
        self.taken = -1
        self._later()

    def _later(self) -> None:
        self.loop.call_later(STUCK_SECONDS, self._look)

    def _look(self) -> None:
        waiting, taken = self.transport.get_write_buffer_size(), taken_by(self.transport)
        if waiting and taken == self.taken:
            self.transport.abort()
        elif waiting or not self.transport.is_closing():
            self.taken = taken if waiting else -1
            self._later()


def taken_by(transport: asyncio.Transport) -> int:
    """How many bytes the other end has acknowledged. 0 where the kernel does not say."""
    try:
        told = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED.size)
        return int(BYTES_ACKED.unpack(told)[0])
    except (OSError, AttributeError, struct.error):
        return 0


class PatientProtocol(HttpToolsProtocol):
    deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        Stuck(self.loop, transport)
        self._within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._within(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._within(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        self._within(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._within(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._within(None)
        super().handle_websocket_upgrade()

    def _within(self, seconds: float | None) -> None:
        """Closes the connection when the next step of the request has not come in this time."""
        if self.deadline is not None:
            self.deadline.cancel()
        self.deadline = self.loop.call_later(seconds, self._give_up) if seconds else None

    def _give_up(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


PROTOCOL = "explorer.launch.uvicorn_web:PatientProtocol"


def run(arguments: list[str] | None = None) -> Any:
    config.HTTP_PROTOCOLS["httptools"] = PROTOCOL
    return main(arguments)


if __name__ == "__main__":
    run()
