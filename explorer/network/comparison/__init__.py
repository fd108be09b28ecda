"""Reads what came out when the same work was done on two to five variants of a network, and says why the variants differ.

- `variants`, `spec`: what can be compared, and what a link says. `rows`: the questions that every variant is asked.
- `read`, `host`: from the output of commands to cells. A cell is read from an answer and carries the answer as evidence.
- `reasons`, `why`: why a cell is what it is, and why a row differs. `standing`: which column was faster.
- `roles`, `aligned`: views of several columns side by side; names that differ by chance are replaced by what they are for.
- `export`, `schema`: Markdown, and the JSON schema in `docs/comparison.schema.json`.

`mark` and `word` of a cell are its behaviour and are the same on every run. `value`, `number` and `figures` may differ
between runs. `lab.compare` does the work and the measuring. A new variant is an entry in a driver's package
(`Driver.variants`), with its reasons there and its expected answers in `tests/network/comparison`.
"""

from explorer.network.comparison.model import Column, Comparison, State, Versions
from explorer.network.comparison.rows import ROWS, ROWS_BY_KEY, Row
from explorer.network.comparison.variants import NoVariant, Ready, all_variants, find_variant, find_variants, ready_sets
from explorer.network.drivers.compared import Cell, Figures, Mark, Transcript, Variant

__all__ = [
    "ROWS",
    "ROWS_BY_KEY",
    "Cell",
    "Column",
    "Comparison",
    "Figures",
    "Mark",
    "NoVariant",
    "Ready",
    "Row",
    "State",
    "Transcript",
    "Variant",
    "Versions",
    "all_variants",
    "find_variant",
    "find_variants",
    "ready_sets",
]
