"""Why each line is there: one sentence per line, made from the present state. A line whose reason is not known gets no
sentence."""

from __future__ import annotations

from explorer.network import embedded_dns, not_dockers, podman, projects, tracked, usual
from explorer.network.cause import KERNEL, NOT_DOCKER, UNKNOWN, Why
from explorer.network.drivers import collisions, in_asking_order
from explorer.network.drivers.known import Known, know
from explorer.network.elsewhere import NOBODY, Elsewhere
from explorer.network.model import (
    Chain,
    Connection,
    DockerState,
    FdbEntry,
    Interface,
    Item,
    Line,
    Observation,
    Place,
    Route,
    Rule,
    View,
)
from explorer.network.nft import words
from explorer.network.nft.facts import NftSet, Table
from explorer.network.weather import PLAIN_MTU
from explorer.network.writes.outside import LINK_LOCAL

_TABLES = {
    "nat": "where addresses and ports are translated, once per connection.",
    "filter": "where packets are let through or dropped.",
    "raw": "what is done to packets before connections are tracked.",
    "mangle": "where packets are marked or altered.",
    "security": "where SELinux marks packets.",
}
_FIXED = {
    "nft:": "Written by nft beside its tables.",
    "object:": "Made with nft itself: rules name it.",
    "beyond:": "In this table is what iptables cannot show; nft shows it.",
    "commit:": "The end of the table.",
    "comment:": "Written by iptables-save itself: when the rules were read.",
}


def explain(
    place: Place, view: View, observation: Observation, docker: DockerState | None, elsewhere: Elsewhere = NOBODY
) -> Observation:
    """The same observation with `Line.why` and `Line.about` filled. Sources: the place's own interfaces, the names that the
    daemon gives, and the endpoints on the other hosts."""
    known = know(place, docker, elsewhere)
    items = {item.key: item for item in observation.items}
    told = {key: _why(known, item) for key, item in items.items()}
    labelled = projects.sentences(docker)
    lines = tuple(
        _with_why(known, line, items.get(line.key), told.get(line.key, UNKNOWN), labelled) for line in observation.lines
    )
    return observation.model_copy(update={"lines": lines})


def _with_why(known: Known, line: Line, item: Item | None, told: Why, labelled: dict[str, str]) -> Line:
    why = told
    if isinstance(item, Interface):
        why = _interface_line(known, item, line.text, told)
    elif item is None:
        why = Why(_table(line.key) or next((text for start, text in _FIXED.items() if line.key.startswith(start)), ""))
    if why.about and why.text and (sentence := labelled.get(why.about[0])):
        why = Why(f"{why.text} {sentence}", why.about)
    same = (why.text, why.about) == (line.why, line.about)
    return line if same else line.model_copy(update={"why": why.text, "about": why.about})


def _table(key: str) -> str:
    """The reason for a line that begins a table; its key is, for example, `table:ip6 nat`."""
    start, _, name = key.partition(":")
    family, _, bare = name.rpartition(" ")
    if start != "table" or bare not in _TABLES:
        return ""
    told = f"The table {bare}{' of IPv6' if 'ip6' in family else ''}: {_TABLES[bare]}"
    return (
        f"{told} Kept by the older program {'ip6' if 'ip6' in family else 'ip'}tables-legacy." if "legacy" in family else told
    )


def _why(known: Known, item: Item) -> Why:
    if known.podman:
        told = podman.why(known, item)
        if told.about == (KERNEL,) and isinstance(item, FdbEntry | Route) and _came_with_interface(item):
            return Why(told.text, (*_about_port(known, item.dev), KERNEL))
        return told
    if isinstance(item, Connection):
        return tracked.why(known, item)
    if written := known.nft_book.find(item) or (known.book.find(item) if isinstance(item, Rule) else None):
        return written
    for driver in in_asking_order():
        told = driver.why(known, item)
        if told:
            return collisions.with_route(known, item, told) if isinstance(item, Route) else told
    told = embedded_dns.why(known, item) or words.why(item) or usual.why(known, item) or not_dockers.why(known, item)
    if told and NOT_DOCKER not in told.about and isinstance(item, FdbEntry | Route) and _came_with_interface(item):
        return Why(told.text, (*_about_port(known, item.dev), KERNEL))
    if isinstance(item, Route):
        return collisions.with_route(known, item, told)
    can_be_strange = isinstance(item, Interface | Table | NftSet) or (isinstance(item, Chain) and item.tool == "nft")
    if told and not told.about and can_be_strange and (strange := not_dockers.why(known, item)):
        said = not_dockers.NOT_DOCKERS if isinstance(item, Interface) else strange
        return Why(f"{told.text} {said.text}", strange.about)
    return told


def _came_with_interface(item: FdbEntry | Route) -> bool:
    return isinstance(item, FdbEntry) or item.destination == LINK_LOCAL


def _about_port(known: Known, dev: str) -> tuple[str, ...]:
    """The owners of an entry that the kernel made together with an interface: those of the interface."""
    if dev not in known.owners:
        interface = known.interfaces.get(dev)
        known.owners[dev] = _why(known, interface).about if interface else ()
    return known.owners[dev]


# --- the lines of an interface ----------------------------------------------------------------------------------------


def _interface_line(known: Known, item: Interface, text: str, told: Why) -> Why:
    words = text.split()
    if not words or not text.startswith("    "):
        return _mtu(known, item, told)
    if words[0] in ("inet", "inet6") and len(words) > 1:
        return _address(known, item, words[1]) or told
    if words[0].startswith("link/"):
        return _hardware(item, told)
    if words[0] == "valid_lft":
        told_by = "How long the address above is valid; forever means until it is removed."
        return Why(told_by, told.about) if "forever" in words else told
    return told


def _mtu(known: Known, item: Interface, told: Why) -> Why:
    """Says when the interface of a container, or the way to the LAN, has another MTU than it was made with."""
    if known.podman and known.container:
        return told  # netavark takes it from the host's default route, or from an option, when the first container starts
    end = known.ends.get(item.name) if known.container and known.plain_namespace else None
    if end and end.network.bridge:  # with a bridge on this host; an overlay has another MTU
        given = end.network.options.get("com.docker.network.driver.mtu", "")
        first = int(given) if given.isdecimal() and len(given) < 6 else PLAIN_MTU
    elif usual.on_lan(known, item):
        first = PLAIN_MTU
    else:
        return told
    if item.mtu in (0, first):
        return told
    return Why(f"{told.text} Its MTU is {item.mtu} and was {first} when it was made: it was changed since.".strip(), told.about)


def _address(known: Known, item: Interface, cidr: str) -> Why:
    if known.podman:
        return podman.why_address(known, item, cidr) or usual.why_address(known, item, cidr)
    asked = (driver.why_address(known, item, cidr) for driver in in_asking_order())
    told = next(filter(None, asked), UNKNOWN)
    told = told or usual.why_address(known, item, cidr) or not_dockers.address(known, item, cidr)
    return collisions.with_address(known, item, cidr, told)


def _hardware(item: Interface, told: Why) -> Why:
    if item.kind == "loopback":
        return Why("Loopback has no hardware address.", (KERNEL,))
    pair = item.kind == "veth" and item.peer_index is not None
    other = f"; its other end is interface {item.peer_index} of another namespace" if pair else ""
    if pair and item.peer_place:
        other = f"; its other end is interface {item.peer_index} in {item.peer_place}"
    return Why(f"The MAC address of {item.name}{other}.", told.about) if item.mac else told
