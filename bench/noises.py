"""What a noisy neighbour does, one row each: the programs that root in a sandbox runs to take from others."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

LIAR = Path(__file__).with_name("liar.py")

FORKS = """
b() { b | b & }
while :; do b 2>/dev/null; sleep 0.2; done
"""
MEMORY = """
python3 - <<'END'
import subprocess, sys
while True:
    subprocess.run([sys.executable, "-c", "held = []\\nwhile True: held.append(bytearray(b'x' * 4_000_000))"])
END
"""
CPU = "for n in $(seq 16); do (while :; do :; done) & done; wait"
DISK = """
cd /var/lib/docker
for n in 1 2 3; do (while :; do dd if=/dev/zero of=full$n bs=1M count=300 conv=fsync; rm full$n; done) & done
wait
"""
INODES = """
python3 - <<'END'
import itertools, os, shutil
for turn in itertools.count():
    where = f"/var/lib/docker/many{turn % 2}"
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where)
    for number in range(60_000):
        os.close(os.open(f"{where}/{number}", os.O_CREAT))
END
"""
GROUPS = """
python3 - <<'END'
import os, time
at = "/sys/fs/cgroup/blkio" if os.path.isdir("/sys/fs/cgroup/blkio") else "/sys/fs/cgroup"
number = 0
try:
    while True:
        os.mkdir(f"{at}/many{number}")
        number += 1
except OSError:
    while True:
        try:
            os.rmdir(f"{at}/many{number - 1}")
            os.mkdir(f"{at}/many{number - 1}")
        except OSError:
            time.sleep(0.1)
END
"""
NEIGHBOURS = """
python3 - <<'END' >/tmp/batch
for number in range({most}):
    address = f"10.9{{number >> 16}}.{{number >> 8 & 255}}.{{number & 255}}"
    print(f"neigh replace {{address}} lladdr 02:00:00:00:00:01 dev docker0 nud permanent")
END
ip -force -batch /tmp/batch
{then}
"""
ROUTES = """
python3 - <<'END' >/tmp/batch
for number in range(50_000):
    print(f"route replace 10.{100 + (number >> 16)}.{number >> 8 & 255}.{number & 255}/32 dev docker0")
END
ip -force -batch /tmp/batch
while :; do ip route add 10.250.0.1/32 dev docker0; ip route del 10.250.0.1/32 dev docker0; sleep 0.1; done
"""
RULES = """
echo '*filter' >/tmp/rules
for n in $(seq 50000); do echo "-A FORWARD -s 10.1.1.1/32 -p tcp --dport $n -j ACCEPT"; done >>/tmp/rules
echo COMMIT >>/tmp/rules
iptables-restore -n /tmp/rules
while :; do iptables -A INPUT -s 10.1.1.2/32 -j ACCEPT; iptables -D INPUT -s 10.1.1.2/32 -j ACCEPT; sleep 0.2; done
"""
CONNECTIONS = """
iptables -A OUTPUT -m conntrack --ctstate INVALID -j DROP
python3 - <<'END'
import socket
while True:
    for first in range(1, 200):
        sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for port in range(1, 60_000, 7):
            try:
                sending.sendto(b"x", (f"127.0.0.{first}", port))
            except OSError:
                pass
END
"""
LOGS = """
for n in 1 2 3 4; do docker run -d box sh -c 'yes a-line-of-a-log-that-is-long-enough-to-count'; done
sleep 600
"""
ENGINE_LOG = "yes >/proc/1/fd/1"
STORM = """
python3 - <<'END'
import socket
sending = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sending.bind(("eth0", 0))
frame = b"\\xff" * 6 + b"\\x02" + b"\\0" * 5 + b"\\x08\\x06" + bytes.fromhex("0001080006040001") + b"\\0" * 20 + b"x" * 1000
while True:
    try:
        sending.send(frame)
    except OSError:
        pass
END
"""
PING_STORM = "ping -q -f -b -i 0 $LAN.255 || ping -q -f $LAN.2"
LOOP = "while :; do docker run --rm box true; done"
NAMES = """
for n in $(seq 500); do docker create --name n$n box true; done
while :; do for n in $(seq 500); do docker rename n$n m$n; docker rename m$n n$n; done; done
"""
EXECS = "for n in 1 2 3 4; do (while :; do /bin/true; done) & done; wait"
DOCKER_EXECS = "docker run -d --name web box; while :; do docker exec web true; done"
ADDRESSES = """
python3 - <<'END' >/tmp/batch
for number in range(20_000):
    print("addr add 10.99.1.1/32 dev docker0")
    print("addr del 10.99.1.1/32 dev docker0")
END
while :; do ip -force -batch /tmp/batch; done
"""
INTERFACES = """
for n in 1 2 3; do (while :; do ip link add a$n type veth peer name b$n; ip link set a$n up; ip link del a$n; done) & done
wait
"""


@dataclass(frozen=True)
class Noise:
    """`runs` are (place, shell script). `sandboxes` make it at once. `terminals` in each print without end, and are read."""

    name: str
    runs: tuple[tuple[str, str], ...] = ()
    sandboxes: int = 1
    terminals: int = 0
    lesson: str = "bridge"
    after: float = 4.0  # seconds until it is at its worst
    files: dict[str, str] = field(default_factory=dict)  # path in every host → text


def at(name: str, script: str, place: str = "h1", **more: object) -> Noise:
    return Noise(name, ((place, script),), **more)  # type: ignore[arg-type]


NOISES = (
    at("fork bomb", FORKS, sandboxes=2),
    at("memory hog", MEMORY, sandboxes=2),
    at("every core", CPU, sandboxes=3),
    at("disk filling", DISK),
    at("inode filling", INODES),
    at("control groups", GROUPS),
    at("permanent neighbours", NEIGHBOURS.format(most=400_000, then="sleep 600")),
    at("tracked connections", CONNECTIONS),
    Noise(
        "lying daemons",
        tuple((host, "python3 /root/liar.py") for host in ("h1", "h2")),
        lesson="overlay",
        files={"/root/liar.py": LIAR.read_text()},
    ),
    at("logs of containers", LOGS),
    at("log of the engine", ENGINE_LOG, "outside"),
    at("50,000 rules", RULES, after=12.0),
    at("50,000 routes", ROUTES, after=8.0),
    at(
        "50,000 neighbours",
        NEIGHBOURS.format(
            most=50_000,
            then="while :; do ip neigh replace 10.98.0.1 lladdr 02:00:00:00:00:02 dev docker0 nud permanent; "
            "ip neigh del 10.98.0.1 dev docker0; sleep 0.1; done",
        ),
        after=8.0,
    ),
    Noise("broadcast storm", (("h1", STORM), ("outside", PING_STORM))),
    Noise("32 terminals of yes", sandboxes=4, terminals=8),
    at("containers come and go", LOOP, sandboxes=2),
    at("500 names", NAMES, after=15.0),
    at("exec storm", EXECS, sandboxes=2),
    at("docker exec storm", DOCKER_EXECS),
    at("address storm", ADDRESSES),
    at("interface churn", INTERFACES),
)
