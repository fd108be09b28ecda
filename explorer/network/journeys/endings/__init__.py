"""Where a packet ended and why, each with its evidence.

`end_of` asks one kind of ending after the other, from the strongest evidence to the weakest: its answer, who took in a frame
for many, the rule that stopped it, the kernel's drop reason, an ICMP error about it, the sender's own kernel, the neighbour
that did not answer, the last place that saw it. An ending that has no evidence returns None. When none is left, the end is
not known, and the sentence says what was seen last.

A new kind of ending is a function `(Case) -> End | None` in `ORDER`. What is said beside every end is a function
`(Case, End) -> End` in `BESIDE`: which tracked connection led the packet, who else has the MAC address, which connection
followed, which name was asked.
"""

from __future__ import annotations

from collections.abc import Callable

from explorer.network.journeys.endings import (
    answered,
    doubled,
    dropped,
    everybody,
    local,
    names,
    onward,
    proxied,
    refused,
    ruled,
    tracked,
    unsent,
)
from explorer.network.journeys.endings.case import Case, End

ORDER: tuple[Callable[[Case], End | None], ...] = (
    answered.by_answer,
    everybody.for_everybody,
    ruled.by_rule,
    refused.by_reset,
    dropped.by_kernel,
    refused.by_icmp,
    unsent.never_sent,
    onward.no_neighbour,
    local.for_this_place,
    onward.no_route,
    onward.left,
)
BESIDE: tuple[Callable[[Case, End], End], ...] = (
    tracked.with_tracking,
    doubled.with_same_mac,
    proxied.with_second,
    names.with_names,
)


def end_of(case: Case) -> End:
    end = next((end for ending in ORDER if (end := ending(case))), None) or onward.not_known(case)
    for said in BESIDE:
        end = said(case, end)
    return end


__all__ = ["Case", "End", "end_of"]
