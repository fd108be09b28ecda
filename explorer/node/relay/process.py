"""The node's relay process. It looks into every running sandbox of this node, publishes what it sees, and carries out orders.

Each sandbox has a task of its own, which starts again after a pause when it fails; other sandboxes do not notice. The relay
reads from the rows which sandboxes to look into: every second, and at once after the order `look_again`. It does not look into
the sandboxes of comparisons; their columns hold what was measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections
from pydantic import ValidationError

from explorer.lab.compare import run_column
from explorer.lab.watch.commands import Commands
from explorer.network.layout import scenario_of
from explorer.network.scenario import StartWeather
from explorer.network.weather import ENDS
from explorer.node.relay.column_desk import ColumnDesk
from explorer.node.relay.journeys import AT_ONCE
from explorer.node.relay.pulse import Pulse
from explorer.node.relay.sandbox_watch import SandboxWatch, Wanted
from explorer.node.relay.teacher import Standing
from explorer.node.relay.terminals import bury, end_shells
from explorer.node.this_node import lab_config
from explorer.sandboxes import library
from explorer.sandboxes.models import Progress, Sandbox
from explorer.sandboxes.orders import Order, orders_key
from explorer.sandboxes.streams import RedisError, pause_after_trouble, publish_async, redis_async

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
STALE_ORDERS = 3.0  # seconds; orders given while no relay ran are carried out if they are not older
ORDERS_AT_ONCE = 200
EARLY = 200  # orders of one sandbox that wait until it is seen
LONGEST_PAUSE = 10.0
RESTARTED = "The shell ended because this node was restarted. Open a new one; your sandbox is as it was."
OVER = "The shell ended with its sandbox."
CAPTURE_OVER = "It ended because its sandbox was reset or closed, or its node restarted."


class Relay:
    def __init__(self) -> None:
        self.redis = redis_async()
        self.config = lab_config()
        self.commands = Commands(self.config)
        self.watches: dict[str, SandboxWatch] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.wanted: dict[str, Wanted] = {}
        self.early: dict[str, deque[Order]] = {}  # by sandbox: orders given before it is seen (again)
        self.rows_read = False
        self.look = asyncio.Event()
        self.buried: set[str] = set()
        self.tracing = asyncio.Semaphore(AT_ONCE)
        self.columns = ColumnDesk(self.config, run_column)

    async def run(self) -> None:
        """Runs until it is cancelled, then ends all its shells. When the process is killed, the next relay ends what was left
        open.
        """
        await asyncio.to_thread(self.commands.open)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_rows())
                group.create_task(self._follow_orders())
                group.create_task(self.commands.run())
                group.create_task(self.columns.run())
                group.create_task(Pulse(self.redis, settings.NODE_NAME, self.watches, self.commands).run())
        finally:
            await asyncio.gather(*(self._stop(sandbox, RESTARTED) for sandbox in list(self.tasks)), return_exceptions=True)
            await self.redis.aclose()

    # --- rows ---

    async def _follow_rows(self) -> None:
        while True:
            try:
                wanted = {row.sandbox: row for row in await sync_to_async(read_wanted)()}
            except DatabaseError as error:
                log.warning("rows not read", error=str(error))
            else:
                await self._turn_to(wanted)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self.look.wait()
            self.look.clear()

    async def _turn_to(self, wanted: dict[str, Wanted]) -> None:
        before, self.wanted = self.wanted, wanted
        self.rows_read = True
        self.early = {sandbox: orders for sandbox, orders in self.early.items() if sandbox in wanted}
        for sandbox in list(self.tasks):
            now = wanted.get(sandbox)
            if now is None or now.generation != before[sandbox].generation:
                await self._stop(sandbox, OVER if now is None else "The shell ended because the sandbox was reset.")
        for sandbox, row in wanted.items():
            if sandbox not in self.tasks:
                self.tasks[sandbox] = asyncio.create_task(self._keep(row), name=f"sandbox {sandbox}")
            elif watch := self.watches.get(sandbox):
                watch.instruct(row)

    async def _keep(self, row: Wanted) -> None:
        """Watches one sandbox for as long as it is wanted, and begins again after an error."""
        pause = 0.5
        with structlog.contextvars.bound_contextvars(sandbox=row.sandbox):
            await self._bury(row)
            while True:
                began = time.monotonic()
                watch = None
                try:
                    watch = self.watches[row.sandbox] = SandboxWatch(
                        self.redis, self.config, self.wanted[row.sandbox], self.tracing, self.commands
                    )
                    for order in self.early.pop(row.sandbox, ()):
                        watch.take(order)
                    log.info("seeing", generation=row.generation)
                    await watch.run()
                    log.warning("nothing of it is left to see")
                except Exception:
                    log.exception("seeing failed; trying again", pause=pause)
                finally:
                    self.watches.pop(row.sandbox, None)
                    if watch:
                        await watch.captures.end_all(CAPTURE_OVER)
                        await watch.terminals.close_all(OVER)
                pause = 0.5 if time.monotonic() - began > 60 else min(pause * 2, LONGEST_PAUSE)
                await asyncio.sleep(pause)

    async def _bury(self, row: Wanted) -> None:
        """Once for each sandbox: marks the terminals that an earlier relay left open as closed, and ends their shells."""
        sandbox = row.sandbox
        if sandbox in self.buried:
            return
        with contextlib.suppress(RedisError, OSError):
            if ended := await bury(self.redis, sandbox, RESTARTED):
                await publish_async(self.redis, sandbox, ended)
                places = [*row.facts.get("hosts", {}), *row.facts.get("machines", {})]
                log.info("shells of an earlier relay ended", shells=await end_shells(self.config, sandbox, places))
            self.buried.add(sandbox)

    async def _stop(self, sandbox: str, reason: str) -> None:
        task = self.tasks.pop(sandbox)
        self.early.pop(sandbox, None)
        if watch := self.watches.get(sandbox):
            with contextlib.suppress(RedisError, OSError):
                await watch.captures.end_all(CAPTURE_OVER)
                await watch.terminals.close_all(reason)
                async with watch.turn:
                    events = list(watch.telling.take())
                for event in events:
                    await publish_async(self.redis, sandbox, event)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    # --- orders ---

    async def _follow_orders(self) -> None:
        key = orders_key(settings.NODE_NAME)
        last = ""
        tries = 0
        while True:
            try:
                last = last or await self._first_order(key)
                found = await self.redis.xread({key: last}, count=ORDERS_AT_ONCE, block=5000)
                tries = 0
            except (RedisError, OSError) as error:
                log.warning("orders not read", error=str(error))
                await pause_after_trouble(tries)
                tries += 1
                continue
            entries = found[0][1] if found else ()
            for entry, fields in entries:
                last = entry
                self._take(fields.get(b"m", b""))
            if entries:
                await self._forget_orders(key, entries[-1][0])

    async def _forget_orders(self, key: str, last: bytes) -> None:
        """Deletes the orders up to this one: what a learner types is among them, and is to be kept nowhere."""
        milliseconds, _, number = last.partition(b"-")
        with contextlib.suppress(RedisError, OSError):  # the next orders take it along
            await self.redis.xtrim(key, minid=f"{milliseconds.decode()}-{int(number) + 1}", approximate=False)

    async def _first_order(self, key: str) -> str:
        """The id after which orders are read: those of the last seconds count. When the clock was set back, what an earlier
        relay carried out has ids in the future; then only new ones count.
        """
        now = time.time() * 1000
        newest = await self.redis.xrevrange(key, count=1)
        if newest and int(newest[0][0].split(b"-")[0]) > now + STALE_ORDERS * 1000:
            return str(newest[0][0].decode())
        return f"{int(now - STALE_ORDERS * 1000)}-0"

    def _take(self, entry: bytes) -> None:
        """Calls the method that has the name of the wish's type: of this class if it has one, else of the sandbox's desks."""
        try:
            order = Order.model_validate_json(entry)
        except ValidationError:
            log.warning("an order that is none", size=len(entry))
            return
        if carry_out := getattr(self, order.wish.type, None):
            carry_out()
        elif watch := self.watches.get(order.sandbox):
            watch.take(order)
        elif order.sandbox in self.tasks or not self.rows_read:
            self.early.setdefault(order.sandbox, deque(maxlen=EARLY)).append(order)
        elif order.wish.answered:
            log.warning("an order for a sandbox that is not seen", sandbox=order.sandbox, order=order.wish.type)

    def look_again(self) -> None:
        self.look.set()
        self.columns.look()


def read_wanted() -> list[Wanted]:
    """The sandboxes of this node that are ready or warm, and the progress of their learners. Those of comparisons are left
    out.
    """
    close_old_connections()
    library.refresh()
    states = [Sandbox.State.READY, Sandbox.State.WARM]  # warm ones too: so a page has a snapshot at the moment it opens
    # sandboxes of comparisons are measured (column_desk.py) and not watched: their columns hold what was seen
    rows = list(Sandbox.objects.filter(node_id=settings.NODE_NAME, state__in=states, comparison=None))
    learners = [row.learner_id for row in rows if row.learner_id and row.lesson]
    progress = {(found.learner_id, found.lesson): found for found in Progress.objects.filter(learner__in=learners)}
    return [
        Wanted(
            sandbox=row.pk,
            generation=row.generation,
            learner=row.learner_id,
            lesson=row.lesson,
            in_use=row.state == Sandbox.State.READY,
            facts=row.facts,
            standing=Standing.of(progress.get((row.learner_id, row.lesson)) if row.learner_id else None),
            weather=begins_with(row),
        )
        for row in rows
    ]


def begins_with(row: Sandbox) -> tuple[StartWeather, ...]:
    """The weather of its links from the start: its scenario's, its lesson's, and a copy's from the sandbox that was copied.
    Of one link, the last counts."""
    try:
        kept = [StartWeather.model_validate(one) for one in row.replay.get("weather", ())[:ENDS]] if row.replay else []
        lesson = library.known(row.lesson) if row.lesson else None
        told = (*scenario_of(row.scenario, row.layout).weather, *(lesson.weather if lesson else ()), *kept)
        return tuple({(one.place, one.interface): one for one in told}.values())
    except (ValidationError, KeyError) as error:  # a row of another version of the product
        log.warning("weather not read", sandbox=row.pk, error=str(error))
        return ()
