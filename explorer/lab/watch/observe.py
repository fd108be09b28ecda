"""The observer of one sandbox: reports everything that its namespaces show to a witness, as it changes.

Each host and machine is watched separately (`lab.watch.hostwatch`). Their readings are joined here (`lab.watch.shown`), and
each difference is reported once: the place, the view, what it showed before and what it shows now. One task reports, so a
witness gets the changes in order and one at a time, and need not compare again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from explorer.lab.ask.bpf import compile_filter
from explorer.lab.ask.capture import FILE, Bounds, Capture
from explorer.lab.ask.journey import trace_journey
from explorer.lab.ask.measure import Effort, measure
from explorer.lab.ask.probe import answer
from explorer.lab.ask.reach import measure_grid
from explorer.lab.ask.script import run_script
from explorer.lab.ask.weather import set_weather
from explorer.lab.config import LabConfig
from explorer.lab.errors import NotThere
from explorer.lab.images import nodes_nft
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.places import PLACES_SHOWN
from explorer.lab.inside.together import until_one_ends
from explorer.lab.inside.unix_http import to_path
from explorer.lab.watch.happenings import Deed
from explorer.lab.watch.hostwatch import HostWatch, Source
from explorer.lab.watch.shown import Shown
from explorer.network.differ import Change
from explorer.network.grid import Grid
from explorer.network.journeys import Asked, Journeys
from explorer.network.model import (
    DockerState,
    Measured,
    Place,
    Probe,
    ProbeResult,
    Road,
    Script,
    ScriptResult,
)
from explorer.network.packets.pcapng import SNAP
from explorer.network.weather import Set, Weather

SWEEP_WATCHED, SWEEP_UNWATCHED = 3.0, 15.0
BEAT = 0.25
FRESH = 5.0
SAID_KEPT = 200
LINES_HELD = 30_000  # lines of text in all views of all places of a sandbox


class Witness(Protocol):
    async def place_seen(self, place: Place) -> None: ...
    async def place_gone(self, place_id: str) -> None: ...
    async def view_changed(self, change: Change) -> None: ...
    async def docker_changed(self, docker: DockerState) -> None: ...
    async def frames_counted(self, place: str, interfaces: Mapping[str, int]) -> None: ...
    async def happened(self, source: Source, place: str, text: str, detail: str = "", deed: Deed | None = None) -> None: ...


class Observer:
    """`places` and `docker` are what is shown. When `watched` is False (nobody looks), the sweeps are rarer."""

    def __init__(
        self,
        config: LabConfig,
        sandbox: str,
        generation: int,
        facts: dict[str, Any],
        witness: Witness,
        account: Account | None = None,
    ) -> None:
        nodes_nft.use(config)
        self.account = account or Account()
        self.sandbox, self.generation, self.watched = sandbox, generation, True
        self.docker: dict[str, DockerState] = {}
        self._config, self._witness = config, witness
        self._shown = Shown()
        self._changed = asyncio.Event()
        self._over = False  # no watch runs any more
        self._said: list[tuple[Source, str, str, str, Deed | None]] = []
        self._engine = engine = to_path(str(config.socket))
        kinds: list[tuple[Literal["host", "machine"], str]] = [("host", "hosts"), ("machine", "machines")]
        self._hosts = [
            HostWatch(name, kind, made["container"], engine, self, self._changed.set, self._hear)
            for kind, group in kinds
            for name, made in facts.get(group, {}).items()
        ]

    @property
    def places(self) -> dict[str, Place]:
        return self._shown.places

    async def run(self) -> None:
        """Runs until cancelled, or until the engine knows none of the sandbox's containers."""
        await until_one_ends(self._watch_all(), self._keep_telling(), self._keep_sweeping())

    async def _watch_all(self) -> None:
        async with asyncio.TaskGroup() as watching:  # waits until every watch has closed its namespaces
            for host in self._hosts:
                watching.create_task(host.run())
        self._over = True
        self._changed.set()
        await asyncio.Event().wait()  # what was told last ends the run: it is not cancelled in the middle

    def alive(self) -> bool:
        """Whether everything that is shown was true within the last FRESH (five) seconds."""
        now = time.monotonic()
        return all(now - host.seen_at < FRESH for host in self._hosts if not host.gone) and all(
            watch.behind < FRESH for host in self._hosts for watch in host.watches
        )

    async def probe(self, probes: Sequence[Probe]) -> list[ProbeResult]:
        """The results of all probes, sent at the same time from inside the places that ask; each takes about a second at
        most."""
        return await asyncio.gather(*(self._probe(probe) for probe in probes))

    async def _probe(self, probe: Probe) -> ProbeResult:
        at = time.time()
        namespace = self._namespace(probe.source)
        if namespace is None:
            return ProbeResult(probe=probe, ok=False, detail=f"{probe.source} is not there.", at=at)
        ok, detail, source_seen = await answer(probe, namespace, self.places)
        return ProbeResult(probe=probe, ok=ok, detail=detail, source_seen=source_seen, at=at)

    async def measure(self, roads: Sequence[Road], effort: Effort | None = None) -> Measured:
        """Measures these roads. It takes some seconds and measurements wait for each other, so ask rarely."""
        return await measure(roads, self._namespace, self.places, effort)

    async def journey(self, asked: Asked) -> Journeys:
        """The way of a real packet, traced in every namespace that it passes."""
        return await trace_journey(asked, self.places, dict(self.docker), self._namespace, self.account)

    async def capture(self, place: str, interface: str, expression: str, bounds: Bounds = FILE) -> Capture:
        """Starts to listen to one interface. The caller takes the frames and closes the capture. Raises NotThere or
        BadFilter."""
        code = await compile_filter(expression, SNAP)
        namespace = self._namespace(place)
        if namespace is None:
            raise NotThere(f"{place} is not there.")
        return Capture(namespace, place, interface, code, bounds)

    async def reach(self) -> Grid:
        """Every place pings every other place: fifteen seconds at most, usually one or two."""
        return await measure_grid(dict(self.places), dict(self.docker), self._namespace, self.account)

    async def set_weather(self, place: str, device: str, weather: Weather) -> list[Set]:
        """Gives a link its weather, at both ends. Raises NotThere, BadWeather or NodeError."""
        made = self._shown.made()
        return await set_weather(self._config, self.places, place, device, weather, made, self._namespace, self.account)

    def know_weather(self, made: Sequence[Set]) -> None:
        """This was set, from the page or from the start."""
        self._shown.know_weather(made, time.monotonic())

    async def run_script(self, script: Script, text: str) -> ScriptResult:
        """The result of a script on a host, after a few seconds at most. Processes that the script leaves behind are ended."""
        host = next((host for host in self._hosts if host.name == script.place and host.kind == "host"), None)
        if host is None or host.gone:
            return ScriptResult(error=f"{script.place} is not there.", at=time.time())
        return await run_script(self._engine, host.container, host.name, text)

    def hear_command(self, place: str, text: str) -> None:
        """A person gave this command there: a line that appears now may be its work."""
        self._shown.verdicts.hear(place.partition("/")[0], text, time.time())

    def place_of(self, host: str, container: str) -> str:
        """The place of the container with this id on `host`."""
        return next(watch.place_of(container) for watch in self._hosts if watch.name == host)

    def _namespace(self, name: str) -> Namespace | None:
        """The network namespace of a place, or None when the place is gone."""
        place = self.places.get(name)
        home = place and self.places.get(place.shares, place)
        watches = (watch for host in self._hosts for watch in host.watches)
        watch = next((watch for watch in watches if home and watch.namespace.inode == home.netns), None)
        return watch.namespace if watch and watch.namespace.fd >= 0 else None

    def room_for_places(self) -> int:
        return PLACES_SHOWN - sum(len(host.watches) for host in self._hosts)

    def room_for_lines(self) -> int:
        return LINES_HELD - sum(watch.lines for host in self._hosts for watch in host.watches)

    def _hear(self, source: Source, place: str, text: str, detail: str, deed: Deed | None) -> None:
        if len(self._said) < SAID_KEPT:
            self._said.append((source, place, text, detail, deed))
        self._changed.set()

    async def _keep_sweeping(self) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(BEAT)
            due = time.monotonic() - swept >= (SWEEP_WATCHED if self.watched else SWEEP_UNWATCHED)
            swept = time.monotonic() if due else swept
            for host in self._hosts:
                host.glance()
                for watch in host.watches:
                    watch.tick() if due else watch.beat()

    async def _keep_telling(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            over = self._over
            await self._tell()
            if over:
                return

    async def _tell(self) -> None:
        """Reports names first, then places that disappeared, places that appeared, views that changed, interfaces that counted
        frames, and events of the daemons."""
        for host in self._hosts:
            host.glance()  # Docker's question to a driver is reported before what the driver then did in the kernel
        docker = {host.name: state for host in self._hosts if (state := host.docker)}
        for state in await self.account.aside(different, docker, dict(self.docker)):
            self.docker[state.host] = state
            await self._witness.docker_changed(state)
        readings: dict[str, Place] = {}
        asked: dict[str, float] = {}
        for host in self._hosts:
            asked[host.name] = host.asked_at
            readings |= host.places()
        news = await self.account.aside(self._shown.take, readings, dict(self.docker), time.time(), asked)
        due = self._shown.verdicts.due()
        for host in self._hosts:
            if host.name in due:
                host.ask_after(due[host.name])
        for gone in news.gone:
            await self._witness.place_gone(gone)
        for place in news.seen:
            await self._witness.place_seen(place)
        for change in news.changes:
            await self._witness.view_changed(change)
        for host in self._hosts:
            for name, interfaces in host.carried().items():
                await self._witness.frames_counted(name, interfaces)
        said, self._said = self._said, []
        for words in said:
            await self._witness.happened(*words)


def different(docker: Mapping[str, DockerState], before: Mapping[str, DockerState]) -> list[DockerState]:
    """The states that are not as they were before."""
    return [state for name, state in docker.items() if state is not before.get(name) and state != before.get(name)]
