"""What belongs to which Compose project. The labels of networks and containers say so, and anybody on the host can set labels:
so the sentences name the labels as their source."""

from __future__ import annotations

from explorer.network import cause
from explorer.network.model import DockerContainer, DockerNetwork, DockerState

Thing = DockerNetwork | DockerContainer


def projects(docker: DockerState | None) -> dict[str, tuple[Thing, ...]]:
    """Project → its networks, then its containers."""
    found: dict[str, list[Thing]] = {}
    things: list[Thing] = [*docker.networks, *docker.containers] if docker else []
    for thing in things:
        if thing.project:
            found.setdefault(thing.project, []).append(thing)
    return {name: tuple(found[name]) for name in sorted(found)}


def summary(things: tuple[Thing, ...]) -> str:
    """For example "Compose project: 2 networks, 3 services, 4 containers"."""
    networks = sum(isinstance(thing, DockerNetwork) for thing in things)
    services = len({thing.service for thing in things if isinstance(thing, DockerContainer)})
    counted = ((networks, "network"), (services, "service"), (len(things) - networks, "container"))
    words = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count]
    return f"Compose project: {', '.join(words)}"


def part_of(thing: Thing) -> str:
    """For example "service web of project shop"; empty for what no project has."""
    if not thing.project:
        return ""
    part = f"network {thing.in_project}" if isinstance(thing, DockerNetwork) else f"service {thing.service}"
    return f"{part} of project {thing.project}"


def sentences(docker: DockerState | None) -> dict[str, str]:
    """Owner (in the form of `network.cause`) → the sentence that says to which project it belongs."""
    told = {}
    for things in projects(docker).values():
        for thing in things:
            owner = cause.network(thing) if isinstance(thing, DockerNetwork) else cause.container(thing.name)
            told[owner] = f"By its labels, {thing.name} is {part_of(thing)}."
    return told
