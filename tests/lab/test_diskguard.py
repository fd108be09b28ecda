"""When the disk is nearly full somebody goes who is to blame, and only when that helps."""

from __future__ import annotations

from collections import namedtuple

import pytest

from explorer.lab import diskguard, diskuse, ended
from explorer.lab.config import LabConfig
from explorer.lab.diskuse import Use
from explorer.lab.engine import disks
from explorer.lab.errors import NodeError
from explorer.lab.hosts.lifecycle import Found
from tests.lab.memory_engine import MemoryEngine, serving

Disk = namedtuple("Disk", "f_bavail f_frsize f_files f_favail")
MANY, FEW = diskguard.WORTH_IT_BYTES, diskguard.WORTH_IT_BYTES - 1
ROOMY = Disk(10**9, 4096, 10**9, 10**9)
FULL = ROOMY._replace(f_bavail=10)
NO_FILES = ROOMY._replace(f_favail=10)


@pytest.fixture
def config(tmp_path):
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


@pytest.fixture
def closed(monkeypatch):
    names = []
    monkeypatch.setattr("explorer.lab.hosts.lifecycle.close_sandbox", lambda config, name: names.append(name))
    return names


@pytest.fixture
def node(config, monkeypatch):
    """What is measured on it: `disk`, `uses` by sandbox, `written` by sandbox; `own` says whether hosts have own disks."""

    class Node:
        disk, own = FULL, False
        uses: dict[str, Use] = {}
        written: dict[str, int] = {}

    monkeypatch.setattr("explorer.lab.diskguard.os.statvfs", lambda path: Node.disk)
    monkeypatch.setattr(disks, "in_use", lambda config: Node.own)
    monkeypatch.setattr(diskuse, "by_sandbox", lambda config, client: Node.uses)
    monkeypatch.setattr(diskuse, "writers", lambda config, client: dict(Node.written))
    with serving(MemoryEngine(), config.socket):
        yield Node


def test_the_biggest_goes_and_no_other(config, closed, node):
    node.uses = {"small": Use(FEW), "big": Use(3 * MANY), "other": Use(MANY)}
    assert diskguard.Guard(config).relieve() == "big"
    assert closed == ["big"]


def test_why_it_went_is_kept_for_the_learner(config, closed, node, monkeypatch):
    monkeypatch.setattr("explorer.lab.hosts.lifecycle.list_sandboxes", lambda config: [Found("big", 3, 0.0, 2, 2)])
    node.uses = {"big": Use(3 * MANY)}
    diskguard.Guard(config).relieve()
    assert ended.why(config, "big", 3) == "disk"
    assert not ended.why(config, "big", 4)


def test_who_holds_the_most_files_goes_when_files_run_out(config, closed, node):
    node.disk = NO_FILES
    node.uses = {"big": Use(9 * MANY, 50), "many": Use(FEW, 90_000)}
    assert diskguard.Guard(config).relieve() == "many"


def test_a_tree_without_an_end_counts_as_the_most(config, closed, node):
    node.uses = {"big": Use(3 * MANY), "endless": Use(FEW, 5, whole=False)}
    assert diskguard.Guard(config).relieve() == "endless"


def test_where_nobody_is_found_the_newest_writer_goes(config, closed, node):
    guard = diskguard.Guard(config)
    node.disk, node.written = ROOMY, {"old": 50 * MANY, "new": 0}
    assert guard.relieve() == ""
    node.disk, node.uses = FULL, {"old": Use(FEW), "new": Use(0)}
    node.written = {"old": 50 * MANY + 5, "new": diskguard.WORTH_IT_WRITTEN}
    assert guard.relieve() == "new"
    assert closed == ["new"]


def test_where_each_has_a_disk_of_its_own_no_innocent_one_goes(config, closed, node):
    node.own = True
    node.uses, node.written = {"a": Use(FEW), "b": Use(FEW)}, {"a": 50 * MANY}
    assert diskguard.Guard(config).relieve() == ""
    assert closed == []


def test_what_belongs_to_nobody_is_nobodys_fault(config, closed, node):
    node.uses = {"": Use(10 * MANY, whole=False), "a": Use(5)}
    node.written = {"": 10 * MANY}
    assert diskguard.Guard(config).relieve() == ""


def test_an_engine_that_does_not_answer_is_the_nodes_fault(config, closed, monkeypatch):
    monkeypatch.setattr("explorer.lab.diskguard.os.statvfs", lambda path: FULL)
    with pytest.raises(NodeError):
        diskguard.Guard(config).relieve()


def test_with_room_and_own_disks_the_engine_is_not_even_asked(config, closed, monkeypatch):
    monkeypatch.setattr("explorer.lab.diskguard.os.statvfs", lambda path: ROOMY)
    monkeypatch.setattr(disks, "in_use", lambda config: True)
    assert diskguard.Guard(config).relieve() == "", "and there is no engine here"


def test_a_file_system_that_counts_no_files_is_not_short_of_them(config, monkeypatch):
    monkeypatch.setattr("explorer.lab.diskguard.os.statvfs", lambda path: ROOMY._replace(f_files=0, f_favail=0))
    assert diskguard.lacking(config) == ""
