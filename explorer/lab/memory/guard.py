"""Ends the sandbox that uses up the node's memory by what nobody is charged for, within seconds, and never another one.

It looks at the whole machine often, which is cheap. When kernel memory grew, or memory is short, it counts what each sandbox
holds. A sandbox is ended when it holds WORTH_IT or more, which no lesson comes near, or when the growth stops and starts with
its processes. When it finds nobody, it ends nobody and says so.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from threading import Event

from explorer.lab import ended
from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups
from explorer.lab.engine.leftovers import our_cgroups
from explorer.lab.errors import LabError
from explorer.lab.hosts import lifecycle
from explorer.lab.memory import growth, node, sandboxes
from explorer.lab.memory.sandboxes import Sandbox
from explorer.lab.usage import cpu_of

Say = Callable[[str], None]
LOOK_SECONDS = 0.5
GREW, WITHIN = 96 * 2**20, 10.0  # bytes of growth that are looked into, within so many seconds
MUCH = 256 * 2**20  # bytes of growth within WITHIN for which sandboxes are stopped to find who makes it
YOUNG = 15.0  # seconds: a sandbox that is being made is not stopped
HELD = 512 * 2**20  # bytes more than at the last count
LOW_SHARE, LOW_LEAST = 0.05, 512 * 2**20
MANY_GROUPS = 8_000  # in one hierarchy; the kernel allows 65,535 groups of memory
WORTH_IT = 128 * 2**20
PAUSE = 4.0  # seconds between two counts that found nobody
SAID_EVERY = 60.0
RATE_SECONDS = 0.25


class Guard:
    """`read`, `clock` and `sleep` are the machine's own unless a test has others."""

    def __init__(
        self,
        config: LabConfig,
        say: Say,
        read: Callable[[], node.State] = node.read,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._config, self._say, self._read, self._clock, self._sleep = config, say, read, clock, sleep
        self._seen: deque[tuple[float, node.State]] = deque()
        self._base: node.State | None = None
        self._rest_until = self._said_at = -SAID_EVERY

    def run(self, stop: Event) -> None:
        """Looks until `stop` is set. No error ends it."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.look()
            except LabError as error:
                self._complain(f"memory: {error} {error.detail}".strip())
            except Exception as error:  # the guard goes on whatever a sandbox provokes
                self._complain(f"memory: looking failed: {error!r}")

    def look(self) -> list[str]:
        """The names of the sandboxes that were ended."""
        now, state = self._clock(), self._read()
        if self._base is None or state.growth(self._base) < 0:
            self._base = state
        while self._seen and now - self._seen[0][0] > WITHIN:
            self._seen.popleft()
        self._seen.append((now, state))
        why = self._suspicion(state, self._base)
        if not why or now < self._rest_until:
            return []
        gone = self.relieve(state, why, max(state.growth(old) for _, old in self._seen) > MUCH)
        self._base = self._read()
        self._seen.clear()
        self._rest_until = self._clock() + (0.0 if gone else PAUSE)
        return gone

    def _suspicion(self, state: node.State, base: node.State) -> str:
        if is_low(state):
            return "memory is short"
        if max(state.growth(old) for _, old in self._seen) > GREW:
            return "the kernel's memory grew"
        if state.growth(base) > HELD:
            return "the kernel's memory has grown"
        return "there are many control groups" if state.groups > MANY_GROUPS else ""

    def relieve(self, state: node.State, why: str, grows: bool) -> list[str]:
        """Ends who holds too much, or else who makes it grow, if it `grows`."""
        suspects = sandboxes.running(self._config)
        holds = {one.name: sandboxes.held_by(self._config, one, state.groups > len(suspects) * 64) for one in suspects}
        guilty = [one for one in suspects if holds[one.name].total() >= WORTH_IT]
        told = {one.name: described(holds[one.name]) for one in guilty}
        if not guilty and grows:
            guilty = self.find_growers(suspects)
            told = {one.name: "its processes made the kernel's memory grow" for one in guilty}
        guilty.sort(key=lambda one: -holds[one.name].total())
        for one in guilty:
            try:
                self.end(one, why, told[one.name])
            except LabError as error:  # its processes are killed; the others must not go on meanwhile
                self._complain(f"sandbox {one.name} could not be removed yet: {error} {error.detail}".strip())
        if not guilty and is_low(state):
            self._complain(f"memory is short ({state.available // 2**20} MB left) and no sandbox holds much of it uncharged")
        return [one.name for one in guilty]

    def find_growers(self, suspects: list[Sandbox]) -> list[Sandbox]:
        before = {one.name: self._cpu(one) for one in suspects}
        self._sleep(RATE_SECONDS)
        used = {one.name: self._cpu(one) - before[one.name] for one in suspects}
        made = [one for one in suspects if one.age > YOUNG and used[one.name] > RATE_SECONDS / 20]
        return growth.growers(sorted(made, key=lambda one: -used[one.name]), self._stop, self._go_on, self._rate)

    def end(self, sandbox: Sandbox, why: str, what: str) -> None:
        """Its processes first, which takes no time, so that the rest can take some."""
        ended.note(self._config, sandbox.name, sandbox.generation, "memory", what)
        for container in sandbox.containers:
            cgroups.kill_now(self._config, container)
        self._say(f"sandbox {sandbox.name} ended: {why}, and {what}")
        lifecycle.close_sandbox(self._config, sandbox.name)

    def _stop(self, sandbox: Sandbox) -> None:
        for container in sandbox.containers:
            cgroups.freeze(self._config, container, True)

    def _go_on(self, sandbox: Sandbox) -> None:
        for container in sandbox.containers:
            cgroups.freeze(self._config, container, False)

    def _rate(self) -> float:
        began, before = self._clock(), self._read()
        self._sleep(RATE_SECONDS)
        return self._read().growth(before) / max(0.001, self._clock() - began)

    def _cpu(self, sandbox: Sandbox) -> float:
        groups = [path for parent in our_cgroups(self._config) for one in sandbox.containers if (path := parent / one).is_dir()]
        return cpu_of(groups)

    def _complain(self, sentence: str) -> None:
        if self._clock() - self._said_at >= SAID_EVERY:
            self._said_at = self._clock()
            self._say(sentence)


def is_low(state: node.State) -> bool:
    return state.available < max(LOW_LEAST, int(state.total * LOW_SHARE))


def described(held: Counter[str]) -> str:
    kinds = [f"{kind} {size // 2**20} MB" for kind, size in held.most_common(3) if size >= 2**20]
    return f"it held {held.total() // 2**20} MB that nobody is charged for ({', '.join(kinds)})"
