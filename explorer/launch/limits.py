"""The limits of our own processes. The supervisor sets them for itself, and its children inherit them.

When memory runs out, the kernel ends a process of a learner before one of ours: hosts and machines have a score of +500
(`lab.hosts.machines`), our parts have a lower one. Our parts may open as many files as the kernel lets them: a shell's usual
1,024 are too few for connections that somebody holds open.
"""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

SCORE = Path("/proc/self/oom_score_adj")
OURS = -500
FILES = 65_536


def protect() -> int:
    """The score of this process now. A lower score needs CAP_SYS_RESOURCE; without it the score stays as it is."""
    with suppress(OSError):
        if int(SCORE.read_text()) > OURS:
            SCORE.write_text(f"{OURS}\n")
    return int(SCORE.read_text())


def open_files() -> int:
    """How many files this process may have open now: FILES, or as many as its hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
