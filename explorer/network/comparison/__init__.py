"""The same work on several variants of a network, measured: what is compared, what came out, and why it differs. Pure."""

from explorer.network.comparison.model import Column, Comparison, State, Versions
from explorer.network.comparison.rows import ROWS, ROWS_BY_KEY, Row
from explorer.network.comparison.variants import SETS, NoVariant, Ready, all_variants, find_variant, find_variants
from explorer.network.drivers.compared import Cell, Evidence, Figures, Mark, Variant

__all__ = [
    "ROWS",
    "ROWS_BY_KEY",
    "SETS",
    "Cell",
    "Column",
    "Comparison",
    "Evidence",
    "Figures",
    "Mark",
    "NoVariant",
    "Ready",
    "Row",
    "State",
    "Variant",
    "Versions",
    "all_variants",
    "find_variant",
    "find_variants",
]
