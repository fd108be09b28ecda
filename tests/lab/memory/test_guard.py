"""The memory guard: who is ended, who is not, and that nothing ends the guard. The fakes misbehave as their names say."""

from __future__ import annotations

from collections import Counter
from threading import Event

import pytest

from explorer.lab import ended
from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups
from explorer.lab.errors import NodeError
from explorer.lab.hosts import lifecycle
from explorer.lab.memory import guard as guard_module
from explorer.lab.memory import node, sandboxes
from explorer.lab.memory.guard import GREW, HELD, WORTH_IT, Guard, is_low
from explorer.lab.memory.sandboxes import Sandbox

GB = 2**30


class Machine:
    """A node whose kernel memory, clock and sandboxes the test moves."""

    def __init__(self):
        self.now, self.uncharged, self.available, self.groups = 0.0, GB, 16 * GB, 10
        self.held: dict[str, Counter[str]] = {}
        self.closed: list[str] = []
        self.counted = 0
        self.stopped: set[str] = set()
        self.maker, self.rate = "", 0
        self.busy = {"a", "b", "c"}
        self.ages: dict[str, float] = {}

    def read(self):
        return node.State(24 * GB, self.available, self.uncharged, 0, 0, self.groups)

    def sleep(self, seconds):
        self.now += seconds
        if self.maker and self.maker not in self.stopped and self.maker not in self.closed:
            self.uncharged += int(self.rate * seconds)

    def close(self, config, name):
        self.closed.append(name)
        self.uncharged -= self.held.pop(name, Counter()).total()

    def sandboxes(self):
        return [Sandbox(name, 3, {name * 4: 7}, self.ages.get(name, 100.0)) for name in self.held]

    def holds(self, config, sandbox, with_groups):
        self.counted += 1
        return self.held[sandbox.name]


@pytest.fixture
def machine(monkeypatch):
    made = Machine()
    monkeypatch.setattr(
        sandboxes, "running", lambda config: [Sandbox(name, 3, {name * 4: 7}, made.ages.get(name, 100.0)) for name in made.held]
    )
    monkeypatch.setattr(sandboxes, "held_by", made.holds)
    monkeypatch.setattr(lifecycle, "close_sandbox", made.close)
    monkeypatch.setattr(cgroups, "kill_now", lambda config, container: None)
    monkeypatch.setattr(
        cgroups,
        "freeze",
        lambda config, container, on: made.stopped.add(container[0]) if on else made.stopped.discard(container[0]),
    )
    monkeypatch.setattr(Guard, "_cpu", lambda self, sandbox: made.now * (sandbox.name in made.busy))
    return made


@pytest.fixture
def config(tmp_path):
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


@pytest.fixture
def said():
    return []


@pytest.fixture
def guard(machine, config, said):
    made = Guard(config, said.append, machine.read, lambda: machine.now, machine.sleep)
    made.look()
    machine.now += 1
    return made


def test_who_holds_much_is_ended_and_named_and_noted(guard, machine, config, said):
    machine.held = {"a": Counter(neighbours=2 * WORTH_IT), "b": Counter(neighbours=1000)}
    machine.uncharged += 2 * WORTH_IT
    assert guard.look() == ["a"] == machine.closed
    assert "sandbox a ended: the kernel's memory grew, and it held 256 MB" in said[0]
    assert "neighbours 256 MB" in said[0]
    assert ended.why(config, "a", 3) == "memory"
    assert ended.why(config, "a", 2) == ended.why(config, "b", 3) == ""
    assert ended.count(config)["memory"] == 1


def test_while_nothing_grows_nobody_is_even_counted(guard, machine):
    machine.held = {"a": Counter(neighbours=WORTH_IT - 1)}
    for _ in range(20):
        machine.now += 1
        machine.uncharged += GREW // 100
        assert guard.look() == []
    assert machine.counted == 0


def test_slow_growth_is_counted_in_the_end(guard, machine):
    machine.held = {"slow": Counter({"IPv6 routes": HELD + GREW})}
    for _ in range(40):
        machine.now += 10
        machine.uncharged += GREW // 2
        if guard.look():
            break
    assert machine.closed == ["slow"]


def test_growth_that_is_nobodys_ends_nobody_and_rests(guard, machine):
    machine.held = {"a": Counter(fragments=100), "b": Counter()}
    machine.uncharged += 4 * GREW
    assert guard.look() == []
    machine.uncharged += 4 * GREW
    assert guard.look() == []
    assert machine.counted == 2, "it was counted once"
    assert not machine.stopped


def test_who_grows_by_something_unknown_is_found_by_stopping(guard, machine, said):
    machine.held = {"a": Counter(), "b": Counter(), "c": Counter()}
    machine.maker, machine.rate = "b", GB
    machine.sleep(1)
    assert guard.look() == ["b"]
    assert "its processes made the kernel's memory grow" in said[0]
    assert machine.stopped == {"b"}


@pytest.mark.parametrize("innocent_by", ["young", "idle"])
def test_who_is_being_made_or_does_nothing_is_not_even_stopped(guard, machine, innocent_by):
    machine.held = {"a": Counter(), "b": Counter()}
    machine.maker, machine.rate = "b", GB
    machine.ages = {"b": 3.0} if innocent_by == "young" else {}
    machine.busy = {"a"} if innocent_by == "idle" else {"a", "b"}
    machine.sleep(1)
    assert guard.look() == []


def test_many_groups_are_counted_before_memory_is_gone(guard, machine):
    machine.held = {"a": Counter({"control groups": WORTH_IT}), "b": Counter({"control groups": WORTH_IT // 2})}
    machine.groups = guard_module.MANY_GROUPS + 1
    assert guard.look() == ["a"]


def test_short_memory_without_a_culprit_is_said_once_a_minute(guard, machine, said):
    machine.held = {"a": Counter()}
    machine.available = GB // 4
    for _ in range(30):
        machine.now += 1
        guard.look()
    assert len(said) == 1
    assert "memory is short (256 MB left)" in said[0]
    assert machine.closed == []


def test_a_small_machine_is_low_later_than_a_large_one():
    assert is_low(node.State(2 * GB, GB // 3, 0, 0, 0))
    assert not is_low(node.State(2 * GB, GB, 0, 0, 0))
    assert is_low(node.State(64 * GB, 3 * GB, 0, 0, 0))


@pytest.mark.parametrize("error", [NodeError("The node's engine does not answer."), RecursionError("deep"), OSError(5, "x")])
def test_no_error_ends_the_guard(guard, machine, said, monkeypatch, error):
    stop = Event()
    looks = []

    def explodes(config):
        looks.append(1)
        if len(looks) == 2:
            stop.set()
        raise error

    monkeypatch.setattr(guard_module, "LOOK_SECONDS", 0)
    monkeypatch.setattr(sandboxes, "running", explodes)
    machine.available = 0
    guard.run(stop)
    assert len(looks) == 2
    assert len(said) == 1


def test_one_that_cannot_be_removed_yet_does_not_save_the_others(guard, machine, said, monkeypatch):
    machine.held = {"a": Counter(neighbours=3 * WORTH_IT), "b": Counter(neighbours=2 * WORTH_IT)}
    machine.uncharged += 5 * WORTH_IT
    killed = []

    def close(config, name):
        if name == "a":
            raise NodeError("The engine does not let go of a part of a sandbox.", "a")
        machine.close(config, name)

    monkeypatch.setattr(cgroups, "kill_now", lambda config, container: killed.append(container))
    monkeypatch.setattr(lifecycle, "close_sandbox", close)
    assert guard.look() == ["a", "b"]
    assert killed == ["aaaa", "bbbb"]
    assert machine.closed == ["b"]
    assert any("sandbox a could not be removed yet" in line for line in said)
