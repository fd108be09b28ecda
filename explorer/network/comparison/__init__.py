"""The same work on several variants of a network, measured: what is compared, what came out, and why it differs. Pure."""

from explorer.network.comparison.model import (
    Cell,
    Column,
    Comparison,
    Evidence,
    Figures,
    Mark,
    State,
    Versions,
)
from explorer.network.comparison.rows import ROWS, ROWS_BY_KEY, Row
from explorer.network.comparison.variants import SETS, VARIANTS, NoVariant, Ready, Variant, find_variant, find_variants

__all__ = [
    "ROWS",
    "ROWS_BY_KEY",
    "SETS",
    "VARIANTS",
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
    "find_variant",
    "find_variants",
]
