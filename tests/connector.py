"""Whether the kernel tells root of programs: asked of the kernel itself, or a fault of ours would be a skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FIRST = {"pid": 0xEFFFFFFC, "user": 0xEFFFFFFD}  # inodes of the first namespaces, <linux/proc_ns.h>


def need_connector() -> None:
    told = Path("/proc/net/connector")  # in the machine's first network namespace only
    first = all(os.stat(f"/proc/self/ns/{kind}").st_ino == inode for kind, inode in FIRST.items())
    if not (first and told.exists() and "cn_proc" in told.read_text()):
        pytest.skip("kernel lacks a process connector that tells us")
    if os.geteuid() != 0:
        pytest.skip("needs root")
