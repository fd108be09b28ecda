"""One terminal in the relay: writes the shell's output to Redis, and typed bytes to the shell.

The stream in Redis keeps the last bytes of the output; an entry's id is the offset of the byte after it. When the page draws
slowly, the shell has to wait. All shells of a sandbox together print 2 MiB at once and then 512 KiB per second; all sandboxes
that print more than that share 1 MiB per second. Without a page a shell runs on at a lower rate, and is ended after five
minutes.

Typed bytes wait here until the shell reads them. The relay reports how many were read, and the web side sends at most
`TYPED_AHEAD` bytes beyond that. When a web side sends far too much, the shell is ended and says why.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

import redis.asyncio as redis_asyncio
import structlog

from explorer.lab.ask.terminals import Terminal
from explorer.lab.config import LabConfig
from explorer.lab.inside.allowance import Account, Exceeded, Rates
from explorer.sandboxes.events import TERMINAL_KEPT_BYTES, TYPED_AHEAD, TYPED_TOLD, taken_key, terminal_key
from explorer.sandboxes.orders import OpenTerminal

log = structlog.get_logger(__name__)

WINDOW = TERMINAL_KEPT_BYTES * 3 // 4  # unacknowledged bytes before the shell has to wait
PIECE = 16 * 1024
WRITTEN = 4 * 1024  # typed bytes given to the shell at once
SMALL, GAP = 4096, 0.005  # less than SMALL is sent at most every GAP seconds
PRINTED = Rates(rate=512 * 1024, burst=2 * 1024 * 1024, together=1024 * 1024, most_debt=1024 * 1024)  # bytes of output
PIECE_AT_LEAST = 2048  # bytes as which a smaller piece counts
ALONE_RATE = 256 * 1024  # bytes per second while nobody looks
SILENT_AFTER = 10.0  # a page that acknowledges nothing for this long counts as gone
LIFE = 300.0  # seconds without a page
LOOK_EVERY = 15.0
# bytes that may wait for a shell; more than TYPED_AHEAD, because pages count in steps and each for itself
TYPED_MOST = 8 * TYPED_AHEAD
KEPT_AFTER_CLOSE = 15 * 60
ENDED = "The shell has ended."
LEFT = "Closed after five minutes without a page."
FLOODED = "Closed: more was typed than its program takes."


printed = Exceeded(PRINTED)  # the allowances of output are apart from those of what is seen


class Ring:
    """The last output bytes of one terminal, in a Redis stream that is bounded in bytes."""

    def __init__(self, redis: redis_asyncio.Redis, terminal: str) -> None:
        self.redis, self.key = redis, terminal_key(terminal)
        self.offset = 0
        self._kept: deque[tuple[int, int]] = deque()  # (offset after it, size)
        self._bytes = 0

    async def append(self, data: bytes) -> None:
        begin, self.offset = self.offset, self.offset + len(data)
        self._kept.append((self.offset, len(data)))
        self._bytes += len(data)
        while self._bytes > TERMINAL_KEPT_BYTES:
            self._bytes -= self._kept.popleft()[1]
        async with self.redis.pipeline(transaction=False) as pipe:
            oldest = f"{self._kept[0][0]}-0"  # adding and trimming are one command: nobody sees more than the bound
            pipe.xadd(self.key, {"o": begin, "d": data}, id=f"{self.offset}-0", minid=oldest, approximate=False)
            pipe.expire(self.key, 24 * 3600)
            await pipe.execute()

    async def end(self, reason: str) -> None:
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.xadd(self.key, {"o": self.offset, "x": reason}, id=f"{self.offset}-1")
            pipe.expire(self.key, KEPT_AFTER_CLOSE)
            await pipe.execute()


class Shell:
    """One terminal: typed bytes go to the shell, its output goes to the ring."""

    def __init__(self, redis: redis_asyncio.Redis, terminal: str, account: Account | None = None) -> None:
        self.terminal = terminal
        self.account = account or Account(printed)
        self.ring = Ring(redis, terminal)
        self.redis = redis
        self.typed = bytearray()  # what waits for the shell
        self.taken = self.taken_told = 0
        self.size: tuple[int, int] | None = None  # the last one asked for, until the shell has it
        self._typing, self._sizing, self._flooded = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.acked, self.attached = 0, False
        self.acknowledged = asyncio.Event()
        self.seen_at = time.monotonic()
        self._said = bytearray()
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._over = False

    async def run(self, config: LabConfig, sandbox: str, wish: OpenTerminal) -> str:
        """Runs until the shell ends; returns why it ended."""
        terminal = await Terminal.open(config, sandbox, wish.place, wish.columns, wish.rows)
        tasks = [
            asyncio.create_task(work)
            for work in (
                self._listen(terminal),
                self._carry(),
                self._write(terminal),
                self._resize(terminal),
                self._watch(),
                self._refuse_flood(),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks[1:], return_when=asyncio.FIRST_COMPLETED)
            return next((reason for task in done if (reason := task.result())), "") or terminal.reason or ENDED
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await terminal.close()

    async def _listen(self, terminal: Terminal) -> None:
        try:
            while data := await terminal.read():
                self._said += data
                self._more.set()
                while len(self._said) >= 4 * PIECE:  # the pty becomes full, and programs that write to it wait
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._over = True
            self._more.set()

    async def _carry(self) -> str:
        last = 0.0
        while True:
            await self._more.wait()
            if len(self._said) < SMALL and (early := last + GAP - time.monotonic()) > 0 and not self._over:
                await asyncio.sleep(early)
            data = bytes(self._said[:PIECE])
            del self._said[:PIECE]
            self._room.set()
            if data:
                await self.ring.append(data)
                last = time.monotonic()
                await asyncio.sleep(self.account.charge(max(len(data), PIECE_AT_LEAST)))
                await self._hold_back(len(data))
            elif self._over:
                return ""
            if not self._said and not self._over:
                self._more.clear()

    async def _hold_back(self, size: int) -> None:
        while self.attached and self.ring.offset - self.acked > WINDOW:
            self.acknowledged.clear()
            try:
                async with asyncio.timeout(SILENT_AFTER):
                    await self.acknowledged.wait()
            except TimeoutError:
                self.attached = False
        if not self.attached and size >= SMALL:
            await asyncio.sleep(size / ALONE_RATE)

    async def _write(self, terminal: Terminal) -> str:
        """Writes typed bytes to the shell. It waits while the program does not read; output and sizes are handled meanwhile."""
        while True:
            await self._typing.wait()
            while data := bytes(self.typed[:WRITTEN]):
                await terminal.write(data)
                del self.typed[: len(data)]
                self.taken += len(data)
                if self.taken - self.taken_told >= TYPED_TOLD:
                    await self._tell_taken()
            self._typing.clear()

    async def _tell_taken(self) -> None:
        await self.redis.set(taken_key(self.terminal), self.taken, ex=24 * 3600)
        self.taken_told = self.taken

    async def _resize(self, terminal: Terminal) -> str:
        while True:
            await self._sizing.wait()
            self._sizing.clear()
            if size := self.size:
                await terminal.resize(*size)

    async def _refuse_flood(self) -> str:
        await self._flooded.wait()
        return FLOODED

    async def _watch(self) -> str:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self.taken != self.taken_told:
                await self._tell_taken()
            if await self._is_read():
                self.seen_at = time.monotonic()
            if time.monotonic() - self.seen_at > LIFE:
                return LEFT

    async def _is_read(self) -> bool:
        """Whether a page waits for output. Redis knows when the key was last used. Our own writes count as use too, but after
        a write a page acknowledges the new bytes.
        """
        if self.ring.offset > self.acked:
            return False
        idle = await self.redis.object("IDLETIME", self.ring.key)
        return idle is not None and int(idle) < 2 * LOOK_EVERY

    # --- orders: none waits ---

    def type(self, data: bytes) -> None:
        self.seen_at = time.monotonic()
        if len(self.typed) + len(data) > TYPED_MOST:
            log.error("more was typed than the web side may give", terminal=self.terminal, waiting=len(self.typed))
            self._flooded.set()
            return
        self.typed += data
        self._typing.set()

    def resize(self, columns: int, rows: int) -> None:
        self.seen_at = time.monotonic()
        self.size = columns, rows
        self._sizing.set()

    def acknowledge(self, offset: int) -> None:
        """A page has drawn every byte before `offset`."""
        self.seen_at = time.monotonic()
        self.acked = max(self.acked, min(offset, self.ring.offset))
        self.attached = True
        self.acknowledged.set()
