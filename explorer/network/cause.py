"""What a line can belong to: the owners that `Line.about` names.

`about` names owners, the most specific first: `container:NAME`, `network:NAME` (both may belong to a Compose project: what a
project added is what its networks and containers added, see `network.projects`), `option:NAME` (an option of Docker caused the
line: publish, icc, internal and others), `daemon` (every Docker Engine makes it), `kernel`, `lan`, `host` (it is the host's
own and is seen from a container that shares the host's namespace), `not-docker`. A host with Podman has `netavark` (made with
the first container, for no network in particular) and `not-podman` in place of `daemon` and `not-docker`.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.network.model import DockerNetwork

DAEMON = "daemon"
KERNEL = "kernel"
LAN = "lan"
HOST = "host"
NOT_DOCKER = "not-docker"
NETAVARK, NOT_PODMAN = "netavark", "not-podman"  # on a host with Podman
PUBLISH, INTERNAL, ICC, MODE = "option:publish", "option:internal", "option:icc", "option:gateway-mode"


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


def project(name: str) -> str:
    return f"project:{name}"


def of_network(of: DockerNetwork) -> tuple[str, ...]:
    """The owners of a thing that a network added. Docker Engine itself makes its default network and docker_gwbridge, so for
    these networks the owner is `daemon` as well."""
    return (network(of), DAEMON) if of.name in ("bridge", "docker_gwbridge") else (network(of),)


def of_container(name: str, on: DockerNetwork | None = None) -> tuple[str, ...]:
    """The owners of a thing that a container added because it is attached to one network."""
    return (container(name), network(on)) if on else (container(name),)
