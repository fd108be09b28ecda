"""The compiled program: where `setup/bpf.sh` puts it. The file's name holds the digest of its source, so a program that was
compiled from another source is never loaded."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

SOURCE = Path(__file__).with_name("dropped.bpf.c")
DIRECTORY = Path(__file__).resolve().parents[3] / "var" / "bpf"


def compiled() -> Path:
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    return DIRECTORY / f"dropped-{digest}.o"


if __name__ == "__main__":
    sys.stdout.write(f"{SOURCE}\n{compiled()}\n")
