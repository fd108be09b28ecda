"""What a line of `nft list ruleset` is, whoever wrote it: a table, a set, a chain and where packets meet it."""

from __future__ import annotations

from explorer.network.cause import UNKNOWN, Why
from explorer.network.model import Chain, Item, Rule
from explorer.network.nft.facts import Elements, NftSet, Table

OURS = "inet explorer-trace"  # the table with which lab/ask asks the kernel to trace a packet
TRACING = Why("The explorer's own, while it follows a packet: it asks the kernel to trace. It goes when the journey is told.")
HOOKS = {
    "ingress": "as they come in through {}, before anything else",
    "egress": "as they go out through {}, after everything else",
    "prerouting": "as they arrive, before the kernel decides where they go",
    "input": "that are for this namespace itself",
    "forward": "that come in through one interface and go out through another",
    "output": "that programs in this namespace send",
    "postrouting": "that are about to leave, after the kernel decided through which interface",
}
_FAMILIES = {
    "ip6": "IPv6 packets",
    "inet": "Packets",
    "bridge": "Frames on a bridge",
    "netdev": "Packets",
    "arp": "ARP packets",
}


def why(item: Item) -> Why:
    """One sentence; nothing for rules and elements, whose meaning is their own, and for what iptables printed."""
    if isinstance(item, Table | NftSet | Chain | Rule | Elements) and item.table == OURS:
        return TRACING
    if isinstance(item, Table):
        dormant = " Dormant: no packet meets its chains." if "dormant" in item.flags else ""
        return Why(f"A table made with nft itself: iptables-save does not show it.{dormant}")
    if isinstance(item, NftSet):
        return Why(_MAPS if item.what == "map" and item.type.endswith(": verdict") else _SETS[item.what])
    return Why(_chain(item)) if isinstance(item, Chain) and item.tool == "nft" else UNKNOWN


_MAPS = "A verdict map: a rule looks something up in it, and the element that fits says what becomes of the packet."
_SETS = {
    "map": "A map: a rule looks something up in it and takes the value that the element has.",
    "set": "A set: a rule asks whether something is in it.",
}


def _chain(item: Chain) -> str:
    if not item.hook:
        return "A chain that packets meet only where a rule or a verdict map leads to it."
    family = item.table.partition(" ")[0] if " " in item.table else ""
    when = HOOKS.get(item.hook, f"at hook {item.hook}").format(item.device or "an interface")
    nat = " Its rules decide once per connection, at the first packet." if item.type == "nat" else ""
    policy = " Policy DROP: what no rule accepts is dropped." if item.policy == "DROP" else ""
    return f"{_FAMILIES.get(family, 'IPv4 packets')} {when} meet this chain (priority {item.priority}).{nat}{policy}"
