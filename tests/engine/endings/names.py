"""Name lookups: the server that nobody has, that refuses, that knows no such name, that says nothing, and Docker's own, whose
server answers nothing. The domains of resolv.conf make other names of a name."""

from __future__ import annotations

from typing import Any

from tests.engine.endings.row import Row

SERVE = 'nohup python3 -c "$NAMES" >/dev/null 2>&1 & sleep 1'
STOP = "kill $(pgrep -f 'SOCK_DGRAM[)]')"
GONE = "docker rm -f asks"


def asks(options: str, name: str, serve: bool = True) -> dict[str, Any]:
    """A container with these options of `docker run` that looks the name up; with `serve`, h1 has a name server meanwhile."""
    make = (*([SERVE] if serve else []), f"docker run -d --name asks {options} box sleep 9999")
    return {"source": "h1/asks", "target": name, "kind": "dns", "make": make, "undo": (GONE, *([STOP] if serve else []))}


def drill(name: str) -> str:
    return f"docker exec asks drill {name} 2>&1; true"


ROWS = (
    Row(
        "a name server that nobody has",
        "unanswered",
        r"h1 asked by ARP on eth0 who has \S+\.200; nobody answered",
        {"arp", "route", "resolver"},
        ("ip neigh show $LAN.200", "INCOMPLETE|FAILED"),
        **asks("--dns $LAN.200 --dns-opt timeout:5", "example.test", serve=False),
    ),
    Row(
        "a machine without a name server",
        "refused",
        "nobody listens on that port: UDP 53 of h1",
        {"drop", "socket", "resolver"},
        ("ss -Hlnu sport = 53; echo none", r"\Anone"),
        **asks("--dns 172.17.0.1", "example.test", serve=False),
    ),
    Row(
        "a name server that refuses",
        "arrived",
        "the name server answers “refused” for refused.test",
        {"frame", "resolver"},
        (drill("refused.test"), "rcode: REFUSED"),
        **asks("--dns 172.17.0.1", "refused.test"),
        answer=True,
    ),
    Row(
        "a name that does not exist",
        "arrived",
        "the name server answers “no such name” for nobody.test$",
        {"frame", "resolver"},
        (drill("nobody.test"), "rcode: NXDOMAIN"),
        **asks("--dns 172.17.0.1", "nobody.test"),
        answer=True,
    ),
    Row(
        "a wrong search domain",
        "arrived",
        r"for app; before it app\.wrong\.test \(no such name\), because its resolv\.conf says “search wrong\.test”",
        {"frame", "resolver"},
        ("docker exec asks cat /etc/resolv.conf", "^search wrong.test"),
        **asks("--dns 172.17.0.1 --dns-search wrong.test", "app"),
        answer=True,
    ),
    Row(
        "a search domain that makes another name of it",
        "arrived",
        r"h1/asks; app\.right\.test was asked for, because “search right\.test” in its resolv\.conf makes it of app",
        {"frame", "resolver", "sender"},
        ("docker exec asks ping -c 1 -W 1 app; true", r"^PING app\.right\.test \(10\.0\.0\.9\)"),
        **asks("--dns 172.17.0.1 --dns-search right.test", "app"),
        answer=True,
    ),
    Row(
        "a name server that says nothing",
        "arrived",
        "delivered to h1, and no answer was seen: a program has it",
        {"socket", "frame", "resolver"},
        ("ss -Hlnu sport = 53", r"\s0\.0\.0\.0:53\s"),
        **asks("--dns 172.17.0.1", "silent.test"),
    ),
    Row(
        "Docker's name server, whose own server nobody has",
        "arrived",
        r"answers “server failure” for example\.test; Docker's name server asked \S+\.200, and h1 found nobody who has that",
        {"frame", "arp", "resolver"},
        (drill("example.test"), "rcode: SERVFAIL"),
        **asks("--network town --dns $LAN.200 --dns-opt timeout:5", "example.test", serve=False),
        answer=True,
    ),
    Row(
        "Docker's name server, whose own server refuses",
        "arrived",
        r"answers “\w+[^”]*” for refused\.test; Docker's name server asked 172\.18\.0\.1, which says “refused”",
        {"frame", "resolver"},
        (drill("refused.test"), "rcode: (REFUSED|SERVFAIL)"),
        **asks("--network town --dns 172.18.0.1", "refused.test"),
        answer=True,
    ),
)
