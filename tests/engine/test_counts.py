"""What the kernel counts, and what one learner can do with it: each lever is pulled on a real host, in seconds, and never so
far that the machine suffers."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from explorer.lab.engine import bridges, cgroups, kernel
from explorer.lab.engine.client import session
from explorer.lab.engine.leftovers import our_cgroups
from tests.attacks import attack

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
    if text.split()[-1] == "none":
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
    if bridges.read_limit(lab_config, bridge) is None:
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
    _, text = shell(where, "cat /proc/1/oom_score_adj /proc/self/oom_score_adj; echo -999 >/proc/self/oom_score_adj")
    assert text.split()[:2] == ["500", "500"]
    assert shell(where, "echo -999 >/proc/self/oom_score_adj")[0] != 0
