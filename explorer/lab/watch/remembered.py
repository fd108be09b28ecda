"""Which of a silent daemon's last names still stand: only those that the kernel supports."""

from __future__ import annotations

from collections.abc import Collection

from explorer.network.model import DockerState


def still_true(state: DockerState, running: Collection[str], links: Collection[str]) -> DockerState:
    """The state without containers that have no process and without networks whose bridge is gone.

    `running` are the ids of containers that have a process, `links` the names of the host's interfaces.
    """
    containers = tuple(one for one in state.containers if one.state != "running" or one.id in running)
    networks = tuple(one for one in state.networks if not one.bridge or one.bridge in links)
    return state.model_copy(update={"containers": containers, "networks": networks})
