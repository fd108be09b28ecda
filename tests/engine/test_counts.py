"""What the kernel counts, and what one learner can do with it: each lever is pulled on a real host, in seconds, and never so
far that the machine suffers."""

from __future__ import annotations

import platform
import subprocess
import time
from pathlib import Path

import pytest

from explorer.lab import ended
from explorer.lab.engine import bridges, cgroups, kernel
from explorer.lab.engine.client import session
from explorer.lab.engine.leftovers import our_cgroups
from explorer.lab.hosts import lifecycle
from tests.attacks import attack
from tests.lab.test_kernel_counts import levers, rows

pytestmark = pytest.mark.engine

MANY_GROUPS = """
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
if not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
    assert c.unshare(0x2000000) == 0
    os.makedirs("/tmp/groups", exist_ok=True)
    if c.mount(b"none", b"/tmp/groups", b"cgroup2", 0, None) != 0:
        raise SystemExit("none")
    os.chdir("/tmp/groups")
else:
    os.chdir("/sys/fs/cgroup")
made = 0
try:
    while made < 5000:
        os.mkdir(f"g{made}")
        made += 1
except OSError as error:
    print(error.strerror)
print(made)
"""
MAC_FLOOD = """
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind(("eth0", 0))
for n in range(20000):
    s.send(b"\\xff" * 6 + b"\\2\\0" + struct.pack("!I", n) + b"\\x88\\xb5" + bytes(46))
"""
UDP_BUFFERS = """
import socket, time
held, sent = [], 0
for _ in range(60):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 2**20)
    s.bind(("127.0.0.1", 0))
    s.setblocking(False)
    for _ in range(60):
        s.sendto(bytes(60000), s.getsockname())
    held.append(s)
print(int(open("/proc/self/net/sockstat").read().split("UDP: inuse")[1].split()[2]) * 4096, flush=True)
"""
AIO = """
import ctypes
c = ctypes.CDLL(None, use_errno=True)
print(c.syscall({number}, 1, ctypes.byref(ctypes.c_ulong(0))), ctypes.get_errno())
"""


def container_of(facts, name="h1"):
    return (facts["hosts"] | facts["machines"])[name]["container"]


def pid_of(lab_config, container):
    with session(lab_config) as client:
        return client.api.inspect_container(container)["State"]["Pid"]


def outer_bridge(lab_config, facts):
    with session(lab_config) as client:
        (network,) = client.api.inspect_container(container_of(facts))["NetworkSettings"]["Networks"].values()
    return bridges.name_of(network["NetworkID"])


def bridge_entries(lab_config, bridge):
    argv = ["ip", "netns", "exec", lab_config.netns, "bridge", "fdb", "show", "br", bridge, "dynamic"]
    return len(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines())


@attack("control groups of version 2 without end", origin="host", expected="contained", held_by="cgroup.max.descendants")
def test_groups_of_version_2_have_a_number(open_one, shell, seen):
    name, _ = open_one()
    _, text = shell("h1", "python3 -", name, stdin=MANY_GROUPS.encode())
    if text.split()[-1] == "none" and "cgroup2" not in Path("/proc/mounts").read_text():
        pytest.skip("kernel lacks control groups of version 2")
    seen(text)
    assert int(text.split()[-1]) <= cgroups.OWN_LIMITS["cgroup.max.descendants"]


def test_the_limits_of_a_hosts_groups_are_read_back(lab_config, sandbox, shell):
    container = container_of(sandbox[1])
    found = {}
    for group in (path / container for path in our_cgroups(lab_config)):
        found |= {name: int((group / name).read_text()) for name in cgroups.OWN_LIMITS if (group / name).exists()}
    assert found
    assert found == {name: cgroups.OWN_LIMITS[name] for name in found}
    for name in found:
        text = f"for f in $(find /sys/fs/cgroup -maxdepth 2 -name {name}); do echo 9999999999 >$f && echo raised; done"
        assert "raised" not in shell("h1", text)[1]


@attack(
    "frames from 20,000 source addresses", origin="LAN", expected="contained", held_by="fdb_max_learned of the LAN's bridge"
)
def test_the_nodes_bridge_learns_a_bounded_number_of_addresses(lab_config, open_one, shell, seen):
    name, facts = open_one()
    bridge = outer_bridge(lab_config, facts)
    if tuple(int(part) for part in platform.release().split(".")[:2]) < (6, 7):
        pytest.skip("kernel lacks fdb_max_learned")
    assert bridges.read_limit(lab_config, bridge) == bridges.MOST_LEARNED
    shell("h1", "python3 -", name, stdin=MAC_FLOOD.encode())
    learned = bridge_entries(lab_config, bridge)
    seen(f"{learned} entries")
    assert 0 < learned <= bridges.MOST_LEARNED + 10
    assert shell("h1", "curl -s -m 5 outside", name)[0] == 0, "whoever was learned before stays"


@attack("unread datagrams without end", origin="host", expected="contained", held_by="a limit of socket buffers per host")
def test_unread_datagrams_are_bounded_for_a_host(open_one, shell, seen):
    name, _ = open_one()
    _, text = shell("h1", "python3 -", name, stdin=UDP_BUFFERS.encode())
    seen(text)
    assert int(text.split()[-1]) < 2 * cgroups.OWN_LIMITS["memory.kmem.tcp.limit_in_bytes"]


@attack("asynchronous I/O, which the machine counts", origin="host", expected="refused", held_by="seccomp: io_setup")
def test_asynchronous_io_is_not_there(shell, seen):
    number = {"x86_64": 206, "aarch64": 0}[platform.machine()]
    _, text = shell("h1", "python3 -", stdin=AIO.format(number=number).encode())
    seen(text)
    assert text.split() == ["-1", "38"]


def test_the_machines_own_limits_are_lowered(lab_config):
    for name, most in kernel.AT_MOST.items():
        file = Path("/proc/sys", name)
        assert not file.exists() or int(file.read_text()) <= most


@attack("questions to the engine's resolver", origin="host", expected="refused", held_by="the node closes its sockets")
@pytest.mark.parametrize("where", ["h1", "outside"])
def test_the_engines_resolver_cannot_be_asked(lab_config, shell, seen, where):
    _, text = shell(where, "ss -Hlntu src 127.0.0.11; cat /etc/resolv.conf; getent hosts h1 outside")
    seen(text)
    assert "127.0.0.11" not in text
    assert "10.255.255" not in text
    assert len(text.splitlines()) >= 4, "and names are answered"


@attack("output of a first process, written by others", origin="machine", expected="refused", held_by="not dumpable; /dev/null")
@pytest.mark.parametrize("where", ["h1", "outside"])
def test_nobody_writes_into_what_the_engine_reads(lab_config, sandbox, shell, seen, where):
    status, text = shell(where, "readlink /proc/1/fd/1; timeout 1 yes >/proc/1/fd/1")
    seen(text)
    if where == "h1":
        assert text.split()[0] == "/dev/null"
    else:
        assert status != 124
        assert "denied" in text.lower()
    outside = [f"/proc/{pid_of(lab_config, container_of(sandbox[1], where))}/fd/{fd}" for fd in (1, 2)]
    assert where == "outside" or all(Path(path).readlink() == Path("/dev/null") for path in outside)


@pytest.mark.parametrize("where", ["h1", "outside"])
def test_memory_that_runs_out_ends_a_learners_process_first(shell, where):
    _, text = shell(where, "cat /proc/1/oom_score_adj /proc/self/oom_score_adj")
    assert text.split() == ["500", "500"]
    assert shell(where, "echo -999 >/proc/self/oom_score_adj")[0] != 0


@pytest.mark.parametrize("row", [row for row in rows("Held") if row[4] != "–"], ids=lambda row: row[0])
def test_the_list_says_what_a_host_sees(shell, row):
    for name in levers(row[1]):
        told = shell("h1", f"cat /proc/sys/{name} 2>/dev/null || true")[1].split()
        assert told in ([row[4]], []), "nothing where the kernel lacks it"
        assert "raised" not in shell("h1", f"echo 99999999 >/proc/sys/{name} && echo raised")[1]


def test_the_machines_own_limits_are_raised(lab_config):
    for name, least in kernel.LIMITS.items():
        assert int(Path("/proc/sys", name).read_text()) >= least, name


# --- the memory guard ---
NETLINK = """
import os, socket, struct, subprocess, sys, time
def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
def message(kind, body):
    return struct.pack("=IHHII", 16 + len(body), kind, 0x601, 0, 0) + body
def flood(make, most):
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    for first in range(0, most, 200):
        s.send(b"".join(make(n) for n in range(first, first + 200)))
"""
NEIGHBOURS = (
    NETLINK
    + """
index = socket.if_nametoindex("eth0")
flood(lambda n: message(28, struct.pack("=BxxxiHBB", 2, index, 0x80, 0, 1)
      + attribute(1, struct.pack("!I", 0x0B000000 + n)) + attribute(2, b"\\2\\0\\0\\0\\0\\1")), 1000000)
time.sleep(120)
"""
)
RINGS = """
import socket, struct, time
held = []
for _ in range(2):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(263, 5, struct.pack("=IIII", 1 << 18, 600, 2048, 600 * 128))
    held.append(s)
time.sleep(120)
"""
GROUPS = """
import os, time
os.chdir(os.path.realpath("/sys/fs/cgroup/blkio" if os.path.isdir("/sys/fs/cgroup/blkio") else "/sys/fs/cgroup"))
for n in range(40000):
    os.mkdir(f"g{n}")
time.sleep(120)
"""
FRAGMENTS = """
import socket, struct, time
for name, value in (("high_thresh", 2000000000), ("low_thresh", 1900000000), ("time", 600)):
    open(f"/proc/sys/net/ipv4/ipfrag_{name}", "w").write(str(value))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 255)
home = socket.inet_aton("127.0.0.1")
for n in range(7000):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 0, n, 0x2000, 64, 253, 0)
    s.sendto(head + socket.inet_aton(f"127.1.{n >> 8}.1") + home + bytes(60000), ("127.0.0.1", 0))
time.sleep(120)
"""
HELD_BY_THE_GUARD = "the memory guard"


@pytest.mark.parametrize(
    ("what", "program", "said"),
    [
        pytest.param("neighbours", NEIGHBOURS, "neighbours", marks=attack(
            "permanent neighbours without end", origin="host", expected="ended", held_by=HELD_BY_THE_GUARD)),
        pytest.param("rings", RINGS, "packet rings", marks=attack(
            "rings of packet sockets without end", origin="host", expected="ended", held_by=HELD_BY_THE_GUARD)),
        pytest.param("groups", GROUPS, "", marks=attack(
            "control groups of version 1 without end", origin="host", expected="ended", held_by=HELD_BY_THE_GUARD)),
        pytest.param("fragments", FRAGMENTS, "", marks=attack(
            "fragments without end", origin="host", expected="ended", held_by=HELD_BY_THE_GUARD, slow=True)),
    ],
    ids=["neighbours", "rings", "groups", "fragments"],
)  # fmt: skip
def test_who_uses_up_the_nodes_memory_is_ended_and_nobody_else(running, lab_config, open_one, shell, seen, what, program, said):
    greedy, _ = open_one()
    innocent, _ = open_one()
    if what == "groups" and cgroups.version() == 2:
        pytest.skip("kernel lacks control groups of version 1 here; version 2 has a limit")
    before = ended.count(lab_config)["memory"]
    shell("h1", "cat >/tmp/a.py; ulimit -n 20000; nohup python3 /tmp/a.py >/tmp/out 2>&1 &", greedy, stdin=program.encode())
    until = time.monotonic() + 90
    while not (lines := [line for line in running[1].lines if f"sandbox {greedy} ended" in line]):
        assert time.monotonic() < until, (shell("h1", "cat /tmp/out", greedy), running[1].lines[-5:])
        time.sleep(0.2)
    seen(lines[0])
    assert said in lines[0]
    assert ended.why(lab_config, greedy, 1) == "memory"
    assert ended.count(lab_config)["memory"] == before + 1
    assert not [line for line in running[1].lines if f"sandbox {innocent} ended" in line]
    assert shell("h1", "docker run --rm box true", innocent)[0] == 0
    while greedy in {found.sandbox for found in lifecycle.list_sandboxes(lab_config)}:
        assert time.monotonic() < until, "its parts are removed"
        time.sleep(0.2)
