"""Terminals of one sandbox: shells on the node, carried to browsers through a ring of bytes in Redis.

A terminal outlives its page by five minutes. A page that draws slowly slows its shell down; without a page the shell runs
on at a bounded rate and the ring keeps the end of what it said. An entry's id is the offset of the byte after it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import redis.asyncio as redis_asyncio
import structlog
from redis.exceptions import ResponseError

from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError, LabError
from explorer.lab.hangup import hang_up
from explorer.lab.hosts import object_name
from explorer.lab.terminals import MARK, Terminal, find_group
from explorer.lab.unix_http import BadAnswer, to_path
from explorer.sandboxes.events import (
    TERMINAL_KEPT_BYTES,
    AcknowledgeTerminal,
    CloseTerminal,
    OpenTerminal,
    ResizeTerminal,
    TerminalFacts,
    TerminalsChanged,
    TypeInTerminal,
    terminal_key,
    terminals_key,
)
from explorer.sandboxes.streams import RedisError

log = structlog.get_logger(__name__)

MOST = 8  # open at once in one sandbox
MOST_LISTED = 24  # with those that have closed
WINDOW = TERMINAL_KEPT_BYTES * 3 // 4  # unacknowledged bytes before the shell has to wait
PIECE = 16 * 1024
SMALL, GAP = 4096, 0.005  # less than SMALL is sent at most every GAP seconds
ALONE_RATE = 256 * 1024  # bytes per second while nobody looks
SILENT_AFTER = 10.0  # a page that acknowledges nothing for so long is not there
LIFE = 300.0  # seconds without a page
LOOK_EVERY = 15.0
TYPED_WAITING = 256
KEPT_AFTER_CLOSE = 15 * 60
ANY = OpenTerminal | TypeInTerminal | ResizeTerminal | AcknowledgeTerminal | CloseTerminal
ENDED = "The shell has ended."
LEFT = "Closed after five minutes without a page."


class Ring:
    """The last bytes of one terminal, in a stream bounded by bytes."""

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
            pipe.xadd(self.key, {"o": begin, "d": data}, id=f"{self.offset}-0")
            pipe.xtrim(self.key, minid=f"{self._kept[0][0]}-0", approximate=False)
            pipe.expire(self.key, 24 * 3600)
            await pipe.execute()

    async def end(self, reason: str) -> None:
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.xadd(self.key, {"o": self.offset, "x": reason}, id=f"{self.offset}-1")
            pipe.expire(self.key, KEPT_AFTER_CLOSE)
            await pipe.execute()


class Shell:
    """One terminal: what is typed goes in, what is said goes into the ring."""

    def __init__(self, redis: redis_asyncio.Redis, order: OpenTerminal) -> None:
        self.order = order
        self.ring = Ring(redis, order.terminal)
        self.redis = redis
        self.typed: asyncio.Queue[TypeInTerminal | ResizeTerminal] = asyncio.Queue(TYPED_WAITING)
        self.acked, self.attached = 0, False
        self.acknowledged = asyncio.Event()
        self.seen_at = time.monotonic()
        self._said = bytearray()
        self._more, self._room = asyncio.Event(), asyncio.Event()
        self._over = False

    async def run(self, config: LabConfig) -> str:
        """Until it ends; why it ended."""
        order = self.order
        terminal = await Terminal.open(config, order.sandbox, order.place, order.columns, order.rows)
        tasks = [
            asyncio.create_task(work) for work in (self._listen(terminal), self._carry(), self._write(terminal), self._watch())
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
                while len(self._said) >= 4 * PIECE:  # the pty fills up, and whoever writes to it waits
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
        while True:
            order = await self.typed.get()
            if isinstance(order, ResizeTerminal):
                await terminal.resize(order.columns, order.rows)
                continue
            try:
                await terminal.write(order.data.encode())
            except HostError as error:  # its program reads nothing; the shell is not to blame
                log.info("typed in vain", terminal=order.terminal, error=str(error))

    async def _watch(self) -> str:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if await self._is_read():
                self.seen_at = time.monotonic()
            if time.monotonic() - self.seen_at > LIFE:
                return LEFT

    async def _is_read(self) -> bool:
        """Somebody waits for the next entry: Redis knows when the key was last asked for. Our own writing counts too, but
        then a page that is there acknowledges."""
        if self.ring.offset > self.acked:
            return False
        idle = await self.redis.object("IDLETIME", self.ring.key)
        return idle is not None and int(idle) < 2 * LOOK_EVERY

    def take(self, order: ANY) -> None:
        self.seen_at = time.monotonic()
        if isinstance(order, AcknowledgeTerminal):
            self.acked = max(self.acked, min(order.offset, self.ring.offset))
            self.attached = True
            self.acknowledged.set()
        elif isinstance(order, TypeInTerminal | ResizeTerminal):
            try:
                self.typed.put_nowait(order)
            except asyncio.QueueFull:
                log.warning("typed faster than the shell reads; dropped", terminal=order.terminal)


class Terminals:
    """All terminals of one sandbox. `tell` publishes an event."""

    def __init__(
        self,
        redis: redis_asyncio.Redis,
        config: LabConfig,
        sandbox: str,
        tell: Callable[[TerminalsChanged], Awaitable[None]],
    ) -> None:
        self.redis, self.config, self.sandbox, self.tell = redis, config, sandbox, tell
        self.facts: dict[str, TerminalFacts] = {}
        self.shells: dict[str, Shell] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def remember(self) -> None:
        """Tabs of before: those that have closed are still shown until somebody closes their tab."""
        raw = await self.redis.hgetall(terminals_key(self.sandbox))  # type: ignore[misc]
        known = [TerminalFacts.model_validate_json(value) for value in raw.values()]
        self.facts = {facts.id: facts for facts in known if not facts.open} | self.facts

    def take(self, order: ANY) -> None:
        """Never waits: one slow shell holds up nobody else."""
        if isinstance(order, OpenTerminal):
            if order.terminal not in self.facts:
                self.facts[order.terminal] = TerminalFacts(id=order.terminal, place=order.place)
                self.tasks[order.terminal] = asyncio.create_task(self._serve(order), name=f"terminal {order.terminal}")
        elif isinstance(order, CloseTerminal):
            self._dismiss(order.terminal)
        elif shell := self.shells.get(order.terminal):
            shell.take(order)

    async def _serve(self, order: OpenTerminal) -> None:
        shell = Shell(self.redis, order)
        reason = ENDED
        try:
            if len(self.shells) >= MOST:
                reason = f"This sandbox already has {MOST} open terminals. Close one first."
                return
            self.shells[order.terminal] = shell
            await self._publish(order.terminal)
            reason = await shell.run(self.config)
        except LabError as error:
            reason = str(error)
        except (RedisError, OSError) as error:
            log.warning("terminal lost", terminal=order.terminal, error=str(error))
            reason = "The connection to this shell was lost. That is ours; open a new one."
        except asyncio.CancelledError:
            reason = ""
            raise
        finally:
            self.shells.pop(order.terminal, None)
            if reason:
                await self._close(order.terminal, shell.ring, reason)

    async def _close(self, terminal: str, ring: Ring, reason: str) -> None:
        self.tasks.pop(terminal, None)
        if facts := self.facts.get(terminal):
            self.facts[terminal] = facts.model_copy(update={"open": False, "reason": reason[:300]})
        for old in [name for name, known in self.facts.items() if not known.open][:-MOST_LISTED]:
            del self.facts[old]
            await self.redis.hdel(terminals_key(self.sandbox), old)  # type: ignore[misc]
        try:
            with suppress(ResponseError):
                await ring.end(reason)
            await self._publish(terminal)
        except (RedisError, OSError) as error:
            log.warning("terminal end not told", terminal=terminal, error=str(error))

    def _dismiss(self, terminal: str) -> None:
        """Somebody closed its tab: the shell ends and the tab goes."""
        task = self.tasks.pop(terminal, None)
        known = self.facts.pop(terminal, None)
        shell = self.shells.get(terminal)
        if known:
            self.tasks[f"close {terminal}"] = asyncio.create_task(self._forget(terminal, task, shell))

    async def _forget(self, terminal: str, task: asyncio.Task[None] | None, shell: Shell | None) -> None:
        try:
            if task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            if shell:
                await shell.ring.end("Closed.")
            await self._publish(terminal)
        finally:
            self.tasks.pop(f"close {terminal}", None)

    async def _publish(self, terminal: str) -> None:
        key = terminals_key(self.sandbox)
        if facts := self.facts.get(terminal):
            await self.redis.hset(key, terminal, facts.model_dump_json())  # type: ignore[misc]
        else:
            await self.redis.hdel(key, terminal)  # type: ignore[misc]
        await self.redis.expire(key, 2 * 24 * 3600)
        await self.tell(TerminalsChanged(terminals=tuple(self.facts.values())))

    async def close_all(self, reason: str) -> None:
        """Every shell ends and says why; their tabs stay, closed."""
        tasks = list(self.tasks.values())
        shells = dict(self.shells)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for terminal, shell in shells.items():
            await self._close(terminal, shell.ring, reason)


async def bury(redis: redis_asyncio.Redis, sandbox: str, reason: str) -> TerminalsChanged | None:
    """Marks terminals closed that a relay which is no more had left open; None when there were none."""
    raw = await redis.hgetall(terminals_key(sandbox))  # type: ignore[misc]
    known = [TerminalFacts.model_validate_json(value) for value in raw.values()]
    dead = {facts.id for facts in known if facts.open}
    if not dead:
        return None
    buried = [facts.model_copy(update={"open": False, "reason": reason}) if facts.open else facts for facts in known]
    for facts in buried:
        if facts.id in dead:
            last = await redis.xrevrange(terminal_key(facts.id), count=1)
            top = int(last[0][0].split(b"-")[0]) if last else 0
            with suppress(ResponseError):  # it had ended; only its tab had not heard
                await redis.xadd(terminal_key(facts.id), {"o": top, "x": reason}, id=f"{top}-1")
            await redis.expire(terminal_key(facts.id), KEPT_AFTER_CLOSE)
            await redis.hset(terminals_key(sandbox), facts.id, facts.model_dump_json())  # type: ignore[misc]
    return TerminalsChanged(terminals=tuple(buried))


async def end_shells(config: LabConfig, sandbox: str, places: Iterable[str]) -> int:
    """Ends every shell of ours in these hosts and machines: a shell outlives a relay that was killed."""
    ended = 0
    for place in places:
        try:
            found = await find_group(to_path(str(config.socket)), object_name(config, sandbox, place), place)
            ended += await asyncio.to_thread(hang_up, found.group, f"{MARK}=")
        except (LabError, BadAnswer, OSError) as error:
            log.info("shells not looked for", sandbox=sandbox, place=place, error=str(error))
    return ended
