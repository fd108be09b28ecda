"""Why a line is there: one sentence, and what the line belongs to.

`about` names owners, most specific first: `container:NAME`, `network:NAME`, `option:NAME` (one option of Docker's caused
it: publish, icc, internal, …), `daemon` (what an engine makes by itself), `kernel`, `lan`, `host` (the host's own, seen from
a container that shares its namespace), `not-docker`.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.network.model import DockerNetwork

DAEMON = "daemon"
KERNEL = "kernel"
LAN = "lan"
HOST = "host"
NOT_DOCKER = "not-docker"
PUBLISH, INTERNAL, ICC = "option:publish", "option:internal", "option:icc"


@dataclass(frozen=True)
class Why:
    text: str = ""
    about: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)


UNKNOWN = Why()


def container(name: str) -> str:
    return f"container:{name}"


def network(of: DockerNetwork | str) -> str:
    return f"network:{of if isinstance(of, str) else of.name}"


def of_network(of: DockerNetwork) -> tuple[str, ...]:
    """The owners of a thing a network put there; an engine makes its default network by itself, and one for swarms."""
    return (network(of), DAEMON) if of.name in ("bridge", "docker_gwbridge") else (network(of),)


def of_container(name: str, on: DockerNetwork | None = None) -> tuple[str, ...]:
    """The owners of a thing a container put there, for its place on one network."""
    return (container(name), network(on)) if on else (container(name),)
