"""The client of the node's engine, and the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests.sessions

from explorer.lab.config import LabConfig
from explorer.lab.engine import client
from tests.lab.memory_engine import MemoryEngine, serving


def test_neither_proxies_nor_a_netrc_file_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading proxies walks through all variables, and fails when another thread removes one meanwhile."""

    def asked(*words: object, **named: object) -> None:
        raise AssertionError("the environment was asked")

    for name in ("get_environ_proxies", "get_netrc_auth"):
        monkeypatch.setattr(requests.sessions, name, asked)
    config = LabConfig("units", "node1", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", engines=("26", "28"))
    config.socket.parent.mkdir(parents=True, exist_ok=True)
    with serving(MemoryEngine(), config.socket), client.session(config) as engine:
        assert engine.version()
