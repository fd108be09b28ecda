"""Who stops looking lets go: of descriptors, tasks, sockets and the namespaces themselves. Real namespaces, no engine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from typing import Any, cast

import pytest

from explorer.lab.inside import netns
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.places import Process, ProcessTable
from explorer.lab.watch import holding as module
from explorer.lab.watch.holding import Holding

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


class Everything:
    """A control group to which every process belongs, and a share without an end."""

    path = "/everything"
    places = 64

    def belongs(self, pid):
        return True

    account = Account()

    def room_for_places(self):
        return self.places

    def room_for_lines(self):
        return 1_000


class Host:
    """A process in a network namespace of its own, and one for each container."""

    def __init__(self):
        self.processes = []

    def start(self):
        child = subprocess.Popen(["unshare", "--user", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
        child.stdout.readline()
        self.processes.append(child)
        return inode_of(child.pid)

    def kill(self, inode):
        child = next(child for child in self.processes if child.poll() is None and inode_of(child.pid) == inode)
        child.kill()
        child.wait()

    def seen(self):
        living = [child.pid for child in self.processes if child.poll() is None]
        return ProcessTable({inode_of(pid): [Process(pid)] for pid in living})

    def end(self):
        for child in self.processes:
            child.kill()
            child.wait()
            child.stdout.close()


def inode_of(pid):
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def opened():
    """What each of our descriptors is."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # the one with which we list
    return found


def namespaces_held():
    return sorted(what for what in opened().values() if what.startswith("net:["))


@pytest.fixture
def host():
    made = Host()
    yield made
    made.end()


@pytest.fixture
def looks():
    return []


@pytest.fixture
async def held(host, looks):
    home = host.start()
    group = Everything()
    first = host.processes[0].pid
    made = Holding("h1", first, home, cast(Any, group), group, lambda: None, lambda: None, lambda: looks.append(1))
    yield made
    await made.let_go()


async def until(true, seconds=20.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


async def read(holding):
    """Until every namespace has been read once."""
    await until(lambda: all(watch.views or watch.error for watch in holding.watches.values()))


async def test_letting_go_gives_back_every_descriptor_and_task(host, held):
    descriptors, tasks = opened(), asyncio.all_tasks()
    host.start(), host.start()
    descriptors = opened()
    held.follow(host.seen())
    await read(held)
    assert len(namespaces_held()) == 3
    assert len(asyncio.all_tasks()) > len(tasks)
    await held.let_go()
    await until(lambda: asyncio.all_tasks() == tasks)
    assert held.watches == {}
    assert namespaces_held() == []
    await until(lambda: opened().keys() == descriptors.keys())
    assert opened() == descriptors


async def test_no_socket_of_a_namespace_is_left(host, held):
    before = [what for what in opened().values() if what.startswith("socket:")]
    host.start()
    held.follow(host.seen())
    await read(held)
    assert len([what for what in opened().values() if what.startswith("socket:")]) > len(before)
    await held.let_go()
    await until(lambda: [what for what in opened().values() if what.startswith("socket:")] == before)


async def test_a_namespace_that_is_let_go_ends_with_its_last_process(host, held):
    """The kernel takes a namespace down when nobody holds it; with it go its interfaces and rules."""
    inode = host.start()
    held.follow(host.seen())
    await read(held)
    assert f"net:[{inode}]" in namespaces_held()
    host.kill(inode)
    held.follow(host.seen())
    await until(lambda: f"net:[{inode}]" not in namespaces_held())
    assert list(held.watches) == [held.home]


async def test_a_process_that_ends_is_noticed_by_itself(host, held, looks):
    inode = host.start()
    held.follow(host.seen())
    await read(held)
    host.kill(inode)
    await until(lambda: looks)


async def test_letting_go_twice_and_of_nothing_is_nothing(host, held):
    await held.let_go()
    held.follow(host.seen())
    await held.let_go()
    await held.let_go()
    assert namespaces_held() == []


async def test_letting_go_in_the_middle_of_a_reading_waits_for_it(host, held):
    for _ in range(3):
        host.start()
    descriptors = opened()
    held.follow(host.seen())
    await asyncio.sleep(0.03)  # they listen, wait until it is quiet, and begin to read
    await held.let_go()
    await until(lambda: opened().keys() == descriptors.keys())


async def test_many_rounds_leave_nothing_behind(host, held):
    held.follow(host.seen())
    await read(held)
    await held.let_go()
    await until(lambda: namespaces_held() == [])
    descriptors, tasks = len(opened()), len(asyncio.all_tasks())
    for _ in range(5):
        inode = host.start()
        held.follow(host.seen())
        await read(held)
        host.kill(inode)
        held.follow(host.seen())
        await held.let_go()
    await until(lambda: namespaces_held() == [])
    await until(lambda: len(asyncio.all_tasks()) == tasks)
    ended = sum(child.poll() is not None for child in host.processes)
    await until(lambda: len(opened()) <= descriptors + ended)  # one pipe of this test's own for each process


async def test_without_room_the_hosts_own_namespace_is_held_all_the_same(host, held, monkeypatch):
    monkeypatch.setattr(Everything, "places", 0)
    host.start()
    seen = host.seen()
    held.follow(seen)
    assert (list(held.watches), seen.cut) == ([held.home], True)


async def test_a_namespace_that_cannot_be_entered_is_said_and_tried_again(host, held, monkeypatch):
    inode = host.start()
    real = netns.open_namespace

    def refusing(pid, belongs):
        if inode_of(pid) == inode:
            raise PermissionError(1, "Operation not permitted")
        return real(pid, belongs)

    monkeypatch.setattr(module, "open_namespace", refusing)
    held.follow(host.seen())
    assert held.unreadable == {inode: "This namespace cannot be entered (Operation not permitted)."}
    monkeypatch.setattr(module, "open_namespace", real)
    held.follow(host.seen())
    assert (held.unreadable, set(held.watches)) == ({}, {held.home, inode})


async def test_a_watch_that_fails_is_shown_as_unreadable_and_the_others_go_on(host, held, monkeypatch):
    async def failing(self):
        raise ZeroDivisionError

    inode = host.start()
    held.follow(ProcessTable({held.home: host.seen().namespaces[held.home]}))
    await read(held)
    monkeypatch.setattr("explorer.lab.watch.holding.Watch.run", failing)
    held.follow(host.seen())
    await until(lambda: held.watches[inode].error)
    assert "made a mistake" in held.watches[inode].error
    assert held.watches[held.home].error == ""
