"""Who computes for long gives way to others, and only for as long: on files and a clock of the test's own."""

from __future__ import annotations

import pytest

from explorer.lab.cpu_weights import Weights

BUSY, QUIET = "b" * 64, "a" * 64


@pytest.fixture(params=["cpu.shares", "cpu.weight"])
def machine(request, tmp_path):
    """Two hosts below a group of sandboxes; `pass_time` lets them use processors for some seconds."""

    class Machine:
        now = 0.0
        usual, small = {"cpu.shares": ("1024", "64"), "cpu.weight": ("100", "6")}[request.param]
        used = dict.fromkeys((BUSY, QUIET), 0.0)

        def __init__(self):
            for name in self.used:
                (tmp_path / name).mkdir()
                (tmp_path / name / request.param).write_text("as made")
            (tmp_path / "cpu.shares.d").mkdir()  # a name that is no container's
            self.weights = Weights(lambda: [tmp_path], lambda: self.now)
            self.write()
            self.weights.look()

        def write(self):
            for name, used in self.used.items():
                if (tmp_path / name).is_dir():
                    (tmp_path / name / "cpuacct.usage").write_text(str(int(used * 1e9)))

        def pass_time(self, seconds, **rates):
            for _ in range(int(seconds)):
                self.now += 1.0
                for name, rate in rates.items():
                    self.used[{"busy": BUSY, "quiet": QUIET}[name]] += rate
                self.write()
                self.weights.look()

        def weight(self, name):
            return (tmp_path / name / request.param).read_text()

    return Machine()


def test_a_host_that_computes_without_end_gets_a_small_weight_and_nobody_else(machine):
    machine.pass_time(30, busy=1.0, quiet=0.04)
    assert machine.weight(BUSY) == machine.small
    assert machine.weight(QUIET) == "as made"


def test_a_host_that_starts_keeps_its_weight(machine):
    """A Docker daemon computes for a second and a half when it starts."""
    machine.pass_time(2, busy=1.0)
    machine.pass_time(30, busy=0.02)
    assert machine.weight(BUSY) == "as made"


def test_of_many_that_compute_at_once_each_gives_way_too(machine):
    """A processor shared by ten gives each a tenth: none of them looks busy in numbers."""
    machine.pass_time(60, busy=0.1, quiet=0.01)
    assert machine.weights.halvings(BUSY) == 1
    assert machine.weight(QUIET) == "as made"


def test_who_becomes_quiet_gets_the_usual_weight_back(machine):
    machine.pass_time(60, busy=1.0)
    machine.pass_time(30, busy=0.0)
    assert machine.weight(BUSY) == machine.usual


def test_a_small_change_of_use_changes_no_weight(machine):
    machine.pass_time(60, busy=0.2)
    before = machine.weights.halvings(BUSY)
    machine.pass_time(60, busy=0.26)
    machine.pass_time(60, busy=0.16)
    assert machine.weights.halvings(BUSY) == before == 2


def test_what_is_gone_is_forgotten(machine, tmp_path):
    machine.pass_time(30, busy=1.0)
    for file in (tmp_path / BUSY).iterdir():
        file.unlink()
    (tmp_path / BUSY).rmdir()
    machine.weights.look()
    with pytest.raises(KeyError):
        machine.weights.halvings(BUSY)
