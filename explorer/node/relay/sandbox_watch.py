"""One sandbox in the relay: its observer, events, lesson's checks, terminals, captures, journeys, grids and weather.

While it runs, one task writes to the sandbox's stream, so the numbers and the saved snapshot agree.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import redis.asyncio as redis_asyncio
import structlog

from explorer.lab.ask.measure import is_due
from explorer.lab.config import LabConfig
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.pace import Pace
from explorer.lab.inside.together import until_one_ends
from explorer.lab.watch.commands import Command, Commands
from explorer.lab.watch.happenings import Deed
from explorer.lab.watch.observe import Observer
from explorer.network.differ import Change
from explorer.network.grid import Grid
from explorer.network.model import DockerState, Place
from explorer.network.scenario import StartWeather
from explorer.node.relay.captures import Captures
from explorer.node.relay.grid import GridDesk
from explorer.node.relay.journeys import JourneyDesk
from explorer.node.relay.script_pace import AT_MOST, Pacing
from explorer.node.relay.teacher import Standing, Teacher, find_teacher
from explorer.node.relay.telling import Telling, as_json
from explorer.node.relay.terminals import Terminals
from explorer.node.relay.weather import WeatherDesk
from explorer.sandboxes.events import Event, Happened, fresh_key, snapshot_key, weather_key
from explorer.sandboxes.figures import figures
from explorer.sandboxes.orders import WISH_TYPES, Order
from explorer.sandboxes.past import SnapshotKeeper
from explorer.sandboxes.streams import (
    KEPT_SECONDS,
    Publication,
    RedisError,
    go_on_from,
    pause_after_trouble,
    prepare,
    publish_prepared,
)

log = structlog.get_logger(__name__)

FIRST_LOOK = 1.5  # seconds the first picture may take to become whole
STILL = 0.06  # … and how long nothing may have been added for it to count as whole
SNAPSHOT_GAP = 0.25
BURST, RATE = 100, 60.0  # events at once; events a second over more than a moment
FRESH_EVERY, FRESH_MS = 1.0, 3000  # a page learns within 5 s that nobody looks: this, and the web side looks once a second
JUDGE_AFTER = 0.08
EARLY = 200  # orders that wait until the terminals and captures of an earlier relay are read
PROBE_EVERY = 1.0
MEASURE_REST = 4.0
LATE_EVERY = 2.0
LATE = "More changes here than is followed at once: what this page shows comes late"
IN_TIME = "What this page shows comes without delay again"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the rows say about a sandbox that this relay watches."""

    sandbox: str
    generation: int
    learner: uuid.UUID | None
    lesson: str
    in_use: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)
    weather: tuple[StartWeather, ...] = ()


def handlers_of(*desks: object) -> dict[str, Callable[[str, Any], None]]:
    """Type of a wish → the method of that name. It is called with the id that the wish is about, and the wish. Exactly one
    desk should have each method; a later desk replaces an earlier one.
    """
    return {name: getattr(desk, name) for desk in desks for name in WISH_TYPES if hasattr(desk, name)}


class SandboxWatch:
    """It is also the witness of its observer: the observer calls it with each change."""

    def __init__(
        self, redis: redis_asyncio.Redis, config: LabConfig, wanted: Wanted, tracing: asyncio.Semaphore, commands: Commands
    ) -> None:
        self.redis, self.config = redis, config
        # the lock is held while `telling` is changed, by a thread too; a line that is only added needs no lock
        self.account, self.turn = Account(), asyncio.Lock()
        self.sandbox, self.generation = wanted.sandbox, wanted.generation
        self.telling = Telling(self.sandbox, self.generation, commands.why_not)
        self.commands = commands
        self.keeper = SnapshotKeeper(redis, self.sandbox)
        self.made = {name: made for group in ("hosts", "machines") for name, made in wanted.facts.get(group, {}).items()}
        self.terminals = Terminals(redis, config, self.sandbox, self.tell_line)
        self.observer = Observer(config, self.sandbox, self.generation, wanted.facts, self, self.account)
        self.journeys = JourneyDesk(lambda asked: self.observer.journey(asked), self.tell_line, tracing)
        self.captures = Captures(redis, self.sandbox, lambda *asked: self.observer.capture(*asked), self.tell_line)
        self.tracing = tracing
        self.grids = GridDesk(redis, self.sandbox, self._reach, self.tell_line)
        self.weather = WeatherDesk(
            redis,
            weather_key(self.sandbox, self.generation),
            lambda *asked: self.observer.set_weather(*asked),
            lambda made: self.observer.know_weather(made),
            self.tell_line,
        )
        self.handlers = handlers_of(self.terminals, self.captures, self.journeys, self.grids, self.weather)
        self.early: deque[Order] | None = deque(maxlen=EARLY)
        self.expected = set(self.made)
        self.teacher: Teacher | None = None
        self.anew, self.kept = True, False
        self.wake, self.turned = asyncio.Event(), asyncio.Event()
        self.pace = Pace(BURST, RATE)
        self.pacing = Pacing()
        self.seen_at = 0.0
        self.oldest: float | None = None  # when the oldest change that is not in the stream was seen
        self.instruct(wanted)

    async def _reach(self) -> Grid:
        """A grid follows its packets as a journey does, so it takes the place of a journey on the node. It waits for one."""
        async with self.tracing:
            return await self.observer.reach()

    def instruct(self, wanted: Wanted) -> None:
        """Takes over what the rows say now."""
        self.observer.watched = wanted.in_use
        self.weather.begin_with(wanted.weather)
        before, step = (self.teacher.standing, self.teacher.step) if self.teacher else (None, None)
        self.teacher = find_teacher(wanted.learner, wanted.lesson, wanted.standing, self.teacher)
        if self.teacher and self.teacher.standing != before:
            self.turned.set()
            if self.teacher.step != step:
                self.pacing.moved()

    async def run(self) -> None:
        """Runs until it is cancelled or nothing of the sandbox can be seen any more."""
        with suppress(RedisError, OSError):
            await self.terminals.remember()
            await self.captures.remember()
            await self.weather.remember()
        early, self.early = self.early or (), None
        for order in early:
            self.take(order)
        for name, made in self.made.items():
            self.commands.attend(made["container"], partial(self.heard, name))
        try:
            await until_one_ends(
                self.observer.run(),
                self._write(),
                self._stay_fresh(),
                self._teach(),
                self._probe(),
                self._measure(),
                self._run_scripts(),
                self._say_when_late(),
                self.journeys.run(),
                self.grids.run(),
                self.weather.run(),
            )
        finally:
            for made in self.made.values():
                self.commands.leave(made["container"])

    def heard(self, host: str, command: Command) -> None:
        """A person gave a command. The line is added at once, so it stands before the changes that the command makes."""
        place = self.observer.place_of(host, command.inner)
        if not command.counted:
            self.observer.hear_command(place, command.text)
            self.telling.hear_command(place, command.text)
        self.pacing.moved()
        self.telling.add_line(Happened(source="sandbox" if command.counted else "command", place=place, text=command.text))
        self.wake.set()

    def take(self, order: Order) -> None:
        """Carries out an order and does not wait for it. Until the terminals and captures of an earlier relay have been read,
        orders are kept, so that none is carried out twice.
        """
        if self.early is not None:
            self.early.append(order)
            return
        if hasattr(self.terminals, order.wish.type):
            self.pacing.moved()  # somebody is at a terminal
        self.handlers[order.wish.type](order.about, order.wish)

    # --- what the observer says ---

    async def place_seen(self, place: Place) -> None:
        async with self.turn:
            self.telling.see_place(place)
        self._seen()

    async def place_gone(self, place_id: str) -> None:
        async with self.turn:
            self.telling.lose_place(place_id)
        self._seen()

    async def view_changed(self, change: Change) -> None:
        async with self.turn:
            await self.account.at_once(self.telling.see_view, change)
        self._seen()

    async def docker_changed(self, docker: DockerState) -> None:
        async with self.turn:
            self.telling.see_docker(docker)
        self._seen()

    async def frames_counted(self, place: str, interfaces: Mapping[str, int]) -> None:
        async with self.turn:
            self.telling.see_frames(place, interfaces)
        self.wake.set()

    async def happened(
        self,
        source: Literal["docker", "driver", "kernel", "command", "sandbox", "lesson"],
        place: str,
        text: str,
        detail: str = "",
        deed: Deed | None = None,
    ) -> None:
        async with self.turn:
            self.telling.see_happening(Happened(source=source, place=place, text=text, detail=detail), deed)
        self._seen()

    def _seen(self) -> None:
        self.seen_at = time.monotonic()
        self.oldest = self.oldest or self.seen_at
        self.pacing.moved()
        self.wake.set()
        self.turned.set()

    async def tell_line(self, event: Event) -> None:
        self.telling.add_line(event)
        self.wake.set()

    # --- the stream ---

    async def _write(self) -> None:
        await self._first_look()
        tries = 0
        while True:
            try:
                if self.anew:  # at first, and whenever an event may not have been written
                    self.anew = self.kept = False
                    await go_on_from(self.redis, self.sandbox, self.telling.number)
                    publications = await self._prepared(self.telling.take_all_at_once)
                    self.oldest = None  # now: a change may be seen while these are written
                    for publication in publications:
                        await self._publish(publication)
                    await self._write_snapshot()
                    self.turned.set()  # the teacher judges nothing before there is a snapshot
                tries = 0
                await self._write_changes()
            except (RedisError, OSError) as error:
                log.warning("stream not written", sandbox=self.sandbox, error=str(error))
                self.anew = True
                await pause_after_trouble(tries)
                tries += 1

    async def _first_look(self) -> None:
        """Waits until every host and machine has been read, so that the first snapshot is whole; at most
        `FIRST_LOOK` seconds.
        """
        until = time.monotonic() + FIRST_LOOK
        while (now := time.monotonic()) < until:
            whole = self.telling.sees(self.expected) and now - self.seen_at > STILL
            if whole:
                return
            await asyncio.sleep(0.02)

    async def _write_changes(self) -> None:
        written, stale = time.monotonic(), False
        while not self.anew:
            wait = self.telling.waiting()
            if stale:
                due = max(0.0, written + SNAPSHOT_GAP - time.monotonic())
                wait = due if wait is None else min(wait, due)
            await self._sleep(wait)
            since, publications = self.oldest, await self._prepared(self.telling.take)
            for publication in publications:
                await self._publish(publication)
                stale = True
            if publications:
                self._note_lag(since)
            if stale and time.monotonic() - written >= SNAPSHOT_GAP:
                await self._write_snapshot()
                written, stale = time.monotonic(), False

    def _note_lag(self, since: float | None) -> None:
        """All that was due is in the stream; `since` is when the oldest of it was seen."""
        now = time.monotonic()
        if since is not None:
            figures.observe("explorer_event_lag_seconds", now - since, node=self.config.node)
            self.oldest = None if self.telling.waiting() is None else now

    async def _sleep(self, seconds: float | None) -> None:
        """Waits until something new was seen, at most `seconds`."""
        if seconds is None or seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self.wake.wait()
            except TimeoutError:
                pass
        self.wake.clear()

    async def _prepared(self, take: Callable[[], Iterable[Event]]) -> list[Publication]:
        """The events that are due, ready to be sent. They are made beside the loop; a sandbox that costs too much waits."""
        await self.account.turn()
        async with self.turn:
            return await self.account.at_once(lambda: [prepare(self.sandbox, event) for event in take()])

    async def _publish(self, publication: Publication) -> None:
        await self.pace.turn()
        self.telling.number, size = await publish_prepared(self.redis, publication)
        self.keeper.passed(size)

    async def _write_snapshot(self) -> None:
        snapshot = await self.account.aside(as_json, self.telling.snapshot())
        await self.redis.set(snapshot_key(self.sandbox), snapshot, ex=KEPT_SECONDS)
        await self.keeper.keep(self.generation, self.telling.number, snapshot)
        self.kept = True

    async def _say_when_late(self) -> None:
        """Says in the timeline when what is shown begins to come late, and when it no longer does."""
        late = False
        while True:
            await asyncio.sleep(LATE_EVERY)
            if late != self.account.late:
                late = not late
                await self.tell_line(Happened(source="sandbox", text=LATE if late else IN_TIME))

    async def _stay_fresh(self) -> None:
        while True:
            if self.telling.number and self.observer.alive():
                try:
                    await self.redis.set(fresh_key(self.sandbox), "1", px=FRESH_MS)
                    # Redis lost its data, so a new snapshot is published
                    if self.kept and not await self.redis.exists(snapshot_key(self.sandbox)):
                        self.anew = True
                        self.wake.set()
                except (RedisError, OSError) as error:
                    log.warning("freshness not written", sandbox=self.sandbox, error=str(error))
            await asyncio.sleep(FRESH_EVERY if self.telling.number else 0.05)

    # --- the lesson ---

    async def _teach(self) -> None:
        while True:
            await self.turned.wait()
            await asyncio.sleep(JUDGE_AFTER)
            self.turned.clear()
            teacher = self.teacher
            if teacher is None or not self.telling.number:
                continue
            await asyncio.sleep(max(0.0, teacher.rest_until - time.monotonic()))
            for news in await teacher.judge(self.telling.snapshot(), self.account):
                self.telling.add_line(news)
                self.wake.set()

    async def _probe(self) -> None:
        """Sends the packets that checks and predictions of the step ask for, while their answers are needed."""
        while True:
            await asyncio.sleep(PROBE_EVERY)
            teacher = self.teacher
            if teacher is None or not self.telling.number:
                continue
            probes = (await self.account.aside(teacher.probes, self.telling.snapshot()))[:8]
            self.telling.keep_probes({probe.key for probe in probes})
            if probes:
                for result in await self.observer.probe(probes):
                    self.telling.see_probe(result)
                self._seen()

    async def _run_scripts(self) -> None:
        """Runs the lesson's scripts one after the other while a check of the step needs them."""
        while True:
            await asyncio.sleep(PROBE_EVERY)
            teacher = self.teacher
            if teacher is None or not teacher.lesson.scripts or not self.telling.number:
                continue
            wanted = (await self.account.aside(teacher.scripts, self.telling.snapshot()))[:AT_MOST]
            self.telling.keep_scripts({one.key for one in wanted})
            if not wanted or not self.pacing.due():
                continue
            for one in wanted:
                self.telling.scripts[one.key] = await self.observer.run_script(one, teacher.lesson.scripts[one.file])
            self.pacing.ran()
            self.turned.set()

    async def _measure(self) -> None:
        """Makes the measurements of the step, each once, and again when what it measured has been replaced."""
        while True:
            await asyncio.sleep(PROBE_EVERY)
            teacher = self.teacher
            if teacher is None or not self.telling.number:
                continue
            wanted = await self.account.aside(teacher.measurements, self.telling.snapshot())
            if self.telling.keep_measured({one.id for one in wanted}):
                self._seen()
            due = next((one for one in wanted if is_due(self.telling.measured.get(one.id))), None)
            if due:
                self.telling.see_measured(due.id, await self.observer.measure(due.roads))
                self._seen()
                await asyncio.sleep(MEASURE_REST)  # a node measures one sandbox at a time, so other sandboxes get their turn
