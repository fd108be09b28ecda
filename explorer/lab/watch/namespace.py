"""Watches one network namespace: which views are out of date, and reading only those again.

The kernel's notifications are collected for a moment; a flood of them is answered at a bounded rate. Counters have no
notification. So a tick compares the packet counts of the interfaces (one file, no program is started), and reads rules and
connections only when packets passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from explorer.lab.inside.allowance import Account
from explorer.lab.inside.netlink import Listener
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.pace import Pace, Quiet
from explorer.lab.inside.places import read_text
from explorer.lab.inside.tools import Output, run_tools
from explorer.network.differ import is_remark
from explorer.network.model import Line, Observation, View
from explorer.network.read.counters import Traffic, rate_between, traffic_by_interface
from explorer.network.views import commands, counting, observe

LINES_AT_LEAST = 50
STILL, LONGEST = 0.015, 0.060
BURST, RATE, LINES_PER_TURN = 30, 5.0, 300
CONNECTIONS_GAP = 0.2  # seconds; this is the only view that ordinary traffic changes many times per second
RATE_SECONDS = 0.5
TICKS_TO_FULL = 20  # after so many ticks every view is read, with or without a notification


class Watch:
    """One watched namespace. `views` is what was read last. `changed` is called after each reading that differs, `moved` when
    a link came or went. `room` returns how many more lines the sandbox may hold."""

    def __init__(
        self,
        namespace: Namespace,
        room: Callable[[], int],
        changed: Callable[[], None],
        moved: Callable[[], None],
        account: Account | None = None,
    ) -> None:
        self.namespace = namespace
        self._account = account or Account()
        self.views: dict[View, Observation] = {}
        self.error = ""
        self._room, self._changed, self._moved = room, changed, moved
        self._dirty: set[View] = set()
        self._quiet = Quiet(STILL, LONGEST)
        self._pace = Pace(BURST, RATE)
        self._connections_at = 0.0
        self._connections_due = False
        self._traffic: dict[str, Traffic] = {}
        self._counted_at = 0.0
        self._carried: dict[str, int] = {}
        self._ticks = 0

    async def run(self) -> None:
        """Runs until cancelled. It listens before it reads, so that no change is missed in between."""
        listener = Listener(self.namespace, self.dirty, self._account)
        try:
            self.dirty(commands())
            while True:
                await self._quiet.settled()
                await self._pace.turn()
                views, self._dirty = self._dirty, set()
                for _ in range(await self._read(views) // LINES_PER_TURN):
                    await self._pace.turn()  # the longer the text, the longer until the next reading
        finally:
            listener.close()

    @property
    def lines(self) -> int:
        return sum(len(seen.lines) for seen in self.views.values())

    @property
    def behind(self) -> float:
        """Seconds since a view is known to be out of date."""
        return self._quiet.waiting

    def dirty(self, views: Iterable[View]) -> None:
        views = set(views)
        if "interfaces" in views and self.views:
            self._moved()  # a link came or went, so a namespace may have come or gone too
        if views == {"connections"}:
            if time.monotonic() - self._connections_at < CONNECTIONS_GAP:
                self._connections_due = True  # the next beat reads it
                return
            # rules have counted the connection's packets
            views.update(view for view in counting("connections") if self._counts(view))
        self._dirty |= views
        self._quiet.touch()

    def beat(self) -> None:
        """Is called several times per second and starts a reading of connections that was put off."""
        if self._connections_due and time.monotonic() - self._connections_at >= CONNECTIONS_GAP:
            self._connections_due = False
            self.dirty(("connections",))

    def tick(self) -> None:
        """Is called every few seconds and reads what changes without a notification."""
        self._ticks += 1
        if self._ticks % TICKS_TO_FULL == 0:
            self.dirty(commands())
            return
        if self._count_frames():
            self.dirty(view for view in counting("packets") if self._counts(view))
        if self._counts("connections"):
            self.dirty(("connections",))

    def carried(self) -> dict[str, int]:
        """The interfaces whose own counters of frames rose since this was asked last, each with its rate in bits per second."""
        carried, self._carried = self._carried, {}
        return dict(sorted(carried.items()))

    def _count_frames(self) -> bool:
        """Whether any interface counted a frame since the last count; also true when it cannot be counted."""
        try:
            traffic = traffic_by_interface(read_text(f"/proc/{self.namespace.pid}/net/dev", 256 * 1024))
        except OSError:
            return True  # no process is left in the namespace
        before, self._traffic = self._traffic, traffic
        now = time.monotonic()
        seconds, self._counted_at = now - self._counted_at, now
        rose = {name: counted for name, counted in traffic.items() if counted.frames > before.get(name, counted).frames}
        if rose:
            long = seconds >= RATE_SECONDS  # in less, the rate of a few frames says nothing
            rates = {name: rate_between(before[name], counted, seconds) if long else 0 for name, counted in rose.items()}
            self._carried = {name: rates[name] or self._carried.get(name, 0) for name in rates} | {
                name: rate for name, rate in self._carried.items() if name not in rates
            }
            self._changed()
        return {name: one.frames for name, one in traffic.items()} != {name: one.frames for name, one in before.items()}

    def _counts(self, view: View) -> bool:
        return view in self.views and bool(self.views[view].lines)

    async def _read(self, views: set[View]) -> int:
        """Reads these views. Returns the number of lines of those that changed."""
        tools = {view: several for view, several in commands().items() if view in views}
        run = {" ".join(command): command for several in tools.values() for command in several}
        await self._account.turn()
        outputs = await run_tools(self.namespace.fd, run, self._account)
        if "connections" in views:
            self._connections_at = time.monotonic()
            self._count_frames()  # a connection is new or went on, so frames have just passed
        printed = {view: [outputs[" ".join(command)] for command in tools[view]] for view in views}
        fresh = await self._account.aside(read_afresh, printed, dict(self.views), max(LINES_AT_LEAST, self._room()))
        first = not self.views
        self.views |= fresh
        unreadable = all(seen.error for seen in self.views.values())
        error = next(iter(self.views.values())).error if unreadable else ""
        if fresh or first or error != self.error:
            self.error = error
            self._changed()
        return sum(len(seen.lines) for seen in fresh.values())


def read_afresh(printed: Mapping[View, list[Output]], before: Mapping[View, Observation], most: int) -> dict[View, Observation]:
    """The observations of what the tools printed, at most so many lines of each, of the views that differ from `before`."""
    fresh: dict[View, Observation] = {}
    for view, outputs in printed.items():
        seen = shortened(observe(view, *(output.text for output in outputs)), most)
        error, cut = next(filter(None, map(trouble, outputs)), ""), any(output.cut for output in outputs)
        if error or cut:
            seen = seen.model_copy(update={"error": error, "truncated": seen.truncated or cut})
        if not same(seen, before.get(view)):
            fresh[view] = seen
    return fresh


def trouble(output: Output) -> str:
    """The error of a tool, "" when the node does not have the tool: then nothing can have made the table that only this tool
    prints."""
    return "" if output.error.endswith(": not found") else output.error


def same(seen: Observation, before: Observation | None) -> bool:
    """Whether both observations show the same; the time in a tool's comments does not count."""
    if before is None or (seen.items, seen.error, seen.truncated) != (before.items, before.error, before.truncated):
        return False
    return seen.lines == before.lines or _said(seen) == _said(before)


def shortened(seen: Observation, most: int) -> Observation:
    if len(seen.lines) <= most:
        return seen
    lines = seen.lines[:most]
    keys = {line.key for line in lines}
    items = tuple(item for item in seen.items if item.key in keys)
    return seen.model_copy(update={"lines": lines, "items": items, "truncated": True})


def _said(seen: Observation) -> list[Line]:
    return [line for line in seen.lines if not is_remark(line)]
