"""Notices that the `make` that started this process is being stopped.

Ctrl-C at a terminal reaches make and this process. A signal to make alone does not reach this process: after SIGINT, make
waits for this process without any message. Meanwhile the signal stays blocked in make, and that can be seen in /proc. A
killed make is gone, and this process then has another parent.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def make_above() -> int:
    """The process id of the make that started this process, or 0."""
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
