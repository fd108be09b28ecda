"""The result of one comparison: a column for each variant, and in it a cell for each question with the evidence that the cell
was read from.

`mark` and `word` of a cell are its behaviour: they are the same whenever the same work is done again. What may differ from
run to run (addresses, names, times, rates) is in `value`, `number` and `figures`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from explorer.network.added import Added
from explorer.network.drivers.compared import Cell, Figures, Transcript, Variant
from explorer.network.engines import PODMAN
from explorer.network.journeys import Journeys
from explorer.network.model import Fact, Observation, Snapshot, View

State = Literal["waiting", "running", "done", "failed", "lacks"]
CELLS = 40
LINES, LINE = 400, 400  # of one view before or after: how many lines, how long each


class Column(Fact):
    """The results of one variant so far. `phase` is a part of a sentence, such as "making the network". When `state` is
    failed or lacks, `error` is one sentence, `failed_at` the phase, and `failure` the command that did not work, if it was a
    command.

    `before` and `after` are the host's views (interfaces, routes, nat, filter, raw, fdb), bounded. `added` is what the
    network and the two containers added. `snapshot` is the snapshot of all places at the end, for a map. `seconds` are by
    phase; `up` among them is the time until network and containers were there. `memory` is in MiB: the memory that network
    and containers took.
    """

    variant: Variant
    state: State = "waiting"
    phase: str = ""
    error: str = ""
    failed_at: str = ""
    failure: Transcript | None = None
    engine: str = ""  # the full version of Docker Engine or Podman, as the host reports it
    commands: tuple[Transcript, ...] = Field(default=(), max_length=24)  # the commands that made it, in order
    cells: tuple[Cell, ...] = Field(default=(), max_length=CELLS)
    before: dict[View, Observation] = Field(default_factory=dict)
    after: dict[View, Observation] = Field(default_factory=dict)
    added: tuple[Added, ...] = ()
    snapshot: Snapshot | None = None
    journeys: dict[str, Journeys] = Field(default_factory=dict)  # by the id of the journey: see rows.WAYS
    noise: Figures | None = None  # round trips over loopback on this node at the same time
    notes: tuple[str, ...] = ()  # for example, that the machine was busy while it was measured
    seconds: dict[str, float] = Field(default_factory=dict)
    memory: float | None = None
    sandbox: str = ""
    at: float = 0.0

    @property
    def engine_words(self) -> str:
        """`Engine 26.1.5` or `Podman 5.8.6`."""
        return f"{'Podman' if self.variant.engine == PODMAN else 'Engine'} {self.engine}"

    def cell(self, row: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.row == row), None)

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "lacks")


class Versions(Fact):
    product: str = ""
    kernel: str = ""
    engines: dict[str, str] = Field(default_factory=dict)  # variant id → full version


class Comparison(Fact):
    """All columns. `made_at` is Unix time. `noise` is the machine's own: its loopback, over all columns."""

    id: str
    made_at: float = 0.0
    versions: Versions = Versions()
    noise: Figures | None = None
    columns: tuple[Column, ...] = ()
