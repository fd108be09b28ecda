"""A node whose processes may die between any two steps, whose tasks come twice, late or never, and whose clock the test moves.

A step is a statement of the database or a call of the engine. What the node does is the product's own code; the engine is
one in memory that makes its objects one by one, as the real one does.
"""

from __future__ import annotations

import datetime as datetimes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from explorer.lab.errors import HostError, NodeError
from explorer.node import this_node
from explorer.node.reconcile import node_health, sweep
from explorer.node.work import work
from explorer.sandboxes import life, progress, streams
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Action, Learner, Node, Progress, Sandbox
from tests.asking import open_for

BEGIN = 1_800_000_000.0
KINDS = ("lan", "h1", "outside")
SETTLE = 120.0  # seconds in which the engine has to agree with the rows, once all trouble is over
CAPACITY = 3


class Crash(BaseException):
    """The process died here: kill -9. Nothing that it would have done afterwards happens, its clean-up included."""


class Steps:
    """Counts the steps of one action; at step `at`, `happens` is called before the step."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.count, self.at, self.dead = 0, 0, False
        self.happens: Callable[[], object] | None = None

    def __call__(self) -> None:
        if self.dead:
            raise Crash
        self.count += 1
        # what another process does cannot come between two statements of one transaction
        if self.happens and self.count >= self.at and not connection.in_atomic_block and _is_main():
            happens, self.happens = self.happens, None
            happens()

    def die(self) -> None:
        self.dead = True
        raise Crash


def _is_main() -> bool:
    """A process that dies, dies whole; anything else happens where the test's own connection to the database is."""
    return threading.current_thread() is threading.main_thread()


@dataclass(frozen=True)
class Thing:
    """An object on the engine."""

    sandbox: str
    generation: int
    kind: str
    running: bool = True


@dataclass(frozen=True)
class Standing:
    sandbox: str
    generation: int
    expires_at: float
    objects: int
    running: int


@dataclass
class Engine:
    """Stands in for `lab.hosts.lifecycle`. `silent`: it does not answer. `bad`: its next host does not start."""

    steps: Steps
    things: list[Thing] = field(default_factory=list)
    expires: dict[str, float] = field(default_factory=dict)
    silent: bool = False
    bad: bool = False
    doubles: list[str] = field(default_factory=list)

    def capacity(self, config: Any) -> int:
        return CAPACITY

    def engines(self, config: Any) -> tuple[str, ...]:
        self._answer()
        return ("26",)

    def open_sandbox(
        self, config: Any, sandbox: str, generation: int, scenario: Any, expires_at: float, say: Any, engine: str = "26"
    ) -> dict[str, Any]:
        self._answer()
        facts = {"hosts": {"h1": {"container": "c"}}, "machines": {"outside": {"container": "o"}}, "subnet": "10.77.3.0/24"}
        if self.has(sandbox, generation):
            self.expires[sandbox] = expires_at
            say("ready", "")
            return facts
        self.close_sandbox(config, sandbox)
        say("reserved", "")
        try:
            self.expires[sandbox] = expires_at
            self._make(sandbox, generation, "lan")
            say("starting host", "h1")
            for kind in ("h1", "outside"):
                self._make(sandbox, generation, kind)
            say("loading images", "")
            if self.bad:
                self.bad = False
                raise HostError("The Docker daemon of h1 did not start.")
            say("building scenario", "")
        except BaseException:
            with suppress(NodeError):
                self.close_sandbox(config, sandbox, generation)
            raise
        say("ready", "")
        return facts

    def close_sandbox(self, config: Any, sandbox: str, generation: int | None = None) -> int:
        self._answer()
        going = [one for one in self.things if one.sandbox == sandbox and generation in (None, one.generation)]
        for one in going:
            self._answer()
            with suppress(ValueError):
                self.things.remove(one)
        if generation is None:
            self.expires.pop(sandbox, None)
        return len(going)

    def extend_sandbox(self, config: Any, sandbox: str, expires_at: float) -> None:
        self.steps()
        self.expires[sandbox] = expires_at

    def list_sandboxes(self, config: Any) -> list[Standing]:
        self._answer()
        keys = dict.fromkeys((one.sandbox, one.generation) for one in self.things)
        return [
            Standing(
                sandbox,
                generation,
                self.expires.get(sandbox, 0.0),
                len(parts := [one for one in self.things if (one.sandbox, one.generation) == (sandbox, generation)]),
                sum(one.running for one in parts if one.kind != "lan"),
            )
            for sandbox, generation in keys
        ]

    def has(self, sandbox: str, generation: int) -> bool:
        """Whether that generation is complete and runs."""
        return {
            one.kind for one in self.things if (one.sandbox, one.generation, one.running) == (sandbox, generation, True)
        } == {*KINDS}

    def end_hosts(self, sandbox: str) -> None:
        self.things = [
            replace(one, running=False) if one.sandbox == sandbox and one.kind != "lan" else one for one in self.things
        ]

    def _answer(self) -> None:
        self.steps()
        if self.silent:
            raise NodeError("The node's engine does not answer.")

    def _make(self, sandbox: str, generation: int, kind: str) -> None:
        self._answer()
        others = {one.generation for one in self.things if one.sandbox == sandbox and one.running} - {generation}
        if others:
            self.doubles.append(f"{sandbox}: generations {others} and {generation} at once")
        if not any((one.sandbox, one.generation, one.kind) == (sandbox, generation, kind) for one in self.things):
            self.things.append(Thing(sandbox, generation, kind))


class Clock:
    """The clock of every part. Waiting takes no time, but it is time that passes."""

    def __init__(self) -> None:
        self.at = BEGIN

    def time(self) -> float:
        return self.at

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    @property
    def datetimes(self) -> Any:
        clock = self

        class Moved(datetimes.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetimes.datetime.fromtimestamp(clock.at, tz)

        return Moved


Task = tuple[str, tuple[Any, ...]]
DOORS: dict[str, Callable[..., None]] = {
    streams.TASK_OPEN: lambda action: work.open_sandbox(action),
    streams.TASK_RESET: lambda action: work.reset_sandbox(action),
    streams.TASK_CLOSE: lambda action: work.close_sandbox(action),
    streams.TASK_RECONCILE: lambda: sweep.reconcile(),
}


class FaultyNode:
    """The whole: what people and parts do are its methods, each of which may be interrupted (`during`)."""

    def __init__(self, patch: Any) -> None:
        self.steps, self.clock = Steps(), Clock()
        self.engine = Engine(self.steps)
        self.tasks: list[Task] = []
        self.ticks: dict[Any, int] = {}
        self.over: dict[str, str] = {}
        for module in (work, sweep):
            patch.setattr(module, "lifecycle", self.engine)
        hurried = SimpleNamespace(time=self.clock.time, monotonic=self.clock.monotonic, sleep=self.clock.sleep)
        for module in (sweep, node_health, this_node):
            patch.setattr(module, "time", hurried)
        patch.setattr(timezone, "datetime", self.clock.datetimes)
        patch.setattr(sweep, "_asked_kernel", lambda: {"drivers": {}})
        patch.setattr(node_health, "ask_doctor", lambda node: None)
        patch.setattr(settings, "WARM_SANDBOXES", 1)
        patch.setattr(settings, "OPENS_PER_HOUR", 10_000)
        patch.setattr("explorer.sandboxes.changes.app.send_task", self._send)
        database: Any = type(connections["default"])
        patch.setattr(database, "_commit", self._commit(database._commit))

    def begin(self) -> None:
        """Everything anew: an empty database, an empty engine, a node that is here, two learners."""
        self.steps.forget()
        self.clock.at = BEGIN
        self.engine.things, self.engine.doubles = [], []
        self.engine.expires, self.engine.silent, self.engine.bad = {}, False, False
        self.tasks, self.ticks, self.over = [], {}, {}
        for table in (Action, Sandbox, Progress, Learner, Node):
            table.objects.all().delete()
        streams.redis().flushall()
        self.learners = [Learner.objects.create() for _ in range(2)]
        sweep.reconcile()

    def _send(self, name: str, args: tuple[Any, ...] = (), **_: Any) -> None:
        self.steps()
        if name in DOORS:
            self.tasks.append((name, tuple(args)))

    def _commit(self, real: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def commit(wrapper: Any) -> Any:
            self.steps()
            return real(wrapper)

        return commit

    @contextmanager
    def _counting(self) -> Iterator[None]:
        def step(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            self.steps()
            return execute(sql, params, many, context)

        with connection.execute_wrapper(step):
            yield

    def during(self, act: Callable[[], object], at: int = 0, happens: Callable[[], object] | None = None) -> None:
        """Does `act` as a process of its own. At its step `at`, before the step, something else `happens`."""
        self.steps.forget()
        self.steps.at, self.steps.happens = at, happens
        try:
            with self._counting():
                act()
        except Refused:
            pass
        except (Crash, NodeError):
            self._bury()
        finally:
            self.steps.forget()

    def _bury(self) -> None:
        """What the kernel and the database do for a process that died: its transaction is undone, its hooks are forgotten."""
        connection.connection.rollback()
        connection.in_atomic_block = connection.needs_rollback = connection.closed_in_transaction = False
        connection.savepoint_ids, connection.atomic_blocks, connection.run_on_commit = [], [], []
        connection.set_autocommit(True)

    # --- what people do ---

    def open(self, who: int) -> None:
        open_for(self.learners[who], lesson="bridge")

    def open_instead(self, who: int) -> None:
        if running := life.current_sandbox(self.learners[who]):
            open_for(self.learners[who], lesson="bridge", scenario="two-hosts", instead=running.pk)

    def reset(self, who: int) -> None:
        self._with(who, life.reset_sandbox)

    def extend(self, who: int) -> None:
        self._with(who, life.extend_sandbox)

    def close(self, who: int) -> None:
        self._with(who, life.close_sandbox)

    def _with(self, who: int, do: Callable[[Sandbox], object]) -> None:
        if running := life.current_sandbox(self.learners[who]):
            do(running)

    def learn(self, who: int) -> None:
        """The relay saw one more check turn green."""
        learner = self.learners[who]
        done = self.ticks.get(learner.pk, 0) + 1
        progress.change_progress(learner.pk, "bridge", lambda row: self._tick(row, done))
        self.ticks[learner.pk] = done

    def _tick(self, row: Progress, done: int) -> list[str]:
        row.passed = {"step": [str(number) for number in range(done)]}
        return ["passed"]

    # --- what parts and time do ---

    def deliver(self, which: int, keep: bool) -> None:
        """Any waiting task, not the oldest only; with `keep` it is delivered again some time."""
        if self.tasks:
            name, args = self.tasks[which % len(self.tasks)] if keep else self.tasks.pop(which % len(self.tasks))
            DOORS[name](*args)

    def lose_tasks(self) -> None:
        """Redis was emptied."""
        self.tasks.clear()
        streams.redis().flushall()

    def sweep(self) -> None:
        sweep.reconcile()

    def host_dies(self, which: int) -> None:
        standing = sorted({one.sandbox for one in self.engine.things})
        if standing:
            self.engine.end_hosts(standing[which % len(standing)])

    def engine_restarts(self) -> None:
        self.engine.things, self.engine.expires, self.engine.silent = [], {}, False

    # --- what has to be true ---

    def check(self) -> None:
        """At every moment: one generation, one live sandbox for each learner, what is over stays over, learning is there."""
        assert not self.engine.doubles, self.engine.doubles
        for sandbox in Sandbox.objects.all():
            if sandbox.pk in self.over:
                assert sandbox.state == self.over[sandbox.pk], f"{sandbox.pk} was {self.over[sandbox.pk]}, is {sandbox.state}"
            if sandbox.state in Sandbox.OVER:
                self.over[sandbox.pk] = sandbox.state
                assert sandbox.state != Sandbox.State.FAILED or sandbox.reason, f"{sandbox.pk} failed without a reason"
        for learner in self.learners:
            assert Sandbox.objects.filter(learner=learner, state__in=Sandbox.USABLE).count() <= 1
            seen = Progress.objects.filter(learner=learner).first()
            assert len(seen.passed["step"] if seen and seen.passed else []) >= self.ticks.get(learner.pk, 0), (
                "learning was lost"
            )

    def calm(self, seconds: float, every: float = 10.0) -> None:
        """No more trouble: a sweep every ten seconds (to be quick: every minute), and a worker that takes what waits."""
        self.engine.silent = self.engine.bad = False
        until = self.clock.at + seconds
        while self.clock.at < until:
            self.during(self.sweep)
            for _ in range(100):
                if not self.tasks:
                    break
                self.during(lambda: self.deliver(0, keep=False))
            self.clock.at += every

    def check_whole(self) -> None:
        """In the end: the engine holds exactly what live rows expect, and every accepted action has its end."""
        wanted = {(row.pk, row.generation) for row in Sandbox.objects.filter(state__in=["ready", "warm"])}
        there = {(one.sandbox, one.generation) for one in self.engine.things}
        assert there == wanted, f"the engine has {there - wanted} too much, {wanted - there} too little"
        assert all(self.engine.has(*one) for one in wanted)
        stuck = Sandbox.objects.exclude(state__in=[*Sandbox.OVER, "ready", "warm"])
        assert not stuck, [f"{row.pk} {row.state} {row.phase}" for row in stuck]

    def check_intents(self) -> None:
        pending = Action.objects.filter(state__in=[Action.State.ACCEPTED, Action.State.RUNNING])
        assert not pending, [f"{one.kind} of {one.sandbox} is {one.state}" for one in pending]
