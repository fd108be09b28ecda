"""The processes of one installation, found by what it wrote about them, and the signals that a fault sends to them.

Only processes of this installation get a signal: a part is known by pid and start time, a daemon by the path of the engine in
its arguments, a host's processes by its control group.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.engine import leftovers
from explorer.launch.state import born

PARTS = ("valkey", "engine", "worker", "relay", "web")


class Parts:
    def __init__(self, lab: LabConfig) -> None:
        self.lab = lab
        self.stopped: set[int] = set()

    def pid(self, part: str) -> int:
        """The first process of a part; 0 when it does not run."""
        try:
            written = json.loads((self.lab.run_dir / "parts.json").read_text())
            pid, birth = written[part]
        except (OSError, ValueError, KeyError):
            return 0
        return int(pid) if birth and born(int(pid)) == birth else 0

    def session(self, part: str) -> set[int]:
        """All processes of a part. The engine's are also its daemon and containerd, which have sessions of their own."""
        first = self.pid(part)
        found = {pid for pid in pids() if session_of(pid) == first} if first else set()
        return found | (self.daemons() if part == "engine" else set())

    def daemons(self) -> set[int]:
        """The engine's dockerd and containerd."""
        signs = {
            f"--exec-root={self.lab.socket.parent / 'exec'}",
            str(self.lab.socket.parent / "exec/containerd/containerd.toml"),
        }
        return {pid for pid in pids() if signs & set(words_of(pid))}

    def dockerd(self) -> int:
        sign = f"--exec-root={self.lab.socket.parent / 'exec'}"
        return next((pid for pid in pids() if sign in (words := words_of(pid)) and "dockerd" in words[0]), 0)

    def shims(self) -> set[int]:
        sign = str(self.lab.socket.parent / "exec/containerd/containerd.sock")
        return {pid for pid in pids() if sign in words_of(pid)}

    def hosts(self) -> list[Path]:
        """The control groups of running containers, in one hierarchy."""
        groups = leftovers.our_cgroups(self.lab)
        return sorted(path for path in groups[0].iterdir() if path.is_dir()) if groups else []

    def inside(self, group: Path) -> list[int]:
        """The processes of a container, the oldest first."""
        found: set[int] = set()
        with suppress(OSError):
            for place, _, files in os.walk(group):
                if "cgroup.procs" in files:
                    with suppress(OSError, ValueError):
                        found |= {int(word) for word in Path(place, "cgroup.procs").read_text().split()}
        return sorted(found - {0}, key=lambda pid: int(born(pid) or 0))

    def stop(self, some: Iterable[int]) -> set[int]:
        stopped = {pid for pid in some if send(pid, signal.SIGSTOP)}
        self.stopped |= stopped
        return stopped

    def go_on(self, some: Iterable[int] | None = None) -> None:
        for pid in list(self.stopped if some is None else some):
            if pid in self.stopped:
                send(pid, signal.SIGCONT)
            self.stopped.discard(pid)


def send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def pids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal()]


def session_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3])
    except (OSError, ValueError, IndexError):
        return 0


def words_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]
