"""The closing card: what is on this sandbox's host now that a driver put there, counted and named.

Every pair is (title, text); both are plain text, with names that came from a host in them: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from explorer.lessons.evidence import World
from explorer.lessons.model import Lesson
from explorer.network.model import DockerNetwork, Interface, Place, Route, Rule, Snapshot

NAMES_SHOWN = 6
Fact = tuple[str, str]


def summarise(lesson: Lesson, snapshot: Snapshot) -> list[Fact]:
    """The facts that fit this lesson's driver, of every host that has them."""
    world = World(snapshot)
    hosts = [place for place in snapshot.places.values() if place.kind == "host"]
    makers = {"start": start_facts, "bridge": bridge_facts}
    maker = makers.get(lesson.driver)
    return [fact for host in hosts for fact in (maker(world, host) if maker else ()) if fact[1]]


def start_facts(world: World, host: Place) -> Iterator[Fact]:
    inside = [place for place in world.places(f"{host.id}/*") if place.kind == "container"]
    own = [place.name for place in inside if not place.shares and place.netns != host.netns]
    sharing = [place.name for place in inside if place.shares or place.netns == host.netns]
    yield (
        "Network namespaces",
        f"{counted(1 + len(own), 'is', 'are')} in use: the host's{', and one for each of ' * bool(own)}{listed(own)}",
    )
    yield "In the host's own", listed(sharing)
    bare = [place.name for place in inside if [one.name for one in interfaces(world, place)] == ["lo"]]
    yield "With nothing but lo", listed(bare)
    yield "Networks and their drivers", listed(f"{one.name} ({one.driver})" for one in world.networks(host.id))
    yield "Added to the host", cables(world, host)


def bridge_facts(world: World, host: Place) -> Iterator[Fact]:
    networks = [one for one in world.networks(host.id) if one.driver == "bridge"]
    bridges = {one.bridge: one for one in networks if one.bridge}
    yield "Switches", listed(switch(one, bridges) for one in interfaces(world, host) if one.kind == "bridge")
    yield "Cables", cables(world, host)
    routes = [one for one in world.seen(host, "routes", Route) if one.dev in bridges]
    yield "Routes", f"{listed(one.destination for one in routes)}{', each through its switch' * bool(routes)}"
    yield "The way out", way_out(world, host)
    yield "The way in", way_in(world, host)
    yield "Borders", borders(world, host)


def interfaces(world: World, place: Place) -> list[Interface]:
    return list(world.seen(place, "interfaces", Interface))


def rules(world: World, host: Place, table: str, target: str) -> list[Rule]:
    view: list[Rule] = list(world.seen(host, "nat" if table == "nat" else "filter", Rule))
    return [one for one in view if one.target == target and "127.0.0.11" not in one.spec]


def switch(one: Interface, bridges: dict[str, DockerNetwork]) -> str:
    address = next((held.cidr for held in one.addresses if held.family == "inet"), "no address")
    network = bridges.get(one.name)
    return f"{one.name} ({f'network {network.name}, ' if network else ''}{address})"


def cables(world: World, host: Place) -> str:
    ends = [one for one in interfaces(world, host) if one.kind == "veth" and one.master]
    if not ends:
        return ""
    to = sorted({one.peer_place.partition("/")[2] for one in ends if one.peer_place})
    return f"{counted(len(ends), 'veth pair', 'veth pairs')}{': to ' * bool(to)}{listed(to)}"


def way_out(world: World, host: Place) -> str:
    found = rules(world, host, "nat", "MASQUERADE")
    networks = [one for one in found if one.source.partition("/")[2] not in ("", "32")]
    if not networks:
        return ""
    sent = counted(sum(one.packets or 0 for one in networks), "connection", "connections")
    return f"{counted(len(networks), 'MASQUERADE rule', 'MASQUERADE rules')}, {sent} sent out with the host's address"


def way_in(world: World, host: Place) -> str:
    found = [one for one in rules(world, host, "nat", "DNAT") if one.destination_port]
    if not found:
        return "No port is published: nobody outside can begin a conversation"
    return listed(f"port {one.destination_port} to {owner(world, host, one)}{only_local(one)}" for one in found)


def owner(world: World, host: Place, rule: Rule) -> str:
    """The container a DNAT rule leads to, or the bare address."""
    address = rule.to_destination.rpartition(":")[0]
    names = [place.name for place in world.places(f"{host.id}/*") if address in world.addresses(place.id)]
    return names[0] if names else rule.to_destination


def only_local(rule: Rule) -> str:
    return ", for the host alone" if rule.destination.startswith("127.") else ""


def borders(world: World, host: Place) -> str:
    found = [one for one in rules(world, host, "filter", "DROP") if "ISOLATION" in one.chain]
    if not found:
        return ""
    ended = counted(sum(one.packets or 0 for one in found), "packet", "packets")
    return f"{counted(len(found), 'DROP rule', 'DROP rules')} between the switches, {ended} ended there"


def counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def listed(names: Iterable[str]) -> str:
    """`a, b and c`, and how many more when there are too many to read."""
    known = list(names)
    more = len(known) - NAMES_SHOWN
    if more > 1:
        return f"{', '.join(known[:NAMES_SHOWN])} and {more} more"
    return " and ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))
