"""What a comparison asks of a driver: a variant of its network, and the answer to one question about it.

The comparison itself (`network/comparison`) is built on these; they stand here because every driver's package has variants of
its own and words for its answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from explorer.network.drivers.registry import DRIVERS
from explorer.network.model import Fact
from explorer.network.scenario import DEFAULT_ENGINE

NETWORK = "town"  # what the network is called, where one is made
LAN_OPTIONS = ("--subnet", "lan", "--gateway", "lan.1", "--ip-range", "lan.192/27", "-o", "parent=eth0")
Mark = Literal["yes", "no", "partly", "value", "same", "lacks", "failed", "unknown"]
OUTPUT, COMMAND = 4096, 600  # characters kept of one command's output, and of the command
EVIDENCE = 8


def _list_drivers(schema: dict[str, Any]) -> None:
    schema["enum"] = [driver.name for driver in DRIVERS.values() if driver.variants]


class Variant(Fact):
    """One way to connect the two containers. `options` are further words for `docker network create`, where `lan` and `lan.1`
    stand for the sandbox's addresses (network.scenario.fill); `publish` is the host's address a port is published at, ""
    for all; `daemon` is added to the host's daemon.json, and its daemon started anew; `prepare` are shell lines for the host
    before anything else."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}(@\d{1,4})?$")
    title: str = Field(max_length=60)
    driver: str = Field(json_schema_extra=_list_drivers)
    engine: str = DEFAULT_ENGINE
    options: tuple[str, ...] = ()
    publish: str = ""
    daemon: dict[str, bool] = Field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    summary: str = Field(default="", max_length=200)

    @property
    def internal(self) -> bool:
        return "--internal" in self.options

    @property
    def in_host(self) -> bool:
        """Its containers have no network namespace of their own: they use the host's."""
        return DRIVERS[self.driver].in_host

    @property
    def spans_hosts(self) -> bool:
        """One network over two hosts of a swarm."""
        return DRIVERS[self.driver].spans_hosts

    @property
    def network(self) -> str:
        """What `docker run --network` is told."""
        return self.driver if DRIVERS[self.driver].predefined else NETWORK

    @property
    def plugin(self) -> str:
        """What `docker network create -d` is told; "" where no network is made."""
        driver = DRIVERS[self.driver]
        return "" if driver.predefined else driver.plugin or driver.docker

    @property
    def scenario(self) -> str:
        """The scenario its sandbox begins with."""
        return "two-hosts" if self.spans_hosts else "one-host"


class Evidence(Fact):
    """What a statement rests on. `command` can be typed at `where` (a place) as it stands; `status` is what it ended with, None
    when it did not end in time. `lines`: read from outside, a view of that place, with what came new. `try`: not run here;
    what was measured in another way can be seen with it too."""

    kind: Literal["command", "lines", "try"] = "command"
    where: str = Field(max_length=200)
    command: str = Field(max_length=COMMAND)
    status: int | None = None
    output: str = Field(default="", max_length=OUTPUT)
    cut: bool = False  # there was more output
    note: str = Field(default="", max_length=300)


class Figures(Fact):
    """Many samples of one thing. `rounds` are the medians of each round, `loopback` the same measurement, taken in turn with
    it, from a namespace to itself: what the machine was doing then. `p95` is None where samples are runs."""

    unit: Literal["µs", "Mbit/s"]
    median: float
    low: float
    high: float
    p95: float | None = None
    samples: int
    rounds: tuple[float, ...] = Field(default=(), max_length=40)
    loopback: tuple[float, ...] = Field(default=(), max_length=40)
    way: str = Field(default="", max_length=160)  # from where to where, e.g. "h1/client → h1/server"


class Cell(Fact):
    """One row's answer in one column. `mark` yes|no|partly, or `value` when the answer is no yes or no; `lacks`: this node
    cannot do it; `failed`: it was tried and came to nothing; `unknown`: it could not be told. `why`: this column's reason."""

    row: str
    mark: Mark
    word: str = Field(max_length=80)
    value: str = Field(default="", max_length=200)
    number: float | None = None
    unit: str = ""
    figures: Figures | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=EVIDENCE)
    why: str = Field(default="", max_length=400)


Clause = str | Callable[[Variant, Cell], str]
"""Why an answer is what it is, to stand after a column's name; "" where the answer is none that this clause explains."""
