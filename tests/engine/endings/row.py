"""One way in which a packet can end, and what all rows start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BEGIN = (
    "docker network create -o com.docker.network.bridge.name=town --subnet 172.18.0.0/16 town",
    "docker run -d --name web --network town -p 8080:80 box",
    "docker run -d --name cli --network town box sleep 9999",
    "docker run -d --name near --network town -p 8083:9000 box socat TCP-LISTEN:9000,bind=127.0.0.1,fork SYSTEM:'echo hi'",
    "docker run -d --name talks --network town -p 8084:9000 box socat TCP-LISTEN:9000,fork SYSTEM:'echo hello'",
    "docker run -d --name other box",
    "docker run -d --name d53 --dns 127.0.0.53 box sleep 9999",
)


@dataclass(frozen=True)
class Row:
    """`make` and `undo` are commands in h1, where `in NAME …` runs in a container's network namespace. `proof` is a command
    and what it has to print. `answer` looks at the answer's end instead of the request's."""

    name: str
    ending: str
    said: str  # a regular expression
    grounds: set[str]  # kinds of evidence that must be there
    proof: tuple[str, str]
    source: str = "outside"
    target: str = "h1"
    kind: str = "ping"
    port: int = 80
    make: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    answer: bool = False
    act: str = ""  # for kind record: what the source does by itself


def on(interface, switch, value):
    return f"sysctl -qw net.ipv4.conf.{interface}.{switch}={value}"


HOLDS = """
import socket, time
taken = socket.socket()
taken.bind(("0.0.0.0", 7000))
taken.listen(0)
callers = [socket.socket() for _ in range(4)]
for one in callers:
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", 7000))
time.sleep(30)
"""
NAMES = """
import socket
serves = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
serves.bind(("0.0.0.0", 53))
while True:
    asked, who = serves.recvfrom(512)
    name = asked[13:asked.index(b"\\0", 12)]
    if name.startswith(b"silent"):
        continue
    known = name.startswith(b"app\\5right")
    code = 0 if known else 5 if name.startswith(b"refused") else 3
    head = asked[:2] + bytes((0x81, 0x80 | code, 0, 1, 0, known, 0, 0, 0, 0))
    question = asked[12:asked.index(b"\\0", 12) + 5]
    found = bytes((0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 0, 0, 9)) if known else b""
    serves.sendto(head + question + found, who)
"""
FILL = """
most = int(open('/proc/sys/net/netfilter/nf_conntrack_max').read())
for number in range(most + 10):
    ends = f'-s 10.9.0.1 -d 10.9.{number >> 14}.2 --sport {1024 + (number & 0x3FFF)} --dport 5'
    print(f'-I -p udp {ends} -t 300 -u SEEN_REPLY,ASSURED')
"""
PROGRAMS = {"$HOLDS": HOLDS, "$NAMES": NAMES, "$FILL": FILL}  # that commands run
WEB: dict[str, Any] = {"target": "h1", "kind": "http", "port": 8080}
OUT: dict[str, Any] = {"source": "h1/cli", "target": "outside"}
