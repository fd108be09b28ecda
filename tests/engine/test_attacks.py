"""Levers of one learner's root on everybody else, each pulled on a real host: a neighbour's sandbox goes on as if nothing were.

Each is one of a kind that was found to get through once; SECURITY.md says what holds it now.
"""

from __future__ import annotations

import platform
import textwrap
import time

import pytest

from explorer.lab import diskguard, serve
from explorer.lab.engine import ids
from explorer.lab.hosts import lifecycle
from tests.attacks import attack

pytestmark = pytest.mark.engine

KEYS = """
import ctypes
c = ctypes.CDLL(None, use_errno=True)
print(c.syscall(250, 1, b"x" * 3000), ctypes.get_errno())
"""
IN_FLIGHT = """
import array, os, socket, sys, time
null = os.open("/dev/null", os.O_RDONLY)
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 253))]
held, sent = [], 0
try:
    while sent < 60000:
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        held.append(pair)
        for _ in range(8):
            pair[0].sendmsg([b"x"], rights)
            sent += 253
except OSError as error:
    print(sent, error.errno, flush=True)
time.sleep(40)
"""
NAMESPACES = """
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
made = 0
while made < 3000 and c.unshare({flag}) == 0:
    os.open("/proc/self/ns/{name}", os.O_RDONLY)
    made += 1
print(made)
"""
NETLINK = """
import socket
for protocol in range(0, 23):
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        print("open", protocol)
    except OSError as error:
        print("shut", protocol, error.errno)
"""


def own_ids_or_skip(lab_config):
    """Skips for an old kernel alone: where owners can be mapped and are not, that is a fault."""
    if tuple(int(part) for part in platform.release().split(".")[:2]) < (5, 19):
        pytest.skip("kernel lacks mounts with mapped owners")
    assert ids.in_use(lab_config)


@attack(
    "counts of another sandbox's user id", origin="host", expected="refused", held_by="user ids of its own for each sandbox"
)
def test_no_two_sandboxes_share_a_user_id(lab_config, open_one, shell):
    own_ids_or_skip(lab_config)
    names = [open_one()[0] for _ in range(2)]
    maps = [[shell(place, "cat /proc/self/uid_map", name)[1].split() for place in ("h1", "outside")] for name in names]
    (one, its_machine), (other, _) = maps
    assert one == its_machine
    assert one[0] == other[0] == "0"
    assert abs(int(one[1]) - int(other[1])) >= 65536
    assert one[2] == "65536"
    status, text = shell("h1", "stat -c %u /etc/hosts /var/lib/docker /root; touch /etc/hosts /root/x && docker ps", names[0])
    assert status == 0
    assert text.split()[:3] == ["0", "0", "0"]


@attack("kernel keys, made until nobody can have one", origin="host", expected="refused", held_by="seccomp: keyctl")
def test_keys_cannot_be_made_or_listed_by_a_host(open_one, shell):
    name, _ = open_one()
    status, text = shell("h1", "python3 -", name, stdin=KEYS.encode())
    assert (status, text.split()) == (0, ["-1", "38"])
    assert shell("h1", "docker run --rm -t box true", name)[0] == 0


@attack(
    "descriptors in flight, until the kernel's count is reached",
    origin="host",
    expected="contained",
    held_by="user ids of its own for each sandbox",
)
def test_descriptors_in_flight_are_counted_for_one_sandbox_alone(lab_config, open_one, shell):
    own_ids_or_skip(lab_config)
    greedy, _ = open_one()
    neighbour, _ = open_one()
    shell("h1", "cat >/tmp/a.py; ulimit -n 20000; nohup python3 /tmp/a.py >/tmp/got 2>&1 &", greedy, stdin=IN_FLIGHT.encode())
    _, text = shell("h1", "until grep -q . /tmp/got; do sleep 0.1; done; cat /tmp/got", greedy)
    assert text.split()[1] == "109", f"the kernel's count was reached: {text}"
    assert shell("h1", "docker run --rm -t box true", neighbour)[0] == 0
    assert shell("h1", "docker run --rm -t box true", greedy)[0] != 0, "or nothing was tried"


@pytest.mark.parametrize(("name", "flag"), [("uts", 0x4000000), ("ipc", 0x8000000), ("cgroup", 0x2000000)])
@attack("{name} namespaces without end", origin="host", expected="contained", held_by="a limit per host: /proc/sys/user")
def test_namespaces_of_every_kind_are_limited_for_a_host(open_one, shell, name, flag):
    sandbox, _ = open_one()
    program = NAMESPACES.format(flag=flag, name=name)
    _, text = shell("h1", f"ulimit -n 10000; python3 -c '{program}'", sandbox)
    assert int(text.split()[-1]) < 513
    assert shell("h1", "docker run --rm box true", sandbox)[0] == 0


@attack("IPsec policies by NETLINK_XFRM", origin="host", expected="refused", held_by="seccomp: socket, by protocol")
def test_ipsec_is_no_hosts_business(open_one, shell, seen):
    name, _ = open_one()
    _, text = shell("h1", "python3 -", name, stdin=NETLINK.encode())
    seen(text)
    assert "open 0" in text, "routes and links are"
    assert "shut 6 93" in text


@attack(
    "ARP request for another LAN's gateway", origin="host", expected="refused", held_by="arp_ignore in the engine's namespace"
)
def test_another_lans_gateway_does_not_answer(lab_config, open_one, shell, seen):
    (name, _), (_, other) = open_one(), open_one()
    their_gateway = other["subnet"].removesuffix("0/24") + "1"
    status, text = shell("h1", f"arping -c 2 -w 2 -I eth0 {their_gateway}", name)
    seen(text)
    assert status != 0, text


DEEP = """
import os, subprocess
os.chdir("/sys/fs/cgroup/{hierarchy}")
for _ in range({depth}):
    try:
        os.mkdir("{name}")
    except OSError:  # version 2 has a limit of depth
        break
    os.chdir("{name}")
sleep = subprocess.Popen(["sleep", "300"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
open("cgroup.procs", "w").write(str(sleep.pid))
open("{file}", "w").write("{frozen}")
print(len(open("cgroup.procs").read().split()))
"""


@pytest.mark.parametrize(("depth", "name"), [(1200, "d"), (25, "n" * 200)], ids=["deep", "long"])
@attack(
    "frozen process below control groups nested deeply",
    origin="host",
    expected="contained",
    held_by="clean-up by descriptors, cgroup.kill",
)
def test_nested_control_groups_hold_back_no_end(lab_config, open_one, shell, tmp_path, depth, name):
    """Neither closing, nor the end of its time, nor the engine's next start rests on how deep somebody nests."""
    sandbox, _ = open_one()
    if shell("h1", "test -d /sys/fs/cgroup/freezer", sandbox)[0] == 0:
        words = DEEP.format(hierarchy="freezer", depth=depth, name=name, file="freezer.state", frozen="FROZEN")
    else:
        words = DEEP.format(hierarchy=".", depth=depth, name=name, file="cgroup.freeze", frozen="1")
    assert shell("h1", "python3 -", sandbox, stdin=words.encode())[1].split()[-1] == "1", "a frozen process sits at the bottom"
    shell("h1", "echo 999999999999 >/root/at; mount --bind /root/at /run/explorer/at", sandbox)
    began = time.monotonic()
    assert lifecycle.close_sandbox(lab_config, sandbox) > 0
    assert sandbox not in {found.sandbox for found in lifecycle.list_sandboxes(lab_config)}
    assert time.monotonic() - began < 60


def test_one_sandboxs_trouble_does_not_end_the_engine(lab_config, monkeypatch):
    """Whatever looking after sandboxes raises is said, and the engine goes on serving."""

    def explodes(config):
        raise RecursionError("as deep as somebody nests")

    said: list[str] = []
    monkeypatch.setattr(lifecycle, "end_overdue", explodes)
    serve._look_after(lab_config, diskguard.Guard(lab_config), said.append)
    assert "RecursionError" in textwrap.shorten(said[0], 200)
