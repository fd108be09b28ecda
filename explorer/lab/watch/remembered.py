"""What of a silent daemon's last words still stands: only what the kernel goes on showing."""

from __future__ import annotations

from collections.abc import Collection

from explorer.network.model import DockerState


def still_true(state: DockerState, running: Collection[str], links: Collection[str]) -> DockerState:
    """The same names without containers of which no process is left, and without networks whose bridge has gone.

    `running` are the ids of containers the kernel still has processes of, `links` the host's interfaces.
    """
    containers = tuple(one for one in state.containers if one.state != "running" or one.id in running)
    networks = tuple(one for one in state.networks if not one.bridge or one.bridge in links)
    return state.model_copy(update={"containers": containers, "networks": networks})
