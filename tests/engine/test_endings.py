"""Every way a packet can end: each is made on a real host, and a plain tool beside it proves what is so."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from explorer.lab.ask import journey
from explorer.lab.drops.hear import why_not
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.journeys import Asked
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import looking
from tests.lab.drops.compiled import compiled
from tests.network.journeys.kept import keep

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
BEGIN = (
    "docker network create -o com.docker.network.bridge.name=town --subnet 172.18.0.0/16 town",
    "docker run -d --name web --network town -p 8080:80 box",
    "docker run -d --name cli --network town box sleep 9999",
    "docker run -d --name near --network town -p 8083:9000 box socat TCP-LISTEN:9000,bind=127.0.0.1,fork SYSTEM:'echo hi'",
    "docker run -d --name talks --network town -p 8084:9000 box socat TCP-LISTEN:9000,fork SYSTEM:'echo hello'",
    "docker run -d --name other box",
    "docker run -d --name d53 --dns 127.0.0.53 box sleep 9999",
)
SETTLE = 1.5  # seconds, so that the views show what was just made


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
WEB: dict[str, Any] = {"target": "h1", "kind": "http", "port": 8080}
OUT: dict[str, Any] = {"source": "h1/cli", "target": "outside"}
ROWS = (
    # --- what arrives ---
    Row(
        "a published port",
        "arrived",
        "delivered to h1/web$",
        {"frame"},
        ("conntrack -L -p tcp --dport 8080", "src=172.18.0.2 "),
        **WEB,
    ),
    Row(
        "a published port, asked by the host itself",
        "arrived",
        "delivered to h1/web$",
        {"frame"},
        ("conntrack -L -p tcp --dport 8080", r"src=(\S+) dst=\1 .* src=172\.18\.0\.2 "),
        source="h1",
        **WEB,
    ),
    Row(
        "docker-proxy on the host's loopback",
        "arrived",
        "delivered to h1$",
        {"frame"},
        ("ss -Hltnp sport = 8080", "docker-proxy"),
        source="h1",
        target="127.0.0.1",
        kind="http",
        port=8080,
    ),
    Row(
        "a server that speaks first",
        "arrived",
        "delivered to h1$",
        {"frame", "route"},
        ("ip route get 127.0.0.1", "local .* dev lo"),
        source="h1",
        target="127.0.0.1",
        kind="http",
        port=8084,
        answer=True,
    ),
    # --- sockets ---
    Row(
        "a closed port",
        "refused",
        "nobody listens on that port: TCP 9999 of h1",
        {"socket", "frame"},
        ("ss -Hltn sport = 9999; echo none", r"\Anone"),
        kind="tcp",
        port=9999,
        answer=True,
    ),
    Row(
        "a program on its loopback only",
        "refused",
        r"TCP 172\.18\.0\.\d+:9000 of h1/near: the program there listens on 127.0.0.1 only",
        {"socket", "frame"},
        ("in near ss -Hltn sport = 9000", "127.0.0.1:9000"),
        kind="tcp",
        port=8083,
        answer=True,
    ),
    Row(
        "a name server on the container's own loopback",
        "refused",
        "h1/d53 refused it: nobody listens on that port: UDP 53 of h1/d53",
        {"drop", "socket"},
        ("in d53 ip route get 127.0.0.53", "local"),
        source="h1/d53",
        target="example.test",
        kind="dns",
    ),
    Row(
        "pings that are ignored",
        "arrived",
        "no answer was seen: h1 ignores every ping",
        {"switch", "route"},
        ("sysctl net.ipv4.icmp_echo_ignore_all", "= 1"),
        make=("sysctl -qw net.ipv4.icmp_echo_ignore_all=1",),
        undo=("sysctl -qw net.ipv4.icmp_echo_ignore_all=0",),
    ),
    Row(
        "a program that accepts nobody",
        "dropped",
        "accepts no more connections, and no more may wait",
        {"counter", "socket"},
        ("nstat -az TcpExtListenOverflows; ss -Hltn sport = 7000", r"Overflows\s+[1-9]"),
        kind="tcp",
        port=7000,
        make=('nohup python3 -c "$HOLDS" >/dev/null 2>&1 & sleep 1',),
        undo=("kill $(pgrep -f 'listen[(]0[)]')",),
    ),
    # --- rules ---
    Row(
        "a rule of OUTPUT",
        "dropped",
        r"dropped: h1: OUTPUT \(filter\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -nvxL OUTPUT 1", r"^\s+[1-9]\d* .*DROP"),
        source="h1",
        target="h1/web",
        kind="http",
        make=("iptables -I OUTPUT -p tcp --dport 80 -j DROP",),
        undo=("iptables -D OUTPUT 1",),
    ),
    Row(
        "a rule of INPUT",
        "dropped",
        r"INPUT \(filter\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -nvxL INPUT 1", r"^\s+[1-9]\d* .*DROP"),
        make=("iptables -I INPUT -p icmp -j DROP",),
        undo=("iptables -D INPUT 1",),
    ),
    Row(
        "a rule of raw PREROUTING",
        "dropped",
        r"PREROUTING \(raw\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -t raw -nvxL PREROUTING 1", r"^\s+[1-9]\d* .*DROP"),
        make=("iptables -t raw -I PREROUTING -p icmp -j DROP",),
        undo=("iptables -t raw -D PREROUTING 1",),
    ),
    Row(
        "a policy",
        "dropped",
        r"INPUT \(filter\), policy: no rule decided, dropped",
        {"rule", "drop"},
        ("iptables -S INPUT", "-P INPUT DROP"),
        make=("iptables -P INPUT DROP",),
        undo=("iptables -P INPUT ACCEPT",),
    ),
    Row(
        "Docker's isolation",
        "dropped",
        r"dropped: h1: (DOCKER-ISOLATION-STAGE-2 \(filter\)|PREROUTING \(raw\)), rule \d: dropped",  # 26 and 28
        {"rule", "drop"},
        ("iptables-save -c", r"^\[[1-9]\d*:\d+\] -A (DOCKER-ISOLATION-STAGE-2|PREROUTING) .*DROP"),
        source="h1/cli",
        target="h1/other",
    ),
    Row(
        "a rule of the container's own",
        "dropped",
        "h1/web dropped it: a rule of netfilter; rules were not traced there",
        {"drop"},
        ("in web nft list table ip mine", "tcp dport 80 drop"),
        **WEB,
        make=(
            "in web nft add table ip mine",
            "in web nft add chain ip mine here '{ type filter hook input priority 0; }'",
            "in web nft add rule ip mine here tcp dport 80 drop",
        ),
        undo=("in web nft delete table ip mine",),
    ),
    Row(
        "a rule that resets",
        "rejected",
        "rule 1: rejected: a TCP reset goes back",
        {"rule", "frame"},
        ("iptables -nvxL DOCKER-USER 1", r"^\s+[1-9]\d* .*REJECT"),
        source="h1/cli",
        target="outside",
        kind="tcp",
        make=("iptables -I DOCKER-USER -s 172.18.0.0/16 -p tcp -j REJECT --reject-with tcp-reset",),
        undo=("iptables -D DOCKER-USER 1",),
    ),
    Row(
        "a rule that prohibits",
        "rejected",
        "rule 1: rejected: ICMP “host prohibited” goes back",
        {"rule", "icmp"},
        ("iptables -nvxL DOCKER-USER 1", r"^\s+[1-9]\d* .*REJECT"),
        **OUT,
        make=("iptables -I DOCKER-USER -s 172.18.0.0/16 -j REJECT --reject-with icmp-host-prohibited",),
        undo=("iptables -D DOCKER-USER 1",),
    ),
    Row(
        "a rule that nftables does not list",
        "dropped",
        "a rule of iptables-legacy, which nftables does not list",
        {"drop", "rule"},
        ("iptables-legacy -nvxL FORWARD 1", r"^\s+[1-9]\d* .*DROP"),
        **OUT,
        make=("iptables-legacy -I FORWARD -p icmp -j DROP",),
        undo=("iptables-legacy -F FORWARD",),
    ),
    # --- routes and switches ---
    Row(
        "forwarding is off",
        "unreachable",
        "it is for another machine, and forwarding is off",
        {"drop", "switch", "route", "counter"},
        ("nstat -az IpInAddrErrors", r"IpInAddrErrors\s+[1-9]"),
        **WEB,
        make=("sysctl -qw net.ipv4.ip_forward=0",),
        undo=("sysctl -qw net.ipv4.ip_forward=1",),
    ),
    Row(
        "a blackhole route",
        "unreachable",
        "its route blackhole",
        {"drop", "route"},
        ("ip route show type blackhole", "blackhole"),
        **OUT,
        make=("ip route add blackhole $LAN.100/32",),
        undo=("ip route del blackhole $LAN.100/32",),
    ),
    Row(
        "an unreachable route",
        "unreachable",
        "its route unreachable",
        {"drop", "route", "icmp"},
        ("ip route show type unreachable", "unreachable"),
        **OUT,
        make=("ip route add unreachable $LAN.100/32",),
        undo=("ip route del unreachable $LAN.100/32",),
    ),
    Row(
        "a prohibiting route",
        "unreachable",
        "its route prohibit",
        {"drop", "route", "icmp"},
        ("ip route show type prohibit", "prohibit"),
        **OUT,
        make=("ip route add prohibit $LAN.100/32",),
        undo=("ip route del prohibit $LAN.100/32",),
    ),
    Row(
        "the host's own unreachable route",
        "unreachable",
        "never sent: h1 refuses it: its route unreachable",
        {"route", "sender"},
        ("ip route get $LAN.100; true", "unreachable|No route"),
        source="h1",
        target="outside",
        make=("ip route add unreachable $LAN.100/32",),
        undo=("ip route del unreachable $LAN.100/32",),
    ),
    Row(
        "no route",
        "unreachable",
        "never sent: h1/web has no route for that address",
        {"route", "sender"},
        ("in web ip route; echo end", r"\A172\S+ dev eth0[^\n]*\nend"),
        source="h1/web",
        target="outside",
        make=("in web ip route del default",),
        undo=("in web ip route add default via 172.18.0.1",),
    ),
    Row(
        "no way back",
        "arrived",
        "no answer was seen: h1/web has no route back",
        {"route", "frame"},
        ("in web ip route; echo end", r"\A172\S+ dev eth0[^\n]*\nend"),
        **WEB,
        make=("in web ip route del default",),
        undo=("in web ip route add default via 172.18.0.1",),
    ),
    Row(
        "a policy rule",
        "unreachable",
        "its policy rule 99: from 172.18.0.0/16 prohibit says so",
        {"drop", "route", "icmp"},
        ("ip rule show", "from 172.18.0.0/16 prohibit"),
        **OUT,
        make=("ip rule add from 172.18.0.0/16 prohibit priority 99",),
        undo=("ip rule del priority 99",),
    ),
    Row(
        "reverse-path filter",
        "dropped",
        "reverse-path filter",
        {"drop", "switch", "counter"},
        ("nstat -az TcpExtIPReversePathFilter", r"Filter\s+[1-9]"),
        make=(on("eth0", "rp_filter", 1), "ip route add $LAN.100/32 dev docker0"),
        undo=(on("eth0", "rp_filter", 0), "ip route del $LAN.100/32 dev docker0"),
    ),
    Row(
        "time to live",
        "dropped",
        "its time to live ended there",
        {"drop", "icmp"},
        ("nstat -az IpInHdrErrors", r"IpInHdrErrors\s+[1-9]"),
        **OUT,
        make=("iptables -t mangle -A PREROUTING -i town -p icmp -j TTL --ttl-set 1",),
        undo=("iptables -t mangle -F PREROUTING",),
    ),
    Row(
        "an address of the loopback from outside",
        "dropped",
        "127.0.0.0/8",
        {"drop"},
        ("iptables -t nat -nvxL PREROUTING 1", r"^\s+[1-9]\d* .*DNAT"),
        kind="tcp",
        port=7001,
        make=("iptables -t nat -I PREROUTING -p tcp --dport 7001 -j DNAT --to 127.0.0.1:22",),
        undo=("iptables -t nat -D PREROUTING 1",),
    ),
    Row(
        "the answer is dropped",
        "dropped",
        r"DOCKER-USER \(filter\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -nvxL DOCKER-USER 1", r"^\s+[1-9]\d* .*DROP"),
        **OUT,
        answer=True,
        make=("iptables -I DOCKER-USER -d 172.18.0.0/16 -j DROP",),
        undo=("iptables -D DOCKER-USER 1",),
    ),
    Row(
        "a rule after routing",
        "dropped",
        r"POSTROUTING \(mangle\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -t mangle -nvxL POSTROUTING 1", r"^\s+[1-9]\d* .*DROP"),
        **OUT,
        make=("iptables -t mangle -I POSTROUTING -p icmp -j DROP",),
        undo=("iptables -t mangle -D POSTROUTING 1",),
    ),
    # --- what a program sends by itself ---
    Row(
        "a datagram that nobody takes",
        "refused",
        "outside (refused it|sent back “port unreachable”): nobody listens on that port: UDP 5000 of outside",
        {"icmp", "socket"},
        ("nstat -az IcmpInDestUnreachs; echo end", "end"),
        source="h1/cli",
        target="*",
        kind="record",
        act="docker exec cli sh -c 'echo hello | socat -t1 - UDP:outside:5000'",
    ),
    Row(
        "a ping to an address that nobody has",
        "unanswered",
        r"who has \S+\.200; nobody answered",
        {"arp", "route"},
        ("ip neigh show $LAN.200", "INCOMPLETE|FAILED"),
        source="h1/cli",
        target="*",
        kind="record",
        act="docker exec cli ping -c 1 -W 1 $LAN.200",
    ),
    Row(
        "too big for the next link",
        "dropped",
        "too big for the next link and may not be fragmented",
        {"drop", "icmp", "interface"},
        ("ip link show eth0", "mtu 1000"),
        source="h1/cli",
        target="*",
        kind="record",
        act="docker exec cli ping -c 1 -W 1 -M do -s 1300 $LAN.100",
        make=("ip link set eth0 mtu 1000",),
        undo=("ip link set eth0 mtu 1500",),
    ),
    # --- neighbours and wires ---
    Row(
        "nobody on the LAN",
        "unanswered",
        r"h1 asked by ARP on eth0 who has \S+\.200; nobody answered",
        {"arp", "route", "neighbour"},
        ("ip neigh show $LAN.200", "INCOMPLETE|FAILED"),
        source="h1/cli",
        target="$LAN.200",
    ),
    Row(
        "nobody on the bridge",
        "unanswered",
        r"h1/cli asked by ARP on eth0 who has 172\.18\.0\.99; nobody answered",
        {"arp", "route"},
        ("in cli ip neigh show 172.18.0.99", "INCOMPLETE|FAILED"),
        source="h1/cli",
        target="172.18.0.99",
    ),
    Row(
        "a way that leads nowhere",
        "lost",
        "its way on, .* is no machine of this sandbox",
        {"frame", "route", "unseen"},
        ("ip route get 192.0.2.1", "via"),
        source="h1/cli",
        target="192.0.2.1",
    ),
    Row(
        "a wrong MAC address",
        "lost",
        "a MAC address that no interface of this sandbox has",
        {"frame", "neighbour"},
        ("ip neigh show 172.18.0.2", "02:00:00:00:00:99 PERMANENT"),
        **WEB,
        make=("ip neigh replace 172.18.0.2 lladdr 02:00:00:00:00:99 dev town nud permanent",),
        undo=("ip neigh del 172.18.0.2 dev town",),
    ),
    Row(
        "the container's interface is down",
        "lost",
        "eth0 of h1/web, which (is down|did not see it)",
        {"frame", "interface"},
        ("in web ip -br link show eth0", "DOWN"),
        **WEB,
        make=("ip neigh replace 172.18.0.2 lladdr $(cat /tmp/mac) dev town nud permanent", "in web ip link set eth0 down"),
        undo=("in web ip link set eth0 up", "in web ip route add default via 172.18.0.1", "ip neigh del 172.18.0.2 dev town"),
    ),
)


class Host:
    """A sandbox whose observer runs while the test lets it run."""

    def __init__(self, lab_config, engine):
        compiled()
        self.engine = engine
        self.config, self.name, self.runner = lab_config, f"ends-{secrets.token_hex(4)}", asyncio.Runner()
        until = time.time() + 3600
        self.facts = lifecycle.open_sandbox(lab_config, self.name, 1, SCENARIOS["one-host"], until, lambda *_: None, engine)
        self.lan = self.facts["hosts"]["h1"]["address"].rpartition(".")[0]
        for command in (*BEGIN, "in web ip -br link show eth0 | awk '{print $3}' > /tmp/mac"):
            self.type(command)
        self.looking = looking(lab_config, self.name, 1, self.facts)
        self.observer = self.runner.run(self.looking.__aenter__())

    def close(self):
        self.runner.run(self.looking.__aexit__(None, None, None))
        self.runner.close()
        lifecycle.close_sandbox(self.config, self.name)

    def type(self, command):
        """A command in h1; `in NAME …` is one of h1's tools in the network namespace of a container."""
        command = command.replace("$HOLDS", HOLDS.replace('"', "'"))
        inside = re.sub(r"^in (\w+) ", r"nsenter -t $(docker inspect -f '{{.State.Pid}}' \1) -n ", command)
        said: list[bytes] = []
        status = run_in(self.config, self.name, "h1", ["bash", "-lc", inside], lambda _, data: said.append(data), 60)
        told = b"".join(said).decode(errors="replace")
        assert status == 0, f"{command}: {told}"
        return told

    def follow(self, row):
        async def sent():
            await asyncio.sleep(SETTLE)
            target = row.target.replace("$LAN", self.lan)
            asked = Asked(source=row.source, target=target, kind=row.kind, port=row.port)
            following = asyncio.create_task(self.observer.journey(asked))
            if row.act:
                await asyncio.sleep(1)
                await asyncio.to_thread(self.type, f"{row.act} || true")
            return await following

        return self.runner.run(sent())


@pytest.fixture(scope="module")
def host(lab_config):
    assert why_not() == "", "these endings need the kernel's drop reasons"
    made = Host(lab_config, "26")
    yield made
    made.close()


@pytest.fixture
def told_from(monkeypatch):
    """What the journey was told from: [(cases, answers)]."""
    found: list[Any] = []
    tell = journey._tell

    def noted(asked, cases, answers, *rest):
        found.append((cases, answers))
        return tell(asked, cases, answers, *rest)

    monkeypatch.setattr(journey, "_tell", noted)
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_is_told_how_it_ended(host, row, told_from):
    done = []
    try:
        for command in row.make:
            host.type(command)
            done.append(command)
        told = host.follow(row)
        proof = host.type(row.proof[0])
    finally:
        if len(done) == len(row.make):
            for command in row.undo:
                host.type(command)
    assert told.error == ""
    assert re.search(row.proof[1], proof, re.MULTILINE), f"this was to be made, and was not: {proof}"
    end = told.answer if row.answer else told.request
    assert end is not None, told.result
    assert (end.ending, bool(re.search(row.said, end.end))) == (row.ending, True), f"{end.ending}: {end.end}"
    assert row.grounds <= {one.kind for one in end.evidence}, [one.text for one in end.evidence]
    if directory := os.environ.get("EXPLORER_KEEP_ENDINGS"):
        keep(Path(directory), f"{host.engine} {row.name}", (row.ending, row.said, row.answer), *told_from[-1])
