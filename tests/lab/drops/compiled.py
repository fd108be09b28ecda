"""Compiles the program of `lab.drops` when set-up has not done it in this tree yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]


def compiled() -> None:
    subprocess.run([TOP / "setup" / "bpf.sh"], check=True, capture_output=True)
