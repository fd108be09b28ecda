"""What connection tracking does to a packet: a state that a rule drops, a connection from before, a table without room."""

from __future__ import annotations

from tests.engine.endings.row import Row

SEND = "echo hello | nc -u -w 1 -p 6000 $LAN.100 5005"
LONG = "sysctl -qw net.netfilter.nf_conntrack_udp_timeout={}"
RULE = "iptables -t nat -{} OUTPUT -p udp --dport 5005 -j DNAT --to {}:5005"
ONE_MORE = "conntrack -I -p udp -s 10.9.0.1 -d 10.9.99.$n --sport 5 --dport 5 -t 300 -u SEEN_REPLY,ASSURED"
KEEPS_FULL = f"nohup sh -c 'for n in $(seq 250); do {ONE_MORE}; sleep 0.1; done' >/dev/null 2>&1 & sleep 1"
OLD, NEW = "172.18.0.77", "172.18.0.2"

ROWS = (
    Row(
        "an answer in state INVALID",
        "dropped",
        r"OUTPUT \(filter\), rule 1: dropped: connection tracking calls it INVALID: it is the first packet of none",
        {"rule", "tracked", "drop"},
        ("iptables -nvxL OUTPUT 1", r"^\s+[1-9]\d* .*DROP.*INVALID"),
        make=(
            "iptables -t raw -I PREROUTING -p icmp --icmp-type echo-request -j CT --notrack",
            "iptables -I OUTPUT -m conntrack --ctstate INVALID -j DROP",
        ),
        undo=("iptables -D OUTPUT 1", "iptables -t raw -D PREROUTING 1"),
        answer=True,
    ),
    Row(
        "a UDP client that an old tracked connection leads to an address that nobody has now",
        "unanswered",
        r"who has 172\.18\.0\.77.*; a connection that h1 has tracked since before leads it to 172\.18\.0\.77:5005",
        {"tracked"},
        (
            "conntrack -L -p udp --dport 5005; iptables -t nat -S",
            r"(?s)src=172\.18\.0\.77 .* --to-destination 172\.18\.0\.2:5005",
        ),
        source="h1",
        target="*",
        kind="record",
        act=SEND,
        make=(LONG.format(300), RULE.format("I", OLD), SEND, RULE.format("D", OLD), RULE.format("I", NEW)),
        undo=(RULE.format("D", NEW), "conntrack -D -p udp --dport 5005", LONG.format(30)),
    ),
    Row(
        "a full table of tracked connections",
        "dropped",
        "h1 dropped it: the table of tracked connections is full",
        {"drop", "switch"},
        ("echo $(($(sysctl -n net.netfilter.nf_conntrack_max) - $(conntrack -C))) left", "^[01] left"),
        make=('python3 -c "$FILL" > /tmp/many', "conntrack -R /tmp/many 2>/dev/null || true", KEEPS_FULL),
        undo=("pkill -f 10[.]9[.]99", "conntrack -D -s 10.9.0.1 >/dev/null", "rm -f /tmp/many"),
    ),
)
