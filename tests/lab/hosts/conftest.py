"""An engine in memory under a configuration of its own, and a machine on which hosts need nothing of the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.lab import images
from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups
from explorer.lab.hosts import ipv6, quota
from tests.lab.memory_engine import MemoryEngine, serving


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    made = LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", engines=("26", "28"))
    made.socket.parent.mkdir(parents=True)
    return made


@pytest.fixture
def engine(config: LabConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryEngine]:
    made = MemoryEngine()
    monkeypatch.setattr(images, "engines", lambda config, client: ("26",))
    monkeypatch.setattr(images, "tag", lambda config, name: f"explorer/{name}:1")
    monkeypatch.setattr(cgroups, "delegate", lambda config, container, root: None)
    monkeypatch.setattr(quota, "limit_host", lambda pid: None)
    monkeypatch.setattr(ipv6, "give", lambda pid, routes: None)
    with serving(made, config.socket):
        yield made
