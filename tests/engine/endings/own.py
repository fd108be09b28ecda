"""What a program sends by itself, of any protocol, followed by a recording."""

from __future__ import annotations

from typing import Any

from tests.engine.endings.row import Row

BY_ITSELF: dict[str, Any] = {"source": "h1/cli", "target": "*", "kind": "record"}
LISTENS = "docker exec -d near socat -u UDP4-RECV:5000 OPEN:/tmp/heard,creat"
DEAF = "docker exec near pkill socat.*5000; docker exec near rm -f /tmp/heard"


def raw(number: int, to: str = "172.18.0.1") -> str:
    """A packet of the IP protocol with this number, to h1."""
    return f'docker exec cli sh -c "printf 0123456789abcdef | socat -u - IP4-SENDTO:{to}:{number}"'


def answered(number: int) -> str:
    """What tcpdump sees come back to another such packet."""
    wait = "for try in $(seq 100); do grep -q {} /tmp/seen && break; sleep 0.1; done"
    watch = "tcpdump -lni town 'icmp[0] == 3' >/tmp/seen 2>&1 & "
    return f"{watch}{wait.format('listening')}; {raw(number)}; {wait.format('unreachable')}; kill $!; cat /tmp/seen"


ROWS = (
    Row(
        "SCTP, which the target does not know",
        "refused",
        "h1 (refused it|sent back “protocol unreachable”).* nobody there takes this protocol",
        {"frame", "route"},
        (answered(132), "protocol 132 unreachable"),
        **BY_ITSELF,
        act=raw(132),
    ),
    Row(
        "GRE, which the target does not know",
        "refused",
        "h1 (refused it|sent back “protocol unreachable”).* nobody there takes this protocol",
        {"frame", "route"},
        (answered(47), "protocol 47 unreachable"),
        **BY_ITSELF,
        act=raw(47),
    ),
    Row(
        "a protocol that a rule drops",
        "dropped",
        r"DOCKER-USER \(filter\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -nvxL DOCKER-USER 1", r"^\s+[1-9]\d* .*DROP"),
        **BY_ITSELF,
        act=raw(253, "$LAN.100"),
        make=("iptables -I DOCKER-USER -p 253 -j DROP",),
        undo=("iptables -D DOCKER-USER 1",),
    ),
    Row(
        "a broadcast",
        "arrived",
        r"sent to everybody on its network: it came in at .*h1/near.*; a program has that port in h1/near$",
        {"frame", "socket"},
        ("docker exec near cat /tmp/heard", "^hello"),
        **BY_ITSELF,
        act="docker exec cli sh -c 'echo hello | socat -t1 - UDP-DATAGRAM:172.18.255.255:5000,broadcast'",
        make=(LISTENS,),
        undo=(DEAF,),
    ),
    Row(
        "a multicast that nobody listens to",
        "arrived",
        r"sent to the multicast group 239\.1\.2\.3: it came in at .*h1/near.*; no program there has that port",
        {"frame"},
        ("in near ss -Hlnu sport = 5000; echo none", r"\Anone"),
        **BY_ITSELF,
        act="docker exec cli sh -c 'echo hello | socat -t1 - UDP4-DATAGRAM:239.1.2.3:5000'",
    ),
    Row(
        "a question by ARP that nobody answers",
        "unanswered",
        r"h1/cli asked by ARP on eth0 who has 172\.18\.0\.99; nobody answered",
        {"arp", "frame", "unseen"},
        ("docker exec cli arping -c 1 -w 1 -I eth0 172.18.0.99; true", "Received 0 response"),
        **BY_ITSELF,
        act="docker exec cli arping -c 1 -w 1 -I eth0 172.18.0.99",
    ),
    Row(
        "a question by ARP that is answered",
        "arrived",
        "delivered to h1/web",
        {"frame"},
        ("docker exec cli arping -c 1 -w 1 -I eth0 172.18.0.2", "Received 1 response"),
        **BY_ITSELF,
        act="docker exec cli arping -c 1 -w 1 -I eth0 172.18.0.2",
    ),
    Row(
        "a datagram that never left",
        "dropped",
        r"dropped: h1: OUTPUT \(filter\), rule 1: dropped",
        {"rule", "drop"},
        ("iptables -nvxL OUTPUT 1", r"^\s+[1-9]\d* .*DROP"),
        source="h1",
        target="*",
        kind="record",
        act="echo hello, whoever > /dev/udp/$LAN.100/5000",
        make=("iptables -I OUTPUT -p udp --dport 5000 -j DROP",),
        undo=("iptables -D OUTPUT 1",),
    ),
)
