"""When the disk is full the biggest sandbox goes, and only when that helps."""

from __future__ import annotations

from collections import namedtuple

import pytest

from explorer.lab import diskguard
from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from tests.lab.memory_engine import MemoryEngine, serving

Disk = namedtuple("Disk", "total used free")
MANY, FEW = diskguard.WORTH_IT_BYTES + 1, diskguard.WORTH_IT_BYTES - 1


@pytest.fixture
def config(tmp_path):
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


@pytest.fixture
def closed(monkeypatch):
    names = []
    monkeypatch.setattr("explorer.lab.hosts.lifecycle.close_sandbox", lambda config, name: names.append(name))
    return names


@pytest.fixture
def full(monkeypatch):
    monkeypatch.setattr("explorer.lab.diskguard.shutil.disk_usage", lambda path: Disk(10**12, 10**12, 2**20))


@pytest.fixture
def engine(config):
    made = MemoryEngine()
    with serving(made, config.socket):
        yield made


def volumes(**sizes):
    return {"Volumes": [{"Labels": {"explorer.sandbox": name}, "UsageData": {"Size": size}} for name, size in sizes.items()]}


def test_the_biggest_goes_and_no_other(config, closed, full, engine):
    engine.usage = volumes(small=FEW, big=3 * MANY, other=MANY)
    assert diskguard.relieve(config) == "big"
    assert closed == ["big"]


def test_where_all_are_small_none_goes(config, closed, full, engine):
    engine.usage = volumes(a=FEW, b=FEW)
    assert diskguard.relieve(config) == ""
    assert closed == []


@pytest.mark.parametrize(
    "usage",
    [
        {},
        {"Volumes": None, "Containers": None},
        {"Volumes": [{"Labels": None, "UsageData": {"Size": 10 * MANY}}]},
        {"Volumes": [{"UsageData": None}, {"Labels": {"explorer.sandbox": "a"}, "UsageData": {"Size": -1}}]},
        {"Containers": [{"Labels": {"explorer.sandbox": "a"}, "SizeRw": None}, {"SizeRw": 10 * MANY}]},
    ],
    ids=["nothing", "nulls", "nobody's volume", "not measured", "nobody's container"],
)
def test_what_an_engine_does_not_say_is_nobodys_fault(config, closed, full, engine, usage):
    engine.usage = usage
    assert diskguard.relieve(config) == ""
    assert closed == []


def test_what_a_container_wrote_and_its_volume_count_together():
    usage = volumes(a=600, b=900) | {"Containers": [{"Labels": {"explorer.sandbox": "a"}, "SizeRw": 500}]}
    assert diskguard.biggest(usage) == ("a", 1100)


def test_an_engine_that_does_not_answer_is_the_nodes_fault(config, closed, full):
    with pytest.raises(NodeError):
        diskguard.relieve(config)


def test_with_room_the_engine_is_not_even_asked(config, closed, monkeypatch):
    monkeypatch.setattr("explorer.lab.diskguard.shutil.disk_usage", lambda path: Disk(1, 1, diskguard.LEAST_FREE_BYTES))
    assert diskguard.relieve(config) == "", "and there is no engine here"
