"""Which processes of one machine come first when all want the processor: those on the way of a learner's key and its echo.

Niceness alone does nothing between our parts. Linux puts the processes of each session into a scheduling group of their own
(`autogroup`, sched(7)), all groups weigh the same, and niceness counts only within a group. The group has a niceness of its own
in /proc/PID/autogroup. Processes in a control group of processor time, such as those of sandboxes, have no autogroup.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

AHEAD = -10  # web, Valkey, relay and the node's engine: a key and its echo pass them
USUAL = 0
LAST = 19
_ENABLED = Path("/proc/sys/kernel/sched_autogroup_enabled")


def give(pid: int, niceness: int) -> None:
    """Gives a session's first process this niceness (-20 first, 19 last) against the other sessions. Where the rights do not
    suffice, everything stays as it was."""
    if not give_group(pid, niceness):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, niceness)


def give_group(pid: int, niceness: int) -> bool:
    """Gives the session of this process a niceness that programs in other sessions do not inherit. False where sessions are
    not scheduled as groups, or where the rights do not suffice."""
    if not sessions_are_groups():
        return False
    try:
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))
    except OSError:
        return False
    return True


def sessions_are_groups() -> bool:
    """Whether this kernel schedules each session as a group."""
    try:
        return _ENABLED.read_text().strip() == "1"
    except OSError:
        return False
