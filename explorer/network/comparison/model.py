"""What one comparison comes to: a column for each variant, a cell for each question, with the evidence it was read from.

`mark` and `word` of a cell are its behaviour: they are the same whenever the same work is done again. What may differ from run
to run (addresses, names, times, rates) stands in `value`, `number` and `figures`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from explorer.network.added import Added
from explorer.network.drivers.compared import Cell, Evidence, Figures, Variant
from explorer.network.journeys import Journeys
from explorer.network.model import Fact, Observation, Snapshot, View

State = Literal["waiting", "running", "done", "failed", "lacks"]
CELLS = 40
LINES, LINE = 400, 400  # of one view before or after: how many lines, how long each


class Column(Fact):
    """One variant's results, so far. `phase` is part of a sentence for people, "making the network"; `error` one sentence when
    `state` is failed or lacks; then `failed_at` is the phase and `failure` the command that did not work, if it was one.

    `before` and `after` are the host's views (interfaces, routes, nat, filter, raw, fdb), bounded; `added` what the network and
    the two containers put there. `snapshot` is that of all places at the end, for a map. `seconds` by phase; `up` among them is
    how long it took until network and containers were there. `memory` in MiB, added by them."""

    variant: Variant
    state: State = "waiting"
    phase: str = ""
    error: str = ""
    failed_at: str = ""
    failure: Evidence | None = None
    engine: str = ""  # the whole version of Docker Engine, as the host's daemon says it
    commands: tuple[Evidence, ...] = Field(default=(), max_length=24)  # what made it, in order
    cells: tuple[Cell, ...] = Field(default=(), max_length=CELLS)
    before: dict[View, Observation] = Field(default_factory=dict)
    after: dict[View, Observation] = Field(default_factory=dict)
    added: tuple[Added, ...] = ()
    snapshot: Snapshot | None = None
    journeys: dict[str, Journeys] = Field(default_factory=dict)  # by the id of the way: see rows.WAYS
    noise: Figures | None = None  # round trips over loopback on this node, meanwhile
    notes: tuple[str, ...] = ()  # e.g. that the machine was busy while it was measured
    seconds: dict[str, float] = Field(default_factory=dict)
    memory: float | None = None
    sandbox: str = ""
    at: float = 0.0

    def cell(self, row: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.row == row), None)

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "lacks")


class Versions(Fact):
    product: str = ""
    kernel: str = ""
    engines: dict[str, str] = Field(default_factory=dict)  # variant id → whole version


class Comparison(Fact):
    """`made_at` is Unix time. `noise` is the machine's own, over all columns."""

    id: str
    made_at: float = 0.0
    versions: Versions = Versions()
    noise: Figures | None = None
    columns: tuple[Column, ...] = ()
