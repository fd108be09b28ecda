"""The terminals of one sandbox: opens and closes them, and cleans up those that an earlier relay left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import redis.asyncio as redis_asyncio
import structlog
from redis.exceptions import ResponseError

from explorer.lab.ask.terminals import MARK, find_group
from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.lab.hosts.lifecycle import object_name
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.hangup import hang_up
from explorer.lab.inside.unix_http import BadAnswer, to_path
from explorer.node.relay.one_shell import ENDED, KEPT_AFTER_CLOSE, Ring, Shell, printed
from explorer.sandboxes.events import TerminalFacts, TerminalsChanged, terminal_key, terminals_key
from explorer.sandboxes.orders import AcknowledgeTerminal, CloseTerminal, OpenTerminal, ResizeTerminal, TypeInTerminal
from explorer.sandboxes.streams import RedisError

log = structlog.get_logger(__name__)

MOST = 8  # open at once in one sandbox
MOST_LISTED = 24  # with those that have closed


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
        self.account = Account(printed)

    async def remember(self) -> None:
        """Reads the closed terminals from Redis. Pages show their tabs until somebody closes them."""
        raw = await self.redis.hgetall(terminals_key(self.sandbox))  # type: ignore[misc]
        known = [TerminalFacts.model_validate_json(value) for value in raw.values()]
        self.facts = {facts.id: facts for facts in known if not facts.open} | self.facts

    # --- orders: none waits, one slow shell holds up nobody else ---

    def open_terminal(self, terminal: str, wish: OpenTerminal) -> None:
        if terminal not in self.facts:
            self.facts[terminal] = TerminalFacts(id=terminal, place=wish.place)
            shell, room = Shell(self.redis, terminal, self.account), len(self.shells) < MOST
            if room:  # now and not when it has opened, so that what is typed meanwhile waits for it
                self.shells[terminal] = shell
            self.tasks[terminal] = asyncio.create_task(self._serve(shell, wish, room), name=f"terminal {terminal}")

    def close_terminal(self, terminal: str, _: CloseTerminal) -> None:
        """Somebody closed the tab: ends the shell and removes the tab."""
        task = self.tasks.pop(terminal, None)
        known = self.facts.pop(terminal, None)
        shell = self.shells.get(terminal)
        if known:
            self.tasks[f"close {terminal}"] = asyncio.create_task(self._forget(terminal, task, shell))

    def type_in_terminal(self, terminal: str, wish: TypeInTerminal) -> None:
        if shell := self.shells.get(terminal):
            shell.type(wish.data)

    def resize_terminal(self, terminal: str, wish: ResizeTerminal) -> None:
        if shell := self.shells.get(terminal):
            shell.resize(wish.columns, wish.rows)

    def acknowledge_terminal(self, terminal: str, wish: AcknowledgeTerminal) -> None:
        if shell := self.shells.get(terminal):
            shell.acknowledge(wish.offset)

    # --- one terminal's life ---

    async def _serve(self, shell: Shell, wish: OpenTerminal, room: bool) -> None:
        terminal, reason = shell.terminal, ENDED
        try:
            if not room:
                reason = f"This sandbox already has {MOST} open terminals. Close one first."
                return
            await self._publish(terminal)
            reason = await shell.run(self.config, self.sandbox, wish)
        except LabError as error:
            reason = str(error)
        except (RedisError, OSError) as error:
            log.warning("terminal lost", terminal=terminal, error=str(error))
            reason = "The connection to this shell was lost. That is ours; open a new one."
        except asyncio.CancelledError:
            reason = ""
            raise
        finally:
            self.shells.pop(terminal, None)
            if reason:
                await self._close(terminal, shell.ring, reason)

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
        """Ends every shell with this reason. The tabs stay and are marked as closed."""
        tasks = list(self.tasks.values())
        shells = dict(self.shells)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for terminal, shell in shells.items():
            await self._close(terminal, shell.ring, reason)


async def bury(redis: redis_asyncio.Redis, sandbox: str, reason: str) -> TerminalsChanged | None:
    """Marks as closed the terminals that an earlier relay left open. None when there were none."""
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
            with suppress(ResponseError):  # the stream says already that it ended; only the tab is not marked
                await redis.xadd(terminal_key(facts.id), {"o": top, "x": reason}, id=f"{top}-1")
            await redis.expire(terminal_key(facts.id), KEPT_AFTER_CLOSE)
            await redis.hset(terminals_key(sandbox), facts.id, facts.model_dump_json())  # type: ignore[misc]
    return TerminalsChanged(terminals=tuple(buried))


async def end_shells(config: LabConfig, sandbox: str, places: Iterable[str]) -> int:
    """Ends the shells that terminals started in these hosts and machines: they live on when a relay was killed. Returns how
    many.
    """
    ended = 0
    for place in places:
        try:
            found = await find_group(to_path(str(config.socket)), object_name(config, sandbox, place), place)
            ended += await asyncio.to_thread(hang_up, found.group, f"{MARK}=")
        except (LabError, BadAnswer, OSError) as error:
            log.info("shells not looked for", sandbox=sandbox, place=place, error=str(error))
    return ended
