"""Which BPF programs a process holds, and which of them the kernel still has."""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress
from pathlib import Path

NUMBER = re.compile(r"^prog_id:\s+(\d+)$", re.MULTILINE)


def held(pid: int | str = "self") -> set[int]:
    """The kernel's numbers of the programs that the process has open."""
    found: set[int] = set()
    for file in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(OSError):
            found |= {int(number) for number in NUMBER.findall(file.read_text())}
    return found


def alive(numbers: set[int]) -> set[int]:
    """Those that the kernel still has."""
    library, found = ctypes.CDLL("libbpf.so.1"), set()
    for number in numbers:
        descriptor = library.bpf_prog_get_fd_by_id(ctypes.c_uint32(number))
        if descriptor >= 0:
            os.close(descriptor)
            found.add(number)
    return found
