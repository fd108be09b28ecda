"""Root in a host is nobody on the node: the way from a learner's shell to anything else is tried, and fails."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.attacks import attack

pytestmark = pytest.mark.engine
FAMILIES_REFUSED = {"ALG": 38, "VSOCK": 40, "RXRPC": 33, "KEY": 15, "XDP": 44, "ALG with a high bit set": 0x1_0000_0026}


@attack("root in a host as root on the node", origin="host", expected="refused", held_by="user namespace")
def test_root_in_a_host_and_in_its_containers_is_nobody_on_the_node(shell):
    for command in ("cat /proc/self/uid_map", "docker run --rm box cat /proc/self/uid_map"):
        status, text = shell("h1", command)
        assert status == 0
        inside, outside, count = text.split()[:3]
        assert inside == "0"
        assert int(outside) >= 100_000
        assert int(count) == 65536


@attack("mount in a machine without Docker", origin="machine", expected="refused", held_by="no CAP_SYS_ADMIN")
def test_a_machine_is_no_more_than_a_host(shell, seen):
    assert int(shell("outside", "cat /proc/self/uid_map")[1].split()[1]) >= 100_000
    _, text = shell("outside", "mount -t tmpfs none /mnt || echo refused")
    seen(text)
    assert "refused" in text


@attack("device file of the node's disk", origin="host", expected="refused", held_by="user namespace: mknod")
def test_the_nodes_disk_cannot_be_made_nor_mounted(shell, seen):
    device = subprocess.run(["findmnt", "-no", "MAJ:MIN", "-T", "/var/lib"], capture_output=True, text=True, check=True).stdout
    major, minor = device.strip().split(":")
    status, text = shell("h1", f"mknod /tmp/disk b {major} {minor}")
    seen(text)
    assert status != 0
    assert "not permitted" in text
    status, _ = shell("h1", "find /dev -type b | grep .")
    assert status != 0


@pytest.mark.parametrize(
    "command",
    [
        "mount -t debugfs none /mnt",
        "sysctl -w kernel.core_pattern='|/bin/true'",
        "date -s 2001-01-01",
        "dmesg",
        "swapoff -a && swapon /dev/null",
    ],
)
@attack("{command}", origin="host", expected="refused", held_by="user namespace, seccomp")
def test_what_counts_for_the_whole_machine_is_refused(shell, command, seen):
    status, told = shell("h1", command)
    seen(told)
    assert status != 0


@pytest.mark.parametrize("family", FAMILIES_REFUSED.values(), ids=FAMILIES_REFUSED.keys())
@pytest.mark.parametrize("where", ["host", "container"])
@attack(
    "kernel socket of family {family}, in a {where}", origin="host", expected="refused", held_by="seccomp: socket, by family"
)
def test_kernel_sockets_no_lesson_needs_are_refused(shell, family, where):
    program = textwrap.dedent(f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        raise SystemExit(0 if libc.syscall(41, ctypes.c_long({family}), ctypes.c_long(5), ctypes.c_long(0)) < 0 else 9)
    """)
    if where == "host":
        status, text = shell("h1", "python3 -", stdin=program.encode())
        assert status == 0, text
    else:
        status, text = shell("h1", "docker run --rm box grep -E '^Seccomp_filters' /proc/self/status")
        assert int(text.split()[1]) >= 2, "the host's profile and Docker's own both hold"


@attack("file by its number: open_by_handle_at", origin="host", expected="refused", held_by="seccomp")
def test_files_cannot_be_opened_by_number(shell):
    program = "import ctypes; l = ctypes.CDLL(None, use_errno=True); l.syscall(304, -100, 0, 0); print(ctypes.get_errno())"
    _, text = shell("h1", f"python3 -c '{program}'")
    assert text.strip() == "1"


@contextmanager
def listening(address: str) -> Iterator[int]:
    """A server of the node's own, for a host to try."""
    program = (
        "import socket; s = socket.create_server((%r, 0)); print(s.getsockname()[1], flush=True); "
        "[s.accept()[0].sendall(b'reached') for _ in iter(int, 1)]"
    )
    with subprocess.Popen([sys.executable, "-c", program % address], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def node_addresses() -> list[str]:
    text = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, text=True, check=True).stdout
    return [line.split()[3].split("/")[0] for line in text.splitlines()]


@attack(
    "every address of the node, one open port, by every way",
    origin="host",
    expected="refused",
    held_by="a network namespace without uplink",
)
def test_no_address_of_the_node_is_reached(shell):
    """Neither what web and Redis may listen on, nor anything else: every address of the node, one open port."""
    with listening("0.0.0.0") as port:  # noqa: S104
        for address in {*node_addresses(), "10.77.0.1"} - {"127.0.0.1"}:
            for via in ("true", f"ip route replace {address} via 10.77.0.1"):
                _, text = shell(
                    "h1",
                    f"{via}; timeout 1 bash -c 'cat </dev/tcp/{address}/{port}'; ip route del {address}",
                )
                assert "reached" not in text, address
        _, text = shell("h1", f"timeout 1 bash -c 'cat </dev/tcp/127.0.0.1/{port}'")
        assert "reached" not in text


SCAN = """
import select, socket, sys, time
answered = []
for begin in range(1, 65536, 2000):
    waiting = {}
    for port in range(begin, min(begin + 2000, 65536)):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((sys.argv[1], port))
        waiting[one] = port
    poll = select.poll()
    for one in waiting:
        poll.register(one, select.POLLOUT)
    numbers = {one.fileno(): port for one, port in waiting.items()}
    until = time.monotonic() + 0.4
    while (left := until - time.monotonic()) > 0:
        for number, _ in poll.poll(left * 1000):
            answered.append(numbers[number])
            poll.unregister(number)
    for one in waiting:
        one.close()
print(len(answered), sorted(answered)[:5])
"""


@attack("all 65535 TCP ports of the node's bridge", origin="host", expected="refused", held_by="internal LAN", slow=True)
def test_no_port_of_the_gateway_answers(shell, sandbox, seen):
    """Neither accepted nor refused: nothing comes back. Of a neighbour every port does, by a reset where nobody listens."""
    gateway = sandbox[1]["subnet"].replace(".0/24", ".1")
    neighbour = sandbox[1]["machines"]["outside"]["address"]
    told, control = (
        shell("h1", f"ulimit -n 4096; python3 - {address}", stdin=SCAN.encode(), timeout=120)[1]
        for address in (gateway, neighbour)
    )
    seen(f"{told} answer; of a neighbour {control}")
    assert told.split()[0] == "0"
    assert int(control.split()[0]) > 1000, "or the attempt was none"


@attack("ping of the node's bridge", origin="host", expected="refused", held_by="internal LAN")
def test_the_gateway_answers_nothing(shell, sandbox):
    gateway = sandbox[1]["subnet"].replace(".0/24", ".1")
    status, _ = shell("h1", f"ping -c 1 -W 1 {gateway}")
    assert status != 0


@attack(
    "a host of another sandbox, whatever route is set",
    origin="host",
    expected="refused",
    held_by="internal LANs, no forwarding",
)
def test_another_sandbox_is_not_reached_whatever_route_is_set(shell, open_one):
    _, other = open_one()
    target = other["hosts"]["h1"]["address"]
    gateway = ".".join(target.split(".")[:3]) + ".1"
    for route in (
        "true",
        f"ip route replace {other['subnet']} dev eth0",
        f"ip route replace {other['subnet']} via {gateway} onlink dev eth0",
    ):
        status, _ = shell("h1", f"{route}; ping -c 1 -W 1 {target}")
        assert status != 0
    shell("h1", f"ip route del {other['subnet']}")


@pytest.mark.parametrize("where", ["router", "far"])
@attack(
    "the node and other sandboxes from behind a router, on {where}",
    origin="machine",
    expected="refused",
    held_by="internal LANs, no forwarding",
)
def test_a_second_lan_is_walled_in_like_the_first(open_one, sandbox, shell, where):
    """A machine that forwards, forwards within its sandbox: the node passes nothing on, whatever route is set."""
    name, facts = open_one("routed")
    other = sandbox[1]
    ways = [f"ip route replace {{}} via {subnet.replace('.0/24', '.254')} onlink" for subnet in facts["lans"].values()]
    with listening("0.0.0.0") as port:  # noqa: S104
        for address in {*node_addresses(), other["hosts"]["h1"]["address"], other["machines"]["outside"]["address"]} - {
            "127.0.0.1"
        }:
            for way in ("true", *(f"{way.format(address)} dev {dev}" for way in ways for dev in ("eth0", "eth1"))):
                attempt = f"timeout 1 bash -c 'cat </dev/tcp/{address}/{port}'; ping -c 1 -W 1 {address} && echo reached"
                _, text = shell(where, f"{way}; {attempt}; ip route del {address}", name=name)
                assert "reached" not in text, (way, address)


@attack("machine-wide switches from a router", origin="machine", expected="refused", held_by="read-only /proc/sys")
def test_a_router_has_one_switch_more_than_a_machine_and_no_right(open_one, shell):
    name, _ = open_one("routed")
    rights = {
        where: shell(where, "grep ^Cap /proc/self/status; cat /proc/self/uid_map", name=name)[1] for where in ("far", "router")
    }
    assert rights["far"] == rights["router"]
    status, _ = shell("router", "sysctl -w kernel.core_pattern='|/bin/true' || sysctl -w net.ipv4.ip_forward=0", name=name)
    assert status != 0


@attack("the internet", origin="host", expected="refused", held_by="a network namespace without uplink")
def test_the_internet_is_not_reached(shell, seen):
    status, told = shell("h1", "ping -c 1 -W 1 1.1.1.1 || docker run --rm box ping -c 1 -W 1 1.1.1.1")
    seen(told)
    assert status != 0


@attack(
    "own limits of memory, processes and processor, raised",
    origin="host",
    expected="refused",
    held_by="limit files belong to the node's root",
)
def test_limits_hold_and_cannot_be_lifted_from_inside(shell, lab_config):
    lift = {"memory/memory.limit_in_bytes": -1, "pids/pids.max": "max", "cpu/cpu.cfs_quota_us": -1} | dict.fromkeys(
        ("memory.max", "pids.max", "cpu.max"), "max"
    )
    for name, value in lift.items():
        status, _ = shell("h1", f"cd /sys/fs/cgroup && test -e {name} && echo {value} > {name}")
        assert status != 0, name
    _, text = shell("h1", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null")
    assert int(text) == lab_config.host_memory_mb * 2**20


@attack("fork bomb", origin="host", expected="contained", held_by="pids limit of the host")
def test_a_flood_of_processes_ends_at_the_hosts_limit(shell, open_one, lab_config):
    name, _ = open_one()
    _, text = shell("h1", "for i in {1..1500}; do sleep 5 & done 2>&1 | tail -1; jobs -r | wc -l", name=name, timeout=60)
    status, _ = shell("h1", "true")
    assert status == 0, "the neighbour is not concerned"
    assert "1500" not in text.splitlines()[-1]


@attack("more memory than the host has", origin="host", expected="contained", held_by="memory limit of the host")
def test_memory_beyond_the_limit_ends_the_eater_not_the_neighbours(shell, open_one):
    name, _ = open_one()
    status, _ = shell("h1", "python3 -c 'x = bytearray(900 * 2**20)'", name=name, timeout=60)
    assert status != 0
    assert shell("h1", "docker ps")[0] == 0


@attack("docker run --privileged", origin="host", expected="refused", held_by="user namespace: sysfs is too revealing")
def test_a_privileged_container_is_refused(shell, seen):
    status, text = shell("h1", "docker run --privileged --rm box true")
    seen(text)
    assert status != 0
    assert "not permitted" in text


@attack(
    "the time at which a host ends, written by itself",
    origin="host",
    expected="refused",
    held_by="read-only mount of the node's",
)
def test_the_time_a_host_ends_cannot_be_written_in_it(shell):
    before = shell("h1", "cat /run/explorer/at")[1]
    shell("h1", "mount -o remount,rw /run/explorer; echo 9999999999 > /run/explorer/at; rm -f /run/explorer/at")
    assert shell("h1", "cat /run/explorer/at")[1] == before
