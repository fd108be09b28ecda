"""Parts named by how they misbehave, and a supervisor that writes to memory."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from explorer.launch.console import Console
from explorer.launch.ready import says
from explorer.launch.supervise import Part, Supervisor
from tests.passable import passable_path

__all__ = ["passable_path"]

FAKES = {
    "good": "echo ready; exec sleep 60",
    "never": "exec sleep 60",
    "dies": "echo no such thing >&2; exit 3",
    "brief": "echo ready; sleep 0.3; exit 4",
    "stubborn": "trap '' TERM; echo ready; while :; do sleep 0.1; done",
    "parent": "sleep 61 & echo $!; echo ready; wait",
}


def fake(name: str, **more) -> Part:
    return Part(name, ("sh", "-c", FAKES[name]), says("ready"), **more)


class Memory(io.StringIO):
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    (tmp_path / "run").mkdir()
    return Supervisor(Console(Memory()), tmp_path, tmp_path / "run", dict(os.environ))


def said(supervisor: Supervisor) -> str:
    assert isinstance(supervisor.console.out, Memory)
    return supervisor.console.out.getvalue()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
