"""How sentences name Docker's networks and published ports."""

from __future__ import annotations

from explorer.network.model import DockerNetwork, PublishedPort

ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - how a daemon writes "every address of the host"


def title(network: DockerNetwork) -> str:
    """The network's title, such as `network bridge (172.17.0.0/16)`."""
    return f"network {network.name}" + (f" ({', '.join(network.subnets[:2])})" if network.subnets else "")


def spec(published: PublishedPort) -> str:
    """The published port as the argument of `docker run -p`."""
    address = "" if published.host_address in ANY_ADDRESS else f"{published.host_address}:"
    protocol = "" if published.protocol == "tcp" else f"/{published.protocol}"
    return f"{address}{published.host_port}:{published.container_port}{protocol}"
