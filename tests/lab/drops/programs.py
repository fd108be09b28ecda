"""Which BPF programs the kernel holds, whoever loaded them."""

from __future__ import annotations

import ctypes
import os

INFO, NAME = 256, 64  # bytes of struct bpf_prog_info that are read, and where the program's name is, <linux/bpf.h>


def count(entry: str) -> int:
    """How many programs have this name."""
    library, number, found = ctypes.CDLL("libbpf.so.1"), ctypes.c_uint32(0), 0
    while not library.bpf_prog_get_next_id(number, ctypes.byref(number)):
        descriptor = library.bpf_prog_get_fd_by_id(number)
        if descriptor < 0:
            continue
        told, size = (ctypes.c_char * INFO)(), ctypes.c_uint32(INFO)
        if not library.bpf_obj_get_info_by_fd(descriptor, told, ctypes.byref(size)):
            found += told.raw[NAME : NAME + 16].partition(b"\0")[0] == entry.encode()
        os.close(descriptor)
    return found
