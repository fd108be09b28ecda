"""The netfilter chains of Docker: those that the daemon's version makes (`network.writes`)."""

from __future__ import annotations

from explorer.network.cause import DAEMON, UNKNOWN, Why
from explorer.network.drivers.known import Known
from explorer.network.model import Chain

CHAINS = {
    ("nat", "DOCKER"): "Docker's own chain: one DNAT rule for each published port.",
    ("filter", "DOCKER"): "Docker's own chain: the published ports that packets from elsewhere may reach.",
    ("filter", "DOCKER-USER"): "Docker's chain for your own rules: checked before Docker's, and left alone by it.",
    ("filter", "DOCKER-FORWARD"): "Docker's own chain: what it does with forwarded packets, called from FORWARD.",
    ("filter", "DOCKER-BRIDGE"): "Docker's own chain: packets on their way to a bridge network.",
    ("filter", "DOCKER-CT"): "Docker's own chain: lets packets of known connections through to bridge networks.",
    ("filter", "DOCKER-ISOLATION-STAGE-1"): "Docker's own chain, step 1 of keeping networks apart: where a packet came from.",
    ("filter", "DOCKER-ISOLATION-STAGE-2"): "Docker's own chain, step 2 of keeping networks apart: where a packet goes.",
}


def chain(known: Known, item: Chain) -> Why:
    if item.tool != "iptables":
        return UNKNOWN
    if known.on_host and (item.table, item.name, item.policy) == ("filter", "FORWARD", "DROP"):
        told = "Policy DROP: a forwarded packet that no rule accepts is dropped; Docker sets it when it turns on IP forwarding."
        return Why(told, (DAEMON,))
    told = CHAINS.get((item.table.removeprefix("ip6 "), item.name), "")
    return Why(told, (DAEMON,)) if told and (item.table, item.name) in known.book.chains else UNKNOWN
