"""Network namespaces held by a process: which are taken, how they are entered, and processes that vanish meanwhile."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from explorer.lab.inside import netns
from explorer.lab.inside.netns import Namespace, ended, inside, open_namespace, own_user_namespace, owner_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


def anybody(pid):
    return True


@pytest.fixture
def living():
    """Starts a process in new namespaces of these kinds, once it is there."""
    children = []

    def start(*kinds):
        options = [f"--{kind}" for kind in kinds]
        child = subprocess.Popen(["unshare", *options, "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
        children.append(child)
        child.stdout.readline()
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def here():
    return os.stat("/proc/thread-self/ns/net").st_ino


def netns_of(pid):
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def open_fds():
    return set(os.listdir("/proc/self/fd"))


# --- which are taken ---
def test_a_hosts_namespace_is_taken_by_its_inode(living):
    child = living("user", "net")
    found = open_namespace(child.pid, anybody)
    assert found is not None
    assert (found.pid, found.inode) == (child.pid, netns_of(child.pid))
    assert not ended(found.pidfd)
    found.close()


def test_one_that_root_here_owns_is_not_a_hosts(living):
    """An engine puts a starting process into the host's control group while it still is in a namespace of the node."""
    assert open_namespace(living("net").pid, anybody) is None
    assert open_namespace(os.getpid(), anybody) is None


def test_a_process_that_is_not_the_hosts_is_not_looked_at(living):
    assert open_namespace(living("user", "net").pid, lambda pid: False) is None


def test_a_process_that_is_gone_has_none(living):
    child = living("user", "net")
    child.kill()
    child.wait()
    assert open_namespace(child.pid, anybody) is None


def test_one_that_vanishes_while_it_is_looked_at_has_none(living):
    child = living("user", "net")

    def vanishes(pid):
        child.kill()
        child.wait()
        return True

    assert open_namespace(child.pid, vanishes) is None


def test_one_that_ends_just_after_it_was_opened_has_none(living, monkeypatch):
    child = living("user", "net")

    def ends(fd):
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        return 0

    monkeypatch.setattr(netns, "owner_of", ends)
    assert open_namespace(child.pid, anybody) is None


@pytest.mark.parametrize("pid", [0, -1])
def test_a_number_that_is_no_process(pid):
    with pytest.raises(OSError, match="Invalid argument"):
        open_namespace(pid, anybody)


def test_nothing_stays_open_whatever_happens(living):
    child, before = living("user", "net"), open_fds()
    open_namespace(child.pid, lambda pid: False)
    open_namespace(os.getpid(), anybody)
    open_namespace(999_999_999 % 2**22 - 1, anybody)

    def refuses(pid):
        raise PermissionError

    with pytest.raises(PermissionError):
        open_namespace(child.pid, refuses)
    found = open_namespace(child.pid, anybody)
    assert found is not None
    found.close()
    found.close()
    assert open_fds() == before


def test_who_owns_a_namespace(living):
    child = living("user", "net")
    with open(f"/proc/{child.pid}/ns/net", "rb") as theirs, open("/proc/self/ns/net", "rb") as ours:
        assert owner_of(theirs.fileno()) == os.stat(f"/proc/{child.pid}/ns/user").st_ino
        assert owner_of(ours.fileno()) == own_user_namespace()


# --- entering ---
@pytest.fixture
def namespace(living):
    child = living("net")
    made = Namespace(child.pid, os.pidfd_open(child.pid), os.open(f"/proc/{child.pid}/ns/net", os.O_RDONLY))
    yield made
    made.close()


def test_a_thread_is_inside_for_the_block_and_home_afterwards(namespace):
    home = here()
    with inside(namespace.fd):
        assert here() == namespace.inode != home
    assert here() == home


def test_trouble_inside_brings_it_home_too(namespace):
    home = here()
    with pytest.raises(ZeroDivisionError), inside(namespace.fd):
        raise ZeroDivisionError
    assert here() == home


def test_what_is_no_namespace_is_not_entered():
    home, null = here(), os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(OSError, match="setns"), inside(null):
        pytest.fail("it was not entered")
    os.close(null)
    assert here() == home


def test_a_thread_that_cannot_come_home_ends_its_process(namespace, monkeypatch):
    class Ended(BaseException):
        pass

    def end(status):
        raise Ended(status)

    calls = []
    enter = netns._setns

    def only_out(fd):
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(1, "setns")
        enter(fd)

    monkeypatch.setattr(netns, "_setns", only_out)
    monkeypatch.setattr(netns.os, "_exit", end)  # type: ignore[attr-defined]
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    with pytest.raises(Ended), inside(namespace.fd):
        pass
    enter(home)
    os.close(home)


def test_a_socket_lives_where_it_was_made(namespace):
    with namespace.socket(socket.AF_INET, socket.SOCK_STREAM) as there:
        assert not there.getblocking()
        assert not os.get_inheritable(there.fileno())
        there.bind(("0.0.0.0", 0))  # noqa: S104
        there.listen()
        with socket.socket() as ours, pytest.raises(ConnectionRefusedError):
            ours.connect(("127.0.0.1", there.getsockname()[1]))


# --- another process stands for it ---
def test_another_process_may_stand_for_it(namespace, living):
    other = living()
    namespace.follow(other.pid)
    assert namespace.pid == other.pid
    other.kill()
    other.wait()
    assert ended(namespace.pidfd)


def test_one_that_is_gone_may_not_and_the_first_stays(namespace, living):
    other, first = living(), namespace.pid
    other.kill()
    other.wait()
    with pytest.raises(ProcessLookupError):
        namespace.follow(other.pid)
    assert namespace.pid == first
    assert not ended(namespace.pidfd)
