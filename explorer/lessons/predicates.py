"""The named questions a lesson may ask of a snapshot.

Each is a function of the `World` and of arguments by name; an argument that is left out asks nothing. They ask about effects,
never about what was typed. A name or a place may hold `*`. Where both are there, the kernel is asked rather than the daemon.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from explorer.lessons.evidence import World, bare, like
from explorer.network.model import Connection, DockerContainer, Flow, Interface, Neighbour, Probe, Request, Route, Rule

Who = Annotated[str, "a place, an address, or either with *"]  # checked against the lesson's scenario when it is loaded
# names Docker gives to what is there before anybody made anything
BUILT_IN = ("bridge", "host", "none")
UNREACHED = ("FAILED", "INCOMPLETE", "")


def container_running(
    world: World, *, name: str = "*", image: str = "", network: str = "", host: Who = "*", count: int = 1
) -> bool:
    """At least `count` containers run that fit."""
    fitting = (
        container
        for container in world.running(host, name)
        if (like(container.image, image) or like(container.image, f"{image}:*")) and on_network(container, network)
    )
    return sum(1 for _ in fitting) >= count


def container_stopped(world: World, *, name: str = "*", host: Who = "*") -> bool:
    """A container that fits exists and does not run."""
    return any(container.state in {"created", "exited", "dead"} for container in world.containers(host, name))


def network_exists(
    world: World, *, name: str = "*", driver: str = "", user_defined: bool = False, host: Who = "*", count: int = 1
) -> bool:
    """At least `count` networks fit; `user_defined` leaves out the three that always exist."""
    fitting = (
        network
        for network in world.networks(host, name)
        if like(network.driver, driver) and not (user_defined and network.name in BUILT_IN)
    )
    return sum(1 for _ in fitting) >= count


def attached(
    world: World, *, container: str = "*", network: str = "", user_defined: bool = False, host: Who = "*", count: int = 1
) -> bool:
    """One running container is on at least `count` networks that fit."""
    for found in world.running(host, container):
        names = {endpoint.network for endpoint in found.endpoints if like(endpoint.network, network)}
        if user_defined:
            names -= set(BUILT_IN)
        if len(names) >= count:
            return True
    return False


def together(world: World, *, first: str, second: str, host: Who = "*") -> bool:
    """Two running containers that fit have a network in common."""
    for one in world.running(host, first):
        mine = {endpoint.network for endpoint in one.endpoints}
        for other in world.running(host, second):
            if other.id != one.id and mine & {endpoint.network for endpoint in other.endpoints}:
                return True
    return False


def own_namespace(world: World, *, place: Who) -> bool:
    """A place that fits was read and lives in a network namespace that it shares with no host."""
    hosts = {found.netns for found in world.snapshot.places.values() if found.kind == "host"}
    return any(
        found.netns and found.netns not in hosts and not found.shares and "interfaces" in found.views
        for found in world.places(place)
        if found.kind != "host"
    )


def shares_namespace(world: World, *, place: Who, of: Who) -> bool:
    """A place that fits lives in the namespace of `of`."""
    others = {found.netns for found in world.places(of) if found.netns}
    names = {found.id for found in world.places(of)}
    return any(found.id not in names and (found.shares in names or found.netns in others) for found in world.places(place))


def interface(
    world: World,
    *,
    place: Who,
    name: str = "",
    kind: str = "",
    master: str = "",
    state: str = "",
    peer: Who = "",
    address: Who = "",
    only: bool = False,
    count: int = 1,
) -> bool:
    """At least `count` interfaces of one place fit; with `only`, that place has no other."""
    for found in world.places(place):
        seen = list(world.seen(found, "interfaces", Interface))
        fitting = [
            one
            for one in seen
            if like(one.name, name)
            and like(one.kind, kind)
            and like(one.master, master)
            and like(one.state, state)
            and like(one.peer_place, peer)
            and (not address or any(world.belongs(held.cidr, address) for held in one.addresses))
        ]
        if len(fitting) >= count and not (only and len(fitting) < len(seen)):
            return True
    return False


def port_published(
    world: World, *, container: str = "*", host_port: int = 0, container_port: int = 0, reach: str = "", host: Who = "*"
) -> bool:
    """A running container publishes a port; `reach` is `everyone`, `loopback` or empty."""
    for found in world.running(host, container):
        for port in found.ports:
            if not port.host_port or (host_port and port.host_port != host_port):
                continue
            if container_port and port.container_port != container_port:
                continue
            if not reach or (reach == "loopback") == is_loopback(port.host_address):
                return True
    return False


def rule(
    world: World,
    *,
    place: Who = "h1",
    table: str = "",
    chain: str = "",
    target: str = "",
    protocol: str = "",
    source: Who = "",
    destination: Who = "",
    to: Who = "",
    in_interface: str = "",
    out_interface: str = "",
    destination_port: int = 0,
    counted: bool = False,
) -> bool:
    """A netfilter rule that fits; `counted` wants at least one packet to have met it. `to` is where a DNAT leads."""
    tables = [table] if table else ["nat", "filter"]
    for view in ("nat", "filter"):
        if view not in tables:
            continue
        for one in world.everywhere(place, view, Rule):
            if (
                like(one.chain, chain)
                and like(one.target, target)
                and like(one.protocol, protocol)
                and world.belongs(one.source, source)
                and world.belongs(one.destination, destination)
                and (not to or world.belongs(one.to_destination.rpartition(":")[0], to))
                and like(one.in_interface, in_interface)
                and like(one.out_interface, out_interface)
                and (not destination_port or one.destination_port == str(destination_port))
                and (not counted or bool(one.packets))
            ):
                return True
    return False


def connection(
    world: World,
    *,
    place: Who = "h1",
    protocol: str = "",
    source: Who = "",
    destination: Who = "",
    destination_port: int = 0,
    answered_by: Who = "",
    answered_to: Who = "",
    snat: bool | None = None,
    dnat: bool | None = None,
) -> bool:
    """A tracked connection that was answered. `answered_by` and `answered_to` are the ends of the answer."""
    return any(
        like(one.protocol, protocol)
        and "UNREPLIED" not in {flag.strip("[]") for flag in one.flags}
        and flows(world, one.original, source, destination, destination_port)
        and world.belongs(one.reply.source, answered_by)
        and world.belongs(one.reply.destination, answered_to)
        and (snat is None or one.snat == snat)
        and (dnat is None or one.dnat == dnat)
        for one in world.everywhere(place, "connections", Connection)
    )


def neighbour(world: World, *, place: Who, of: Who) -> bool:
    """`place` knows the hardware address of `of`: the two have spoken on one link."""
    return any(
        world.belongs(one.address, of) and one.mac and one.state not in UNREACHED
        for one in world.everywhere(place, "neighbours", Neighbour)
    )


def request_seen(
    world: World, *, machine: Who = "outside", source: Who = "", protocol: str = "", what: str = "", from_port: int = 0
) -> bool:
    """A LAN machine's own log has a request from `source`."""
    return any(
        like(one.protocol, protocol)
        and like(one.what, what)
        and world.belongs(one.source, source)
        and (not from_port or one.source_port == from_port)
        for one in world.everywhere(machine, "requests", Request)
    )


def route(world: World, *, place: Who, destination: str = "", via: Who = "", dev: str = "", only: bool = False) -> bool:
    """A route that fits; `via` may be a place. With `only`, there is no other."""
    for found in world.places(place):
        seen = list(world.seen(found, "routes", Route))
        fitting = [
            one for one in seen if like(one.destination, destination) and like(one.dev, dev) and world.belongs(one.via, via)
        ]
        if fitting and not (only and len(fitting) < len(seen)):
            return True
    return False


def gateway(world: World, *, place: Who, bridge: str, host: Who = "h1") -> bool:
    """The default route of `place` leads to the address of `bridge` on `host`."""
    held = {
        bare(address.cidr)
        for one in world.everywhere(host, "interfaces", Interface)
        if like(one.name, bridge)
        for address in one.addresses
    }
    return any(one.destination == "default" and one.via in held for one in world.everywhere(place, "routes", Route))


def probe(world: World, *, source: Who, target: Who, kind: str = "ping", port: int = 80, ok: bool, seen: Who = "") -> bool:
    """The machine tried it itself. Without an answer yet it is neither reached nor unreached. `seen`: whom the target saw."""
    result = world.snapshot.probes.get(asked(source, target, kind, port).key)
    return result is not None and result.ok == ok and (not seen or world.belongs(result.source_seen, seen))


def asked(source: str, target: str, kind: str = "ping", port: int = 80) -> Probe:
    return Probe.model_validate({"source": source, "target": target, "kind": kind, "port": port})


def on_network(container: DockerContainer, network: str) -> bool:
    if not network:
        return True
    return like(container.network_mode, network) or any(like(one.network, network) for one in container.endpoints)


def flows(world: World, flow: Flow, source: str, destination: str, port: int) -> bool:
    return (
        world.belongs(flow.source, source)
        and world.belongs(flow.destination, destination)
        and (not port or flow.destination_port == port)
    )


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
