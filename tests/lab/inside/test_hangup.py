"""Ending shells by the mark in their environment: theirs and nobody else's, gently first."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from explorer.lab.inside import hangup
from explorer.lab.inside.hangup import hang_up, hold, marked, send, session
from explorer.lab.inside.places import ControlGroup

OURS, THEIRS = "EXPLORER_TERMINAL=one", "EXPLORER_TERMINAL=two"


class Group(ControlGroup):
    """A control group of these processes. What it `lists` may be more than belongs to it."""

    def __init__(self, *pids, lists=()):
        super().__init__(Path("/nowhere"), "/x")
        self.pids, self.lists = pids, lists

    def processes(self):
        return iter([(pid, "") for pid in (*self.pids, *self.lists)])

    def belongs(self, pid):
        return pid in self.pids


@pytest.fixture
def started():
    """Starts a shell in a session of its own, with this mark; it says one line when it is ready."""
    children = []

    def start(script, mark="", own_session=True):
        name, _, value = mark.partition("=")
        child = subprocess.Popen(
            ["sh", "-c", script],
            env={**os.environ, **({name: value} if mark else {})},
            stdout=subprocess.PIPE,
            start_new_session=own_session,
        )
        children.append(child)
        said = child.stdout.readline().split()
        return child, *map(int, said)

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


WAITS = "echo; sleep 60 & wait"
DEAF = "trap '' HUP; echo; while :; do sleep 1; done"


def test_a_shell_with_the_mark_is_hung_up(started):
    (shell,) = started(WAITS, OURS)
    assert hang_up(Group(shell.pid), OURS) == 1
    assert shell.wait(10) == -signal.SIGHUP


def test_one_that_ignores_it_is_killed(started, monkeypatch):
    monkeypatch.setattr(hangup, "GRACE", 0.02)
    (shell,) = started(DEAF, OURS)
    assert hang_up(Group(shell.pid), OURS) == 1
    assert shell.wait(10) == -signal.SIGKILL


def test_what_runs_in_its_session_hears_of_it_too(started):
    shell, job = started("sleep 60 & echo $!; wait", OURS)
    hold_job = os.pidfd_open(job)
    assert hang_up(Group(shell.pid, job), OURS) == 1
    assert ends(hold_job)
    os.close(hold_job)


def ends(pidfd):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(10_000))


def test_what_was_told_to_stay_stays(started):
    """As with `nohup`: closing a terminal window leaves it alone."""
    shell, job = started("trap '' HUP; sleep 60 & echo $!; trap - HUP; wait", OURS)
    hang_up(Group(shell.pid, job), OURS)
    shell.wait(10)
    os.kill(job, 0)
    os.kill(job, signal.SIGKILL)


@pytest.mark.parametrize("mark", ["", THEIRS])
def test_a_shell_of_somebody_else_is_left_alone(started, mark):
    (shell,) = started(WAITS, mark)
    assert hang_up(Group(shell.pid), OURS) == 0
    assert shell.poll() is None


def test_a_mark_without_value_means_every_shell_of_ours(started):
    first, second = started(WAITS, OURS)[0], started(WAITS, THEIRS)[0]
    assert hang_up(Group(first.pid, second.pid), "EXPLORER_TERMINAL=") == 2
    assert first.wait(10) == second.wait(10) == -signal.SIGHUP


def test_what_only_carries_the_mark_is_no_shell(started):
    """A program started by a shell inherits its environment; it is no session of its own."""
    (child,) = started(WAITS, OURS, own_session=False)
    assert hang_up(Group(child.pid), OURS) == 0
    assert child.poll() is None


def test_a_process_that_left_the_host_is_not_held(started):
    (ours,), (stranger,) = started(WAITS, OURS), started(WAITS, OURS)
    assert hang_up(Group(ours.pid, lists=(stranger.pid, 0, 999_999_998)), OURS) == 1
    assert stranger.poll() is None


def test_holding_lets_go_of_who_does_not_belong(started):
    (shell,) = started(WAITS)
    before = len(os.listdir("/proc/self/fd"))
    assert hold(Group(lists=(shell.pid, shell.pid))) == {}
    assert len(os.listdir("/proc/self/fd")) == before


def test_nothing_is_left_open(started):
    (shell,) = started(WAITS, OURS)
    before = len(os.listdir("/proc/self/fd"))
    hang_up(Group(shell.pid), OURS)
    assert len(os.listdir("/proc/self/fd")) == before


# --- a /proc that lies, or is gone ---
@pytest.mark.parametrize("text", ["", "7 (x", "7 (x) S 1", "7 (x) S 1 2 three", "\0"])
def test_a_process_whose_state_cannot_be_read_has_no_session(monkeypatch, text):
    monkeypatch.setattr(hangup, "read_text", lambda path, limit: text)
    assert session(7) == 0


def test_a_name_with_brackets_is_only_a_name(monkeypatch):
    monkeypatch.setattr(hangup, "read_text", lambda path, limit: "7 (a) S 9 9 9 (b)) S 1 2 3 4 5")
    assert session(7) == 3


def test_a_process_that_is_gone_carries_no_mark():
    assert not marked(999_999_998, OURS)
    assert session(999_999_998) == 0


def test_a_mark_is_looked_for_at_the_beginning_of_a_variable(monkeypatch):
    monkeypatch.setattr(hangup, "read_text", lambda path, limit: "PATH=/bin\0X=EXPLORER_TERMINAL=one\0")
    assert not marked(7, OURS)


def test_a_signal_to_who_is_gone_is_no_trouble(started):
    (shell,) = started(WAITS)
    pidfd = os.pidfd_open(shell.pid)
    shell.kill()
    shell.wait()
    send(pidfd, signal.SIGHUP, signal.SIGCONT)
    os.close(pidfd)
