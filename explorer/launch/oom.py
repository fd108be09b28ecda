"""When memory runs out, the kernel ends a process of a learner before one of ours: hosts and machines have a score of +500
(`lab.hosts.machines`), our parts have this one. The supervisor sets it for itself, and its children inherit it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SCORE = Path("/proc/self/oom_score_adj")
OURS = -500


def protect() -> int:
    """The score of this process now. A lower score needs CAP_SYS_RESOURCE; without it the score stays as it is."""
    with suppress(OSError):
        if int(SCORE.read_text()) > OURS:
            SCORE.write_text(f"{OURS}\n")
    return int(SCORE.read_text())
