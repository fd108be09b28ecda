"""Follows a LAN machine's own log through the node's engine: the newest lines, bounded, as the view "requests"."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from explorer.lab.inside.allowance import Account
from explorer.lab.inside.pace import Pace
from explorer.lab.inside.unix_http import SECONDS, BadAnswer, Connect, start
from explorer.network.model import Observation
from explorer.network.read.requests import read_requests

LINES_KEPT = 200
LINE_BYTES = 2_048
RETRY = 1.0


class Lines:
    """Turns the engine's log frames into the last lines. Frames may be cut anywhere; a line that is too long is cut."""

    def __init__(self) -> None:
        self.kept: deque[str] = deque(maxlen=LINES_KEPT)
        self._header = b""
        self._left = 0
        self._line = bytearray()

    def feed(self, data: bytes) -> bool:
        """True when a line is complete."""
        finished = False
        while data:
            if not self._left:
                need = 8 - len(self._header)
                self._header, data = self._header + data[:need], data[need:]
                if len(self._header) == 8:
                    self._left = struct.unpack(">BxxxI", self._header)[1]
                    self._header = b""
                continue
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            *lines, rest = piece.split(b"\n")
            if len(lines) > LINES_KEPT:  # the others would be dropped at once, also the one that began before
                lines = lines[-LINES_KEPT:]
                self._line.clear()
            for line in lines:
                self._line += line
                self.kept.append(bytes(self._line[:LINE_BYTES]).decode("utf-8", "replace"))
                self._line.clear()
                finished = True
            self._line += rest[: max(0, LINE_BYTES - len(self._line))]
        return finished


async def follow(
    engine: Connect, container: str, logged: Callable[[Observation], None], account: Account | None = None
) -> None:
    """Runs until cancelled. When the log ends it is asked for again, because the machine may be starting or the engine busy."""
    account = account or Account()
    logged(read_requests(""))
    while True:
        with suppress(BadAnswer, TimeoutError):
            await _follow_once(engine, container, logged, account)
        await asyncio.sleep(RETRY)


async def _follow_once(engine: Connect, container: str, logged: Callable[[Observation], None], account: Account) -> None:
    lines, pace = Lines(), Pace(20, 4.0)
    async with asyncio.timeout(SECONDS):
        path = f"/containers/{container}/logs?follow=1&stdout=1&tail={LINES_KEPT}"
        exchange = await start(engine, "GET", path, account=account)
    try:
        if exchange.status != 200:
            raise BadAnswer(f"it answered {exchange.status}")
        async for piece in exchange.body():
            if await account.aside(lines.feed, piece):
                await pace.turn()
                logged(await account.aside(read_requests, "".join(f"{line}\n" for line in lines.kept)))
    finally:
        exchange.close()
