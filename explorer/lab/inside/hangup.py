"""Ends shells in a host, found by the mark in their environment: their session gets a hangup, then the shell is killed."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from explorer.lab.inside.netns import ended
from explorer.lab.inside.places import ControlGroup, read_text

GRACE = 0.3
ENVIRONMENT_BYTES = 128 * 1024


def hang_up(group: ControlGroup, mark: str) -> int:
    """The number of shells that were ended. A pidfd is held before a process is looked at, so a signal reaches no other
    process."""
    held = hold(group)
    try:
        shells = [pid for pid in held if session(pid) == pid and marked(pid, mark)]
        for pid in held:
            if session(pid) in shells:
                send(held[pid], signal.SIGHUP, signal.SIGCONT)
        until = time.monotonic() + GRACE
        while time.monotonic() < until and not all(ended(held[pid]) for pid in shells):
            time.sleep(0.01)
        for pid in shells:
            send(held[pid], signal.SIGKILL)
        return len(shells)
    finally:
        for pidfd in held.values():
            os.close(pidfd)


def hold(group: ControlGroup) -> dict[int, int]:
    """pid → pidfd of every process of the host."""
    held: dict[int, int] = {}
    for pid, _container in group.processes():
        with suppress(OSError):
            if pid and pid not in held:
                held[pid] = os.pidfd_open(pid)
                if not group.belongs(pid):
                    os.close(held.pop(pid))
    return held


def session(pid: int) -> int:
    try:
        return int(read_text(f"/proc/{pid}/stat", 4096).rpartition(")")[2].split()[3])
    except (OSError, IndexError, ValueError):
        return 0


def marked(pid: int, mark: str) -> bool:
    try:
        environment = read_text(f"/proc/{pid}/environ", ENVIRONMENT_BYTES).split("\0")
    except OSError:
        return False
    return any(entry.startswith(mark) for entry in environment)


def send(pidfd: int, *signals: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        for number in signals:
            signal.pidfd_send_signal(pidfd, number)
