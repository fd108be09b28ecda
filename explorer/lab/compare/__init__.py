"""Does and measures the work of one column of a comparison, on a sandbox of its own.

`column.run_column` goes through the phases: look at the host (`eye`), make the network and the containers (`make`), ask in
every place (`ask`, through `batch`), look again, follow a request, and measure (`measuring`). `lacking` says beforehand what
this node cannot do. Every result is reported as soon as it is known.

A column measures when no column works on the node (`turns`, file locks that all processes of the node share), but waits only
for a limited time; a note then says that the machine was busy. Round trips of all columns come before the throughput of any.
`network.comparison` reads the answers and compares the columns.
"""

from explorer.lab.compare.column import run_column
from explorer.lab.compare.lacking import lacking
from explorer.lab.compare.turns import at_work

__all__ = ["at_work", "lacking", "run_column"]
