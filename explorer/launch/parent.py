"""`make` between us and whoever stops us.

Ctrl-C at a terminal reaches make and us alike. A signal sent to make alone does not: for SIGINT it waits for us without a word
(the signal stays blocked in it meanwhile, which is how it can be told), and a killed make just vanishes.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def make_above() -> int:
    """The process id of the make that started us, or 0."""
    parent = os.getppid()
    try:
        name = Path(f"/proc/{parent}/comm").read_text().strip()
    except OSError:
        return 0
    return parent if name in {"make", "gmake"} else 0


def wants_us_to_stop(make: int) -> bool:
    if os.getppid() != make:
        return True
    try:
        lines = Path(f"/proc/{make}/status").read_text().splitlines()
    except OSError:
        return True
    blocked = next((int(line.split()[1], 16) for line in lines if line.startswith("SigBlk:")), 0)
    return bool(blocked & 1 << signal.SIGINT - 1)
