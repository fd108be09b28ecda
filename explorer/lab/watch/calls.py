"""Follows the journal of a third-party driver on a host from outside: the newest calls, bounded, as the view "calls".

Several times per second its size and time are looked at, which costs two system calls where no driver ever ran. When they
differ, the end of the journal is read again, at a bounded rate, because the learner can write to the journal.
"""

from __future__ import annotations

from collections.abc import Callable

from explorer.lab.inside.inner import read_end_below, stat_below
from explorer.lab.inside.pace import Pace
from explorer.network.model import Call, Observation
from explorer.network.read.calls import brief, read_calls

JOURNAL = "run/lab-driver/calls.jsonl"
END_BYTES = 96 * 1024
TOLD_AT_ONCE = 12  # calls of one reading that the timeline shows
Mark = tuple[int, int, int]
Tell = Callable[[str, str], None]


class Calls:
    """`seen` is the view as it was read last, None while there was no journal. `tell` is called with (sentence, detail)."""

    def __init__(self, pid: int, tell: Tell) -> None:
        self.seen: Observation | None = None
        self._pid, self._tell = pid, tell
        self._mark: Mark | None = None
        self._pace = Pace(20, 2.0)
        self._known: dict[str, bool] = {}  # key → whether its answer was reported
        self._begun = False

    def glance(self) -> bool:
        """Reads the journal if it differs. True when the view has changed."""
        mark = self._look()
        quietly, self._begun = not self._begun, True  # calls from before the watching are not reported
        if mark == self._mark or not self._pace.allows():
            return False
        self._mark = mark
        text = read_end_below(self._pid, JOURNAL, END_BYTES) if mark else ""
        whole = text if mark and mark[1] <= END_BYTES else text.partition("\n")[2]  # the first line may be incomplete
        before, self.seen = self.seen, read_calls(whole)
        self._report(quietly)
        return before != self.seen

    def _look(self) -> Mark | None:
        found = stat_below(self._pid, JOURNAL)
        return (found.st_ino, found.st_size, found.st_mtime_ns) if found else None

    def _report(self, quietly: bool) -> None:
        calls = [item for item in self.seen.items if isinstance(item, Call)] if self.seen else []
        news = [call for call in calls if self._known.get(call.key) is not (call.seconds is not None)]
        if not quietly:
            for call in news[:TOLD_AT_ONCE]:
                self._tell(*_sentence(call))
            if len(news) > TOLD_AT_ONCE:
                self._tell(f"and {len(news) - TOLD_AT_ONCE} more calls of a driver", "")
        self._known = {call.key: call.seconds is not None for call in calls}


def _sentence(call: Call) -> tuple[str, str]:
    if call.seconds is None:
        return f"Docker asked {call.driver}: {call.method}", call.what
    verb = "refused" if call.error else "answered"
    return f"{call.driver} {verb} {call.method}: {brief(call)}", call.what
