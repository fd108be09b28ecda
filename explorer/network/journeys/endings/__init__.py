"""Where a packet ended and why, each with its evidence.

`end_of` asks one kind of ending after the other, from the strongest evidence to the weakest: its answer, the rule that
stopped it, the kernel's drop reason, an ICMP error about it, the sender's own kernel, the neighbour that did not answer, the
last place that saw it. An ending that has no evidence returns None. When none is left, the end is not known, and the sentence
says what was seen last.

A new kind of ending is a function `(Case) -> End | None` in `ORDER`.
"""

from __future__ import annotations

from collections.abc import Callable

from explorer.network.journeys.endings import answered, dropped, local, onward, refused, ruled, unsent
from explorer.network.journeys.endings.case import Case, End

ORDER: tuple[Callable[[Case], End | None], ...] = (
    answered.by_answer,
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


def end_of(case: Case) -> End:
    return next((end for ending in ORDER if (end := ending(case))), None) or onward.not_known(case)


__all__ = ["Case", "End", "end_of"]
