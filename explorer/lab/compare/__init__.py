"""The same work on every variant of a comparison, done and measured on sandboxes of their own."""

from explorer.lab.compare.column import run_column
from explorer.lab.compare.lacking import lacking
from explorer.lab.compare.turns import at_work

__all__ = ["at_work", "lacking", "run_column"]
