"""Questions about what the host's daemon names: containers, networks, published ports."""

from __future__ import annotations

from explorer.lessons.predicates.words import BUILT_IN, Who, is_loopback, on_network
from explorer.network.world import World, like


def container_running(
    world: World, *, name: str = "*", image: str = "", network: str = "", host: Who = "*", count: int = 1
) -> bool:
    """At least `count` containers that fit are running."""
    fitting = (
        container
        for container in world.running(host, name)
        if (like(container.image, image) or like(container.image, f"{image}:*")) and on_network(container, network)
    )
    return sum(1 for _ in fitting) >= count


def container_stopped(world: World, *, name: str = "*", host: Who = "*") -> bool:
    """A container that fits exists and is not running."""
    return any(container.state in {"created", "exited", "dead"} for container in world.containers(host, name))


def network_exists(
    world: World, *, name: str = "*", driver: str = "", user_defined: bool = False, host: Who = "*", count: int = 1
) -> bool:
    """At least `count` networks fit. `user_defined` excludes the three networks that always exist."""
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
    """Two running containers that fit share a network."""
    for one in world.running(host, first):
        mine = {endpoint.network for endpoint in one.endpoints}
        for other in world.running(host, second):
            if other.id != one.id and mine & {endpoint.network for endpoint in other.endpoints}:
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


QUESTIONS = (container_running, container_stopped, network_exists, attached, together, port_published)
