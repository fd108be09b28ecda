"""What a host runs its containers with: Docker Engine or Podman, and how each is asked and told.

Which of the two a host has is written on the host's container by the node (`LABEL`), where nobody in the host can change it.
Podman is asked over its API and not by `podman … --format json`: an answer over a socket is bounded in size and time like that
of a Docker daemon, it costs no process of 40 MB in the host, and only the API tells of events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from explorer.network.model import DockerState, EngineKind
from explorer.network.read import read_docker, read_podman
from explorer.network.read.podman import as_dockers

LABEL = "explorer.engine"
_FILTERS = "filters=%7B%22type%22%3A%5B%22container%22%2C%22network%22%5D%7D"
_LIBPOD = "/v4.0.0/libpod"  # the oldest version of Podman's own API that Podman 4 and 5 speak


@dataclass(frozen=True, slots=True)
class HostEngine:
    """`program` is its command line, `socket` the path of its API below the host's root. `questions` are asked one after the
    other; `read` gets the host's name and the answers, decoded. `event` gives an event the words of Docker's."""

    kind: EngineKind
    title: str
    program: str
    socket: str
    questions: tuple[str, ...]
    read: Callable[..., DockerState]
    event: Callable[[Any], Any]
    events: str = f"/events?{_FILTERS}"


DOCKER = HostEngine(
    kind="docker",
    title="Docker daemon",
    program="docker",
    socket="run/docker.sock",
    questions=("/version", "/networks", "/containers/json?all=1"),
    read=read_docker,
    event=lambda event: event,
)
PODMAN = HostEngine(
    kind="podman",
    title="API of Podman",
    program="podman",
    socket="run/podman/podman.sock",
    questions=(
        "/version",
        f"{_LIBPOD}/networks/json",
        "/containers/json?all=1",
        f"{_LIBPOD}/containers/json?all=true",
    ),
    read=read_podman,
    event=as_dockers,
    events=f"/events?stream=true&{_FILTERS}",
)


def named(engine: str) -> HostEngine:
    """The engine of hosts that were opened with this word: a version of Docker Engine, or `podman`."""
    return PODMAN if engine == PODMAN.kind else DOCKER


def engine_of(labels: Mapping[str, Any] | None) -> HostEngine:
    """The engine of a host whose container on the node's engine has these labels."""
    return PODMAN if (labels or {}).get(LABEL) == PODMAN.kind else DOCKER
