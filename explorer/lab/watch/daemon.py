"""Follows one host's own daemon: its state after every event, its events in words, and an error when it is dead."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from explorer.lab.inside.allowance import Account
from explorer.lab.inside.host_engine import DOCKER, HostEngine
from explorer.lab.inside.inner import read_daemon
from explorer.lab.inside.pace import Pace, Quiet
from explorer.lab.inside.unix_http import SECONDS, BadAnswer, Connect, Exchange, start
from explorer.lab.watch.happenings import Deed, deed_of, describe, plain
from explorer.network.model import DockerState
from explorer.network.writes.pools import own_pool

NAMES_KEPT = 2_000
LINE_BYTES = 64 * 1024
IGNORED = ("exec_", "health_status", "top", "attach", "resize")
RETRY_FIRST, RETRY_LONGEST = 0.25, 2.0
RECHECK = 10.0  # seconds after which the state is read again, in case the daemon stopped sending events


class Daemon:
    """`state` is what the daemon said last. When the daemon is dead, `state` keeps the last names and has `error`, because
    the containers may still run. `asked_at` is the Unix time at which its last answer was asked for. `engine_id` reads the
    engine's ID, "" where it does not show."""

    def __init__(
        self,
        host: str,
        connect: Connect,
        changed: Callable[[], None],
        said: Callable[[str, str, Deed | None], None],
        account: Account | None = None,
        engine: HostEngine = DOCKER,
        engine_id: Callable[[], str] = str,
    ) -> None:
        self.state = DockerState(host=host, engine=engine.kind)
        self._engine = engine
        self.asked = False
        self.asked_at = 0.0
        self._wanted_at = 0.0
        self._connect, self._changed, self._said = connect, changed, said
        self._account, self._engine_id = account or Account(), engine_id
        self._quiet = Quiet(0.01, 0.05)
        self._pace = Pace(30, 4.0)
        self._words, self._of_projects = Pace(60, 5.0), Pace(400, 20.0)
        self._names: dict[str, str] = {}

    def refresh(self) -> None:
        self._quiet.touch()

    def ask_after(self, at: float) -> None:
        """Asks again at this Unix time. The answer is reported even when it is the same as before."""
        if at > self._wanted_at:
            self._wanted_at = at
            asyncio.get_running_loop().call_later(max(0.0, at - time.time()), self.refresh)

    def end(self, why: str) -> None:
        """Sets `error`: the host is gone or has stopped."""
        self._take(DockerState(host=self.state.host, engine=self._engine.kind, error=why), True)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_reading())
            tasks.create_task(self._keep_listening())

    async def _keep_reading(self) -> None:
        self.refresh()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RECHECK):
                    await self._quiet.settled()
            await self._pace.turn()
            began = time.time()
            state = await read_daemon(self.state.host, self._connect, self._account, self._engine)
            if state.engine == "docker" and any(network.ipv6 for network in state.networks):
                state = state.model_copy(update={"pool6": own_pool(await self._account.aside(self._engine_id))})
            self._take(state, await self._account.aside(state.__ne__, self.state))
            if not state.error:
                waited = self.asked_at < self._wanted_at <= began
                self.asked_at = began
                if waited:
                    self._changed()

    def _take(self, state: DockerState, differs: bool) -> None:
        if state.error and not state.containers and not state.networks:
            differs = state.error != self.state.error
            state = self.state.model_copy(update={"error": state.error})
        if state.cut and not self.state.cut:
            self._said(f"{state.host} names more networks or containers than are shown here", "", None)
        if differs or not self.asked:
            self.state, self.asked = state, True
            self._names = {container.id: container.name for container in state.containers}
            self._changed()

    async def _keep_listening(self) -> None:
        wait = RETRY_FIRST
        while True:
            try:
                async with asyncio.timeout(SECONDS):
                    exchange = await start(self._connect, "GET", self._engine.events, account=self._account)
                try:
                    if exchange.status == 200:
                        wait = RETRY_FIRST
                        self.refresh()  # for changes from before the listening began
                        async for event in decoded_lines(exchange):
                            self._heard(self._engine.event(event))
                finally:
                    exchange.close()
            except (BadAnswer, TimeoutError):
                pass
            self.refresh()
            await asyncio.sleep(wait)
            wait = min(wait * 2, RETRY_LONGEST)

    def _heard(self, event: Any) -> None:
        action = event.get("Action") if isinstance(event, dict) else None
        if not isinstance(action, str) or action.startswith(IGNORED):
            return
        self.refresh()
        if event.get("Type") == "container":
            self._remember(event.get("Actor"))
        sentence, detail = describe(event, self._names)
        if not sentence:
            return
        deed = deed_of(event)
        if (self._of_projects if deed and deed.project else self._words).allows():
            self._said(sentence, detail, deed)

    def _remember(self, actor: Any) -> None:
        """Keeps the name of a new container: an event of a network may name the container before the daemon was
        asked for it."""
        facts = actor.get("Attributes") if isinstance(actor, dict) else None
        if isinstance(facts, dict) and isinstance(actor.get("ID"), str) and len(self._names) < NAMES_KEPT:
            self._names[actor["ID"][:64]] = plain(facts.get("name"))


async def decoded_lines(exchange: Exchange) -> AsyncIterator[Any]:
    """One JSON value per line. The time of decoding and of what is done with the value counts as busy time of the exchange.
    Raises BadAnswer for a line that is too long or not JSON."""
    rest = b""
    async for piece in exchange.body():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.strip():
                began = time.perf_counter()
                try:
                    event = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise BadAnswer("its events are not JSON") from error
                yield event
                exchange.busy += time.perf_counter() - began
                await exchange.pause()
        if len(rest) > LINE_BYTES:
            raise BadAnswer("an event of its is too long")
