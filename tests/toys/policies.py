"""A toy view: the policy rules of a namespace, which say which routing table is asked first. One reader and one row."""

from __future__ import annotations

from explorer.network.model import Line, Observation
from explorer.network.read.text import Keys, bounded_lines
from explorer.network.views import ViewRow

NAME = "policies"
CAPTURE = "0:\tfrom all lookup local\n100:\tfrom 10.77.3.0/24 lookup lab\n32766:\tfrom all lookup main\n"  # of `ip rule`


def read_policies(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown = tuple(Line(text=line, key=keys.unique(f"policy:{line.partition(':')[0]}")) for line in lines)
    return Observation(command="ip rule", lines=shown, truncated=truncated)


ROW = ViewRow(
    reader=read_policies,
    command=("ip", "rule"),
    stale_after=("route",),
    name="policy rules",
    tab="Policies",
    lasts=True,
    owned=True,
)
