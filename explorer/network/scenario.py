"""What a sandbox begins with, as data: hosts, machines, networks, containers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

ENGINES = ("26", "28")  # major versions of Docker Engine a learner's hosts can have
DEFAULT_ENGINE = "26"


class Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StartNetwork(Data):
    """A Docker network made on a host before the learner arrives."""

    host: str
    name: str
    driver: str = "bridge"
    options: tuple[str, ...] = ()  # further words for `docker network create`


class StartContainer(Data):
    """A container started on a host before the learner arrives."""

    host: str
    name: str
    network: str = "bridge"
    publish: tuple[str, ...] = ()  # as for `docker run -p`
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = ()  # empty: the image's own (a small web server)


class Scenario(Data):
    name: str
    summary: str
    hosts: tuple[str, ...] = Field(default=("h1",), min_length=1, max_length=3)
    machines: tuple[str, ...] = ("outside",)
    networks: tuple[StartNetwork, ...] = ()
    containers: tuple[StartContainer, ...] = ()


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(name="one-host", summary="One Docker host and a machine outside it."),
        Scenario(name="two-hosts", summary="Two Docker hosts on one LAN, and a machine outside them.", hosts=("h1", "h2")),
        Scenario(
            name="three-hosts",
            summary="Three Docker hosts on one LAN, and a machine outside them.",
            hosts=("h1", "h2", "h3"),
        ),
    )
}
