"""The program that reads who executed what: which execs are commands of a person, and what it does with too many."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from typing import Any, cast

import pytest

from explorer.lab.inside import execs
from explorer.lab.inside.execs import ExecReader, messages, parse_stat

H1, H2, WEB = "1" * 64, "2" * 64, "a" * 64
HOME = f"/explorer-t/{H1}"
TTY = 34816


class Proc:
    """A /proc that is written as the kernel would write it."""

    def __init__(self, root):
        self.root = root

    def add(
        self,
        pid,
        argv,
        parent,
        comm=None,
        group=None,
        session=None,
        tty=0,
        cgroup=HOME,
        state="S",
        inside=99,
        started=5,
        env="",
    ):
        folder = self.root / str(pid)
        folder.mkdir()
        group, session = group or pid, session or pid
        (folder / "cgroup").write_text(f"12:pids:{cgroup}\n1:name=systemd:/\n0::/elsewhere\n")
        name = comm or argv[0].rpartition("/")[2]
        rest = [parent, group, session, tty, group, *[0] * 13, started, 0]
        (folder / "stat").write_text(f"{pid} ({name}) {state} {' '.join(map(str, rest))}\n")
        (folder / "cmdline").write_bytes("".join(f"{word}\0" for word in argv).encode())
        (folder / "environ").write_bytes(env.encode() + b"\0")
        (folder / "status").write_text(f"Name:\t{name}\nNSpid:\t{pid}\t{inside}\n")

    def remove(self, pid):
        for file in (self.root / str(pid)).iterdir():
            file.unlink()
        (self.root / str(pid)).rmdir()


@pytest.fixture
def proc(tmp_path):
    made = Proc(tmp_path)
    made.add(1, ["dockerd"], 0, cgroup="/", inside=1)  # the node's own world
    made.add(50, ["containerd-shim"], 1, cgroup="/system")
    made.add(100, ["dockerd"], 50, inside=1)
    made.add(200, ["bash", "-l"], 50, tty=TTY)  # a terminal's shell
    return made


@pytest.fixture
def reader(tmp_path, proc):
    return ExecReader("/explorer-t", str(tmp_path))


def argv_of(told):
    return told and told["argv"]


def test_a_job_of_a_shell_in_a_terminal_is_a_command(proc, reader):
    proc.add(300, ["docker", "ps"], 200, session=200, tty=TTY)
    assert reader.executed(300) == {"container": H1, "inner": "", "argv": ["docker", "ps"], "cut": False}


def test_in_a_container_it_is_told_which(proc, reader):
    inside = f"{HOME}/docker/{WEB}"
    proc.add(210, ["sh"], 100, tty=TTY, cgroup=inside)
    proc.add(300, ["ip", "addr"], 210, session=210, tty=TTY, cgroup=inside)
    assert reader.executed(300) == {"container": H1, "inner": WEB, "argv": ["ip", "addr"], "cut": False}
    proc.add(301, ["ip", "route"], 210, session=210, tty=TTY, cgroup=f"{HOME}/system.slice/docker-{WEB}.scope")
    assert reader.executed(301)["inner"] == WEB


def test_what_comes_from_outside_the_host_is_a_command(proc, reader):
    proc.add(300, ["docker", "network", "ls"], 50)
    assert argv_of(reader.executed(300)) == ["docker", "network", "ls"]


def test_a_command_that_becomes_another_is_one_command(proc, reader):
    proc.add(300, ["env", "A=1", "docker", "ps"], 200, session=200, tty=TTY)
    assert argv_of(reader.executed(300)) == ["env", "A=1", "docker", "ps"]
    proc.remove(300)
    proc.add(300, ["docker", "ps"], 200, session=200, tty=TTY)
    assert reader.executed(300) is None
    proc.remove(300)
    proc.add(300, ["docker", "ps"], 200, session=200, tty=TTY, started=6)  # the number again, another process
    assert argv_of(reader.executed(300)) == ["docker", "ps"]


def test_processes_told_are_remembered_in_bounded_number(reader):
    for pid in range(10_000):
        reader.told(pid, 1)
    assert len(reader.listed) == execs.LISTED_KEPT


@pytest.mark.parametrize(
    ("who", "facts"),
    {
        "a substitution keeps the shell's group": (["id", "-u"], {"parent": 200, "group": 200, "session": 200, "tty": TTY}),
        "a script's program": (["sleep", "1"], {"parent": 400, "group": 400, "session": 200, "tty": TTY}),
        "a plugin of docker's in a group of its own": (["docker-compose"], {"parent": 401, "session": 200, "tty": TTY}),
        "the terminal's shell itself": (["bash", "-l"], {"parent": 50, "tty": TTY}),
        "a shell of another terminal": (["ls"], {"parent": 200, "session": 299, "tty": TTY + 1}),
        "iptables of the daemon": (["iptables", "-L"], {"parent": 100}),
        "a health check": (["curl", "localhost"], {"parent": 402, "cgroup": f"{HOME}/docker/{WEB}"}),
        "the host's first process": (["tini"], {"parent": 50, "inside": 1}),
        "a lesson's own check": (["bash", "-c", "test -e x"], {"parent": 50, "env": "EXPLORER_SCRIPT=abc"}),
        "runc before it is the command": (["runc", "init"], {"parent": 50}),
        "a program of the node": (["nsenter", "ip"], {"parent": 1, "cgroup": "/system"}),
        "a tool of the node's shell": (["ls"], {"parent": 403, "session": 403, "tty": TTY, "cgroup": "/user"}),
        "in a group that only looks like ours": (["ls"], {"parent": 50, "cgroup": f"/explorer-tt/{H1}"}),
    }.values(),
    ids=str,
)  # fmt: skip
def test_what_nobody_gave_is_not_listed(proc, reader, who, facts):
    proc.add(400, ["sh", "script.sh"], 200, group=400, session=200, tty=TTY)
    proc.add(401, ["docker", "compose", "up"], 200, session=200, tty=TTY)
    proc.add(402, ["containerd-shim"], 100)
    proc.add(403, ["bash"], 1, tty=TTY, cgroup="/user")
    proc.add(300, who, **facts)
    assert reader.executed(300) is None
    assert not reader.summary()


def test_a_name_made_to_confuse_is_only_a_name():
    found = parse_stat(b"7 (a) S 1 2 3) R 4 5 6 7 8 " + b"0 " * 13 + b"99 0\n")
    assert (found.comm, found.parent, found.group, found.session, found.terminal, found.started) == (
        b"a) S 1 2 3",
        4,
        5,
        6,
        7,
        99,
    )


def test_a_flood_is_counted_and_leaves_the_others_alone(proc, reader):
    proc.add(201, ["bash"], 50, tty=TTY, cgroup=f"/explorer-t/{H2}")
    for pid in range(1000, 1060):
        proc.add(pid, ["true"], 200, session=200, tty=TTY)
    told = [reader.executed(pid) for pid in range(1000, 1060)]
    listed = sum(one is not None for one in told)
    assert execs.BURST <= listed < execs.BURST + 5
    proc.add(300, ["ls"], 201, session=201, tty=TTY, cgroup=f"/explorer-t/{H2}")
    assert reader.executed(300) is not None
    assert reader.summary() == [{"container": H1, "more": 60 - listed, "ended": 0}]
    assert not reader.waiting


def test_accounts_of_thousands_of_groups_are_bounded(reader, monkeypatch):
    monkeypatch.setattr(execs, "GROUPS_KEPT", 3)
    for number in range(20):
        reader.account(f"{number:064}")
    assert len(reader.accounts) == 3


def test_what_ended_before_it_was_read_is_counted_where_its_shell_was(proc, reader):
    assert reader.executed(300) is None  # there is no such process any more
    assert reader.executed(301) is None
    reader.ended([(300, 200), (301, 100), (999, 200)])  # the second was a daemon's
    assert reader.summary() == [{"container": H1, "more": 0, "ended": 1}]


def test_one_that_lost_its_words_is_counted_not_invented(proc, reader):
    proc.add(300, [], 200, comm="ls", session=200, tty=TTY)
    assert reader.executed(300) is None
    assert reader.summary()[0]["ended"] == 1


def test_ends_are_remembered_in_bounded_number(reader):
    reader.ended([(pid, 1) for pid in range(10_000)])
    assert len(reader.exits) == execs.EXITS_KEPT


def test_endless_arguments_are_cut(proc, reader):
    proc.add(300, ["echo", "x" * 100_000], 200, session=200, tty=TTY)
    told = reader.executed(300)
    assert told["cut"]
    assert len(json.dumps(told)) < 2 * execs.CMDLINE_BYTES


def event(pid, tgid=None, parent=0):
    return b"\0" * 52 + struct.pack("=ii8xii", pid, tgid or pid, 0, parent)


def test_messages_are_taken_from_a_socket_and_threads_are_not_processes():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    class FromKernel:
        def recvfrom(self, size, flags):
            return ours.recv(size, flags), (0, 1)

    class FromSomebody:
        def recvfrom(self, size, flags):
            return ours.recv(size, flags), (4711, 1)

    for said in (event(7, parent=3), event(8, tgid=7), b"short"):
        theirs.send(said)
    assert messages(cast(Any, FromKernel())) == ([(7, 3)], False)
    theirs.send(event(9))
    assert messages(cast(Any, FromSomebody())) == ([], False)
    ours.close()
    theirs.close()


class Overflowing:
    """A socket whose kernel had more than it could hold."""

    def __init__(self):
        self.errors = [OSError(105, "No buffer space available"), BlockingIOError()]

    def recvfrom(self, size, flags):
        raise self.errors.pop(0)


def test_what_the_kernel_dropped_is_told():
    assert messages(cast(Any, Overflowing())) == ([], True)


def test_a_process_whose_reading_never_ends_ends_the_program():
    head = "import time\nfrom explorer.lab.inside.execs import within\n"
    code = head + "with within(1): pass\ntime.sleep(1.2)\nwith within(1): time.sleep(30)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=20).returncode == -signal.SIGALRM


def test_who_does_not_listen_is_told_later_how_many(reader, monkeypatch):
    def full(fd, data):
        raise BlockingIOError

    monkeypatch.setattr(os, "write", full)
    execs.say({"container": H1, "argv": ["ls"], "inner": "", "cut": False}, reader)
    execs.say({"container": H1, "more": 3, "ended": 2}, reader)
    execs.say({"lost": True}, reader)
    assert reader.summary() == [{"container": H1, "more": 6, "ended": 0}, {"lost": True}]


class Scheduler:
    """Time and processor time as a test lets them pass, and what was asked of the kernel."""

    def __init__(self, monkeypatch):
        self.now = self.used = 0.0
        self.asked = []
        monkeypatch.setattr(execs, "time", self)
        monkeypatch.setattr(os, "sched_setscheduler", lambda pid, kind, param: self.asked.append(kind))

    def monotonic(self):
        return self.now

    def process_time(self):
        return self.used

    def work(self, hurry, seconds, share):
        """Works this share of so many seconds, in pieces. Returns the seconds that it was told to rest."""
        rested = 0.0
        for _ in range(int(seconds * 100)):
            self.now += 0.01
            self.used += 0.01 * share
            rested += hurry.rest()
        return rested


def test_who_reads_little_runs_ahead_of_all_others(monkeypatch):
    scheduler = Scheduler(monkeypatch)
    hurry = execs.Hurry()
    assert scheduler.work(hurry, 10, 0.02) == 0.0
    assert scheduler.asked == [os.SCHED_FIFO | os.SCHED_RESET_ON_FORK]


def test_in_a_storm_of_programs_it_waits_its_turn_and_rests_and_afterwards_runs_ahead_again(monkeypatch):
    scheduler = Scheduler(monkeypatch)
    hurry = execs.Hurry()
    assert scheduler.work(hurry, 5, 0.9) > 0.0
    assert scheduler.asked[1:] == [os.SCHED_OTHER]
    scheduler.work(hurry, 3, 0.01)
    assert scheduler.asked[-1] == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
