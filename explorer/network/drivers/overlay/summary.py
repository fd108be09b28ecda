"""The closing card of driver overlay: the networks that span the hosts, the tunnels, which container is on which host, the
way out."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.network.drivers.summary import Fact, counted, interfaces, listed, rules
from explorer.network.model import DockerNetwork, FdbEntry, Frame, Place
from explorer.network.world import World


def facts(world: World, host: Place) -> Iterator[Fact]:
    networks = [one for one in world.networks(host.id) if one.driver == "overlay"]
    if not networks:
        return
    inside = [place for place in world.places(f"{host.id}/*") if place.kind == "namespace"]
    yield f"Networks on {host.id}", listed(spanning(world, host, one) for one in networks)
    yield "Tunnels", listed(tunnel for place in inside for tunnel in tunnels(world, place))
    yield "Who lives elsewhere", elsewhere(world, inside)
    yield "Seen on the LAN", seen(world, host)
    yield "The way out", way_out(world, host)


def spanning(world: World, host: Place, network: DockerNetwork) -> str:
    others = [name for name, state in world.snapshot.docker.items() if any(one.id == network.id for one in state.networks)]
    also = [name for name in others if name != host.id]
    return f"{network.name} ({', '.join(network.subnets[:2])}{', shared with ' * bool(also)}{listed(also)})"


def tunnels(world: World, place: Place) -> Iterator[str]:
    for one in interfaces(world, place):
        if one.kind == "vxlan":
            yield f"{one.name} in {place.name}, VXLAN {dict(one.detail).get('id', '?')}, MTU {one.mtu}"


def elsewhere(world: World, inside: list[Place]) -> str:
    entries = [one for place in inside for one in world.seen(place, "fdb", FdbEntry) if one.destination]
    if not entries:
        return ""
    to = listed(sorted({one.destination for one in entries}))
    return f"{counted(len(entries), 'MAC address', 'MAC addresses')}, each with the host to send to: {to}"


def seen(world: World, host: Place) -> str:
    frames = list(world.seen(host, "frames", Frame))
    carried = [one for one in frames if one.inner_length]
    if not carried:
        return ""
    around = carried[0].length - carried[0].inner_length
    return (
        f"of the newest {counted(len(frames), 'frame', 'frames')}, each carried another one; the wrapping took {around} bytes"
    )


def way_out(world: World, host: Place) -> str:
    bridges = [one for one in interfaces(world, host) if one.name == "docker_gwbridge"]
    if not bridges:
        return ""
    address = next((held.cidr for held in bridges[0].addresses if held.family == "inet"), "no address")
    found = [one for one in rules(world, host, "nat", "MASQUERADE") if one.out_interface == "!docker_gwbridge"]
    sent = counted(sum(one.packets or 0 for one in found), "connection", "connections")
    return f"docker_gwbridge ({address}), {sent} sent out with the host's address"
