"""Uvicorn that does not wait for ever for a request: `python -m explorer.launch.uvicorn_web` takes uvicorn's own arguments.

Uvicorn ends an idle connection, but keeps one on which half a request has come. A few hundred of these use up what a process
may have open.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import config
from uvicorn.main import main
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0  # for the request line and headers, from the connection or the first byte of the next request
BODY_SECONDS = 120.0  # for the body after them


class PatientProtocol(HttpToolsProtocol):
    deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
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
