"""Packets that a rule ends, on each of the chains they pass."""

from __future__ import annotations

from tests.engine.endings.row import OUT, WEB, Row

ROWS = (
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
)
