"""A separate program that reads which program a process in a sandbox executes, as soon as it begins.

`watch.commands` starts it with two netlink sockets, on which the kernel reports every exec and every end of a process on this
machine, and with the control group that holds all sandboxes. It is a separate program because a short command lives for a
millisecond.

It reports commands that a person gave: a program to which a shell with a terminal gave a process group of its own (job
control), and a program that was started from outside the host (`sandbox exec`). Programs that a script, a command
substitution or a daemon starts do not get a process group of their own. It prints one JSON object per line. Commands above
the limit, and commands that ended before they could be read, are counted and reported as numbers.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import struct
import sys
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

EVENT = struct.Struct("=36x4x12xii8xii")  # headers of netlink and the connector, kind, cpu and time; pid, tgid; …; the parent's
SHELLS = {b"bash", b"sh", b"dash", b"ash", b"busybox", b"zsh", b"ksh", b"mksh", b"fish"}
BURST, RATE = 20, 5.0  # commands of one host or machine at once; commands per second
TOLD_EVERY = 1.0
CMDLINE_BYTES = 4096
GROUPS_KEPT = 512
EXITS_KEPT = 512
LISTED_KEPT = 512
READS_AT_ONCE = 256
SCRIPT_MARK = "EXPLORER_SCRIPT"  # in the environment of a check's script: no person gave that command
PATIENCE = 3  # seconds for all messages that came together
AHEAD = 0.05  # seconds of processor time in a second before which it runs ahead of all others
AFTER = 0.15  # … and after which it rests: then the kernel drops what finds no room, and that is reported
REST = 0.02


@dataclass(slots=True)
class Stat:
    comm: bytes
    state: bytes
    parent: int
    group: int
    session: int
    terminal: int
    started: int


@dataclass(slots=True)
class Account:
    """The counts of one host or machine: what it may still report now, and what was not reported."""

    left: float = BURST
    at: float = 0.0
    more: int = 0
    ended: int = 0

    def allows(self, now: float) -> bool:
        self.left = min(BURST, self.left + (now - self.at) * RATE)
        self.at = now
        if self.left < 1:
            self.more += 1
            return False
        self.left -= 1
        return True


def read(path: str, limit: int = CMDLINE_BYTES) -> bytes:
    """The beginning of a file of /proc. Only the numbers in its path are not ours."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        return os.read(fd, limit)
    finally:
        os.close(fd)


def parse_stat(text: bytes) -> Stat:
    """The fields of /proc/PID/stat. The process's name may contain anything, brackets and spaces too, so it ends at the last
    bracket."""
    before, _, after = text.rpartition(b")")
    words = after.split()
    numbers = [int(words[at]) for at in (1, 2, 3, 4, 19)]
    return Stat(before.partition(b"(")[2], words[0], *numbers)


@dataclass
class ExecReader:
    """Reads processes. `parent` is the control group above all hosts, as in /proc/PID/cgroup; `proc` is the directory of
    processes."""

    parent: str
    proc: str = "/proc"
    accounts: OrderedDict[str, Account] = field(default_factory=OrderedDict)
    exits: OrderedDict[int, int] = field(default_factory=OrderedDict)  # pid → its parent, for the processes that ended last
    listed: OrderedDict[int, int] = field(default_factory=OrderedDict)  # pid → start time, for those that were reported last
    missed: list[int] = field(default_factory=list)  # pids that ended before they could be read
    lost: bool = False
    told_at: float = 0.0

    def __post_init__(self) -> None:
        below = re.escape(self.parent.encode().rstrip(b"/"))
        self.group = re.compile(below + rb"/([0-9a-f]{64})(?![^/\n])(?:[^\n]*?[/-]([0-9a-f]{64})(?![0-9a-f]))?")

    def where(self, pid: int) -> tuple[str, str] | None:
        """(the host's or machine's id on the node's engine, the id of the container in it or ""); None outside of the
        sandboxes."""
        found = self.group.findall(read(f"{self.proc}/{pid}/cgroup", 16 * 1024))
        outer, inner = max(found, key=lambda one: len(one[1]), default=(b"", b""))
        return (outer.decode(), inner.decode()) if outer else None

    def stat(self, pid: int) -> Stat:
        return parse_stat(read(f"{self.proc}/{pid}/stat"))

    def account(self, outer: str) -> Account:
        found = self.accounts.setdefault(outer, Account(at=time.monotonic()))
        self.accounts.move_to_end(outer)
        while len(self.accounts) > GROUPS_KEPT:
            self.accounts.popitem(last=False)
        return found

    def executed(self, pid: int) -> dict[str, Any] | None:
        """The report of this exec, or None."""
        try:
            said = read(f"{self.proc}/{pid}/cmdline", CMDLINE_BYTES + 1)  # read first, because it disappears first
            stat = self.stat(pid)
            place = self.where(pid)
            if stat.state in (b"Z", b"X"):
                raise ProcessLookupError
            if place is None or not (self.typed(stat) if stat.terminal else self.entered(pid, stat, place[0])):
                return None
            if not self.account(place[0]).allows(time.monotonic()):
                return None
        except (OSError, ValueError, IndexError):
            self.missed.append(pid)
            return None
        if not said:
            self.account(place[0]).ended += 1
            return None
        words = said[:CMDLINE_BYTES].rstrip(b"\0").split(b"\0")
        if words == [b"runc", b"init"] or self.told(pid, stat.started):
            return None  # runc's own first step; or a second exec of the same process, as of `env` and `sh -c`
        argv = [word.decode("utf-8", "replace") for word in words]
        return {"container": place[0], "inner": place[1], "argv": argv, "cut": len(said) > CMDLINE_BYTES}

    def typed(self, stat: Stat) -> bool:
        """Whether a shell gave this process a process group of its own in the shell's terminal."""
        shell = self.stat(stat.parent)
        together = (shell.session, shell.terminal) == (stat.session, stat.terminal)
        return together and shell.group != stat.group and shell.comm in SHELLS

    def entered(self, pid: int, stat: Stat, outer: str) -> bool:
        """Whether the parent is outside the host, the process is not the host's first one, and no check runs it."""
        above = self.where(stat.parent) if stat.parent else None
        if above is not None and above[0] == outer:
            return False
        if SCRIPT_MARK.encode() + b"=" in read(f"{self.proc}/{pid}/environ"):
            return False
        inside = re.search(rb"^NSpid:.*?(\d+)$", read(f"{self.proc}/{pid}/status"), re.MULTILINE)
        return inside is not None and inside[1] != b"1"

    def told(self, pid: int, started: int) -> bool:
        repeated = self.listed.get(pid) == started
        self.listed[pid] = started
        self.listed.move_to_end(pid)
        while len(self.listed) > LISTED_KEPT:
            self.listed.popitem(last=False)
        return repeated

    def ended(self, exits: list[tuple[int, int]]) -> None:
        """Counts the missed processes for their host: those that a shell with a terminal had started. The messages of their
        ends name the parent."""
        for pid, parent in exits:
            self.exits[pid] = parent
            self.exits.move_to_end(pid)
        while len(self.exits) > EXITS_KEPT:
            self.exits.popitem(last=False)
        for pid in self.missed:
            parent = self.exits.get(pid, 0)
            try:
                place = self.where(parent) if parent else None
                shell = self.stat(parent) if place else None
            except (OSError, ValueError, IndexError):
                continue
            if place and shell and shell.terminal and shell.comm in SHELLS:
                self.account(place[0]).ended += 1
        self.missed.clear()

    def summary(self) -> list[dict[str, Any]]:
        """The counts since the last summary; at most once per second."""
        now = time.monotonic()
        if now - self.told_at < TOLD_EVERY:
            return []
        told: list[dict[str, Any]] = []
        for outer, account in self.accounts.items():
            if account.more or account.ended:
                told.append({"container": outer, "more": account.more, "ended": account.ended})
                account.more = account.ended = 0
        if self.lost:
            told.append({"lost": True})
            self.lost = False
        if told:
            self.told_at = now
        return told

    @property
    def waiting(self) -> bool:
        return self.lost or any(account.more or account.ended for account in self.accounts.values())


def messages(sock: socket.socket) -> tuple[list[tuple[int, int]], bool]:
    """(process, parent) of the messages that the kernel sent, and whether messages were lost because the socket was full."""
    found: list[tuple[int, int]] = []
    lost = False
    for _ in range(READS_AT_ONCE):
        try:
            data, sender = sock.recvfrom(512, socket.MSG_DONTWAIT)
        except BlockingIOError:
            break
        except OSError:  # ENOBUFS
            lost = True
            continue
        if sender[0] == 0 and len(data) >= EVENT.size:
            pid, tgid, _, parent = EVENT.unpack_from(data)
            if pid == tgid:
                found.append((pid, parent))
    return found, lost


def say(told: dict[str, Any], reader: ExecReader) -> None:
    """Prints one report without waiting. When the output is full, the report is counted and reported later."""
    try:
        os.write(1, json.dumps(told).encode() + b"\n")
    except BlockingIOError:
        if "argv" in told:
            reader.account(told["container"]).more += 1
        elif "container" in told:
            reader.account(told["container"]).more += told["more"] + told["ended"]
        else:
            reader.lost = True


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Ends this program when the block takes longer: a learner can make the reading of a process take for ever.
    `watch.commands` then starts the program again."""
    signal.alarm(seconds)
    yield
    signal.alarm(0)


class Hurry:
    """Real-time scheduling while there is little to read, so that a process can be read before it ends even on a busy machine.
    When somebody starts programs without end, this program waits its turn like all others, and then it rests as well:
    otherwise a learner could use it to take the processor from everybody."""

    def __init__(self) -> None:
        self.ahead = False
        self.began, self.used = time.monotonic(), time.process_time()
        self.go_ahead(True)

    def go_ahead(self, ahead: bool) -> None:
        self.ahead = ahead
        kind = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK if ahead else os.SCHED_OTHER
        try:
            os.sched_setscheduler(0, kind, os.sched_param(1 if ahead else 0))
        except OSError:
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, -20 if ahead else 0)

    def rest(self) -> float:
        """Is called after each piece of work. Returns the seconds to rest."""
        now, used = time.monotonic(), time.process_time()
        passed, busy = now - self.began, used - self.used
        if self.ahead and busy > AHEAD:
            self.go_ahead(False)
        if passed >= 1:
            self.began, self.used = now, used
            if not self.ahead and busy < AHEAD * passed:
                self.go_ahead(True)
        return REST if busy > AFTER * max(passed, 1.0) else 0.0


def main(execs: int, exits: int, parent: str) -> None:
    """Runs until standard input closes, which happens when the program that started this one ends."""
    reader = ExecReader(parent)
    began, ended = socket.socket(fileno=execs), socket.socket(fileno=exits)
    os.set_blocking(1, False)
    hurry = Hurry()
    waiting = select.poll()
    waiting.register(began, select.POLLIN)
    waiting.register(0, select.POLLIN | select.POLLHUP)
    while not any(fd == 0 for fd, _ in waiting.poll(int(TOLD_EVERY * 1000) if reader.waiting else None)):
        with within(PATIENCE):
            events, lost = messages(began)
            reader.lost = reader.lost or lost
            for pid, _ in events:
                if told := reader.executed(pid):
                    say(told, reader)
            reader.ended(messages(ended)[0])
            for told in reader.summary():
                say(told, reader)
        time.sleep(hurry.rest())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
