"""The sentences of the timeline: one short sentence for a change that the differ found. Counters and timers get no sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from explorer.network.differ import Difference
from explorer.network.model import (
    Chain,
    Connection,
    DockerState,
    FdbEntry,
    Flow,
    Interface,
    Item,
    Neighbour,
    Observation,
    Place,
    Request,
    Route,
    Rule,
    View,
)
from explorer.network.nft.facts import Elements, NftSet, Table

SENTENCES = 12  # sentences for one change of one view; the rest is counted


def describe(
    place: Place,
    view: View,
    difference: Difference,
    before: Observation | None,
    after: Observation,
    docker: DockerState | None = None,
) -> list[str]:
    """The sentences, removals first; empty when only counters or timers changed."""
    old = {item.key: item for item in before.items} if before else {}
    new = {item.key: item for item in after.items}
    gone = dict.fromkeys(line.key for line in difference.removed)
    networks = {network.bridge: network.name for network in docker.networks if network.bridge} if docker else {}
    removed = _all_told([old[key] for key in gone if key in old], "removed", networks)
    added = _all_told([new[key] for key in difference.added if key in new], "added", networks)
    changed = [_altered(old[key], new[key]) for key in difference.changed if key in old and key in new]
    return _grouped(sentence for sentence in (*removed, *added, *changed) if sentence)


def _all_told(items: list[Item], happened: str, networks: dict[str, str]) -> list[str]:
    """One new network brings many filter rules: these are counted per bridge. Every other change has its own sentence."""
    bridges = [_bridge_of(item, networks) for item in items]
    many = {bridge: times for bridge, times in Counter(bridges).items() if bridge and times > 2}
    told = [_told(item, happened, networks) for item, bridge in zip(items, bridges, strict=True) if bridge not in many]
    preposition = "to" if happened == "added" else "from"
    return told + [
        f"{times} rules for {bridge} (network {networks[bridge]}) {happened} {preposition} filter"
        for bridge, times in many.items()
    ]


def _bridge_of(item: Item, networks: dict[str, str]) -> str:
    if not isinstance(item, Rule) or item.table != "filter" or item.destination_port:
        return ""
    words = (item.out_interface.removeprefix("!"), item.in_interface.removeprefix("!"))
    return next((word for word in words if word in networks), "")


def _grouped(sentences: Iterable[str]) -> list[str]:
    """Equal sentences become one with their number; the list is bounded."""
    counted = Counter(sentences)
    told = [sentence if times == 1 else f"{sentence} ({times} times)" for sentence, times in counted.items()]
    rest = len(told) - SENTENCES
    return told if rest <= 0 else [*told[:SENTENCES], f"and {rest} more changes of this kind"]


def _told(item: Item, happened: str, networks: dict[str, str]) -> str:
    if isinstance(item, Interface):
        return _interface(item, happened, networks)
    teller: Callable[..., str] | None = _TELLERS.get(type(item))
    return teller(item, happened) if teller else ""


def _interface(item: Interface, happened: str, networks: dict[str, str]) -> str:
    what = "appeared" if happened == "added" else "disappeared"
    if item.kind == "bridge" and item.name in networks:
        return f"{item.name} {what}, the bridge of network {networks[item.name]}"
    if item.kind == "bridge":
        return f"{item.name} {what}, a bridge"
    if item.master:
        return f"{item.name} {what}, {'a' if happened == 'added' else 'until now a'} port of {item.master}"
    addresses = [address.cidr for address in item.addresses if address.family == "inet"]
    if happened == "added" and addresses:
        return f"{item.name} {what} with {', '.join(addresses[:4])}"
    return f"{item.name} {what}"


def _route(item: Route, happened: str) -> str:
    via = f" via {item.via}" if item.via else ""
    dev = f" dev {item.dev}" if item.dev else ""
    return f"route {item.destination}{via}{dev} {happened}"


def _neighbour(item: Neighbour, happened: str) -> str:
    if happened == "added" and item.mac:
        return f"{item.address} is at {item.mac}, on {item.dev}"
    if happened == "added" and item.state in ("FAILED", "INCOMPLETE"):
        asked = "neighbour discovery" if ":" in item.address else "ARP"
        return f"{item.address} does not answer {asked} on {item.dev}"
    return f"{item.address} forgotten on {item.dev}" if happened == "removed" and item.mac else ""


def _fdb(item: FdbEntry, happened: str) -> str:
    """The sentence for a forwarding entry. Entries that the kernel makes for itself (multicast groups, the ports' own
    addresses) get none."""
    if "permanent" in item.flags or not item.master or item.mac.startswith(("33:33:", "01:00:5e:")):
        return ""
    return f"{item.master} learned that {item.mac} is behind {item.dev}" if happened == "added" else ""


def _rule(item: Rule, happened: str) -> str:
    where = f"{item.table}/{item.chain}"
    preposition = "to" if happened == "added" else "from"
    match = " ".join(part for part in (item.protocol, item.destination_port) if part)
    if item.to_destination:
        return f"DNAT {match} → {item.to_destination} {happened} {preposition} {where}".replace("  ", " ")
    if item.target == "MASQUERADE" and item.source and item.source == item.destination:
        return f"MASQUERADE for {item.source.removesuffix('/32')} reaching itself ({match}) {happened} {preposition} {where}"
    if item.target == "MASQUERADE":
        return f"MASQUERADE for {item.source or 'everything'} {happened} {preposition} {where}"
    about = ", ".join(f"{word} {value}" for word, value in _matches(item, match))
    return f"{item.target or 'rule'}{' (' + about + ')' if about else ''} {happened} {preposition} {where}"


def _matches(item: Rule, match: str) -> list[tuple[str, str]]:
    parts = (("in", item.in_interface), ("out", item.out_interface), ("from", item.source), ("to", item.destination))
    port = [(item.protocol, item.destination_port)] if match and item.destination_port else []
    return [(word, value) for word, value in parts if value] + port


def _chain(item: Chain, happened: str) -> str:
    return f"chain {item.table}/{item.name} {happened}"


def _table(item: Table, happened: str) -> str:
    return f"nft table {item.table} {happened}"


def _set(item: NftSet, happened: str) -> str:
    return f"{item.what} {item.table}/{item.name} {happened}"


def _elements(item: Elements, happened: str) -> str:
    preposition = "to" if happened == "added" else "from"
    told = [f"{element} ({value})" if value else element for element, value in item.elements[:4]]
    more = f" and {len(item.elements) - 4} more" if len(item.elements) > 4 else ""
    return f"{', '.join(told)}{more} {happened} {preposition} {item.table}/{item.set}"


def _end(address: str, port: int | None) -> str:
    return address if port is None else f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _connection(item: Connection, happened: str) -> str:
    if happened == "removed":
        return ""  # entries run out by themselves
    flow: Flow = item.original
    if flow.destination.startswith(("224.", "ff")):
        return ""  # group membership, which bridges report by themselves
    told = f"{item.protocol} {_end(flow.source, flow.source_port)} → {_end(flow.destination, flow.destination_port)}"
    if item.dnat:
        told += f", destination translated to {_end(item.reply.source, item.reply.source_port)}"
    if item.snat:
        told += f", source translated to {_end(item.reply.destination, item.reply.destination_port)}"
    return f"connection {told}"


def _request(item: Request, happened: str) -> str:
    what = f" ({item.what})" if item.what else ""
    return f"{item.protocol} request from {_end(item.source, item.source_port)}{what}" if happened == "added" else ""


def _altered(old: Item, new: Item) -> str:
    if isinstance(old, Interface) and isinstance(new, Interface):
        return _interface_altered(old, new)
    if isinstance(old, Neighbour) and isinstance(new, Neighbour) and old.mac != new.mac:
        return _neighbour(new, "added")
    if isinstance(old, Chain) and isinstance(new, Chain) and old.policy != new.policy:
        return f"policy of {new.table}/{new.name} is now {new.policy}"
    if isinstance(old, Route) and isinstance(new, Route) and old.source != new.source:
        return f"route {new.destination} now uses source {new.source or 'of the interface'}"
    return ""


def _interface_altered(old: Interface, new: Interface) -> str:
    told: list[str] = []
    had, has = {a.cidr for a in old.addresses}, {a.cidr for a in new.addresses}
    told += [f"has {a.cidr}" for a in new.addresses if a.cidr not in had][:4]
    told += [f"lost {a.cidr}" for a in old.addresses if a.cidr not in has][:4]
    failed = {a.cidr for a in old.addresses if "dadfailed" in a.flags}
    told += [
        f"cannot use {a.cidr}, which another there has"
        for a in new.addresses
        if "dadfailed" in a.flags and a.cidr not in failed
    ]
    if old.master != new.master:
        told.append(f"became a port of {new.master}" if new.master else f"left {old.master}")
    if old.state != new.state:
        told.append(f"went {new.state}")
    if old.mtu != new.mtu:
        told.append(f"has MTU {new.mtu} (was {old.mtu})")
    if old.mac != new.mac:
        told.append(f"has the address {new.mac} (was {old.mac})")
    return f"{new.name} {', '.join(told)}" if told else ""


_TELLERS: dict[type, Callable[..., str]] = {
    Route: _route,
    Neighbour: _neighbour,
    FdbEntry: _fdb,
    Rule: _rule,
    Chain: _chain,
    Table: _table,
    NftSet: _set,
    Elements: _elements,
    Connection: _connection,
    Request: _request,
}
