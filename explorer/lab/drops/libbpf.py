"""The few functions of libbpf that load a program, attach it and read its ring buffer, by ctypes.

libbpf comes with Debian's iproute2. Its calls block for some milliseconds and release the interpreter's lock, so the caller
uses a thread for `Program.load`.
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

LIBRARY = "libbpf.so.1"
ENUM = 6  # BTF_KIND_ENUM, <linux/btf.h>
BTF_TYPE = struct.Struct("=III")  # struct btf_type: name, info, size
BTF_ENUM = struct.Struct("=Ii")  # struct btf_enum: name, value
SAMPLE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
ENOUGH = 256  # events that are taken at once
DRAINS = 16  # times ENOUGH is more than a ring buffer holds
STOP = -1  # what a sample's callback returns to be called no more for now


class Refused(Exception):
    """The program cannot run here; `str()` says why in a few words."""


@functools.cache
def _library() -> ctypes.CDLL:
    """Raises Refused."""
    try:
        library = ctypes.CDLL(LIBRARY, use_errno=True)
    except OSError:
        raise Refused(f"{LIBRARY} is not installed") from None
    handles = ("bpf_object__open_file", "bpf_object__find_program_by_name", "bpf_program__attach")
    for name in (*handles, "ring_buffer__new", "btf__load_vmlinux_btf", "btf__type_by_id"):
        getattr(library, name).restype = ctypes.c_void_p
    library.btf__name_by_offset.restype = ctypes.c_char_p
    library.libbpf_set_print(None)  # it would print to our standard error
    return library


def _pointer(value: int | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(value)


def _nothing(_event: bytes) -> None:
    """Hears events while nobody wants them."""


class Program:
    """A loaded program. It runs between `attach` and `detach`; the kernel also ends it when this process ends."""

    def __init__(self) -> None:
        self._library = _library()
        self._object: int | None = None
        self._link: int | None = None
        self._ring: int | None = None
        self._keys: list[int] = []
        self._sample: Callable[[bytes], None] = _nothing
        self._left = 0
        self._callback = SAMPLE(self._called)  # ctypes needs it as long as the ring exists

    @classmethod
    def load(cls, file: Path, events: str) -> Program:
        """Loads the file. Raises Refused."""
        if not file.is_file():
            raise Refused("the program is not compiled here: run `make setup`")
        made = cls()
        try:
            made._open(file)
            made._ring = made._library.ring_buffer__new(made._map(events), made._callback, None, None)
            if not made._ring:
                raise Refused(f"the kernel gives no ring buffer ({_errno()})")
        except BaseException:
            made.close()
            raise
        return made

    def _open(self, file: Path) -> None:
        self._object = self._library.bpf_object__open_file(os.fsencode(file), None)
        if not self._object:
            raise Refused(f"libbpf cannot read the program ({_errno()})")
        status = self._library.bpf_object__load(_pointer(self._object))
        if status:
            raise Refused(f"the kernel does not load the program ({os.strerror(-status)})")

    def _map(self, name: str) -> int:
        return int(self._library.bpf_object__find_map_fd_by_name(_pointer(self._object), name.encode()))

    def _called(self, _context: int, data: int, size: int) -> int:
        self._sample(ctypes.string_at(data, size))
        self._left -= 1
        return 0 if self._left > 0 else STOP

    def attach(self, entry: str, sample: Callable[[bytes], None], keys: Iterable[int]) -> None:
        """Runs from now on for these keys of its map `places`, and for no others. Raises Refused."""
        places = self._map("places")
        for key in keys:
            number = ctypes.c_uint32(key)
            if self._library.bpf_map_update_elem(places, ctypes.byref(number), ctypes.byref(number), ctypes.c_uint64(0)):
                raise Refused(f"the kernel takes no more namespaces ({_errno()})")
            self._keys.append(key)
        zero, none = ctypes.c_uint32(0), ctypes.c_uint64(0)
        self._library.bpf_map_update_elem(self._map("lost"), ctypes.byref(zero), ctypes.byref(none), ctypes.c_uint64(0))
        self._sample = sample
        program = self._library.bpf_object__find_program_by_name(_pointer(self._object), entry.encode())
        self._link = self._library.bpf_program__attach(_pointer(program))
        if not self._link:
            raise Refused(f"the kernel does not attach the program ({_errno()})")

    def detach(self) -> None:
        """Stops it, and forgets its keys and what waits."""
        link, self._link = self._link, None
        if link:
            self._library.bpf_link__destroy(_pointer(link))
        places, keys = self._map("places"), self._keys
        self._keys, self._sample = [], _nothing
        for key in keys:
            self._library.bpf_map_delete_elem(places, ctypes.byref(ctypes.c_uint32(key)))
        for _ in range(DRAINS):
            self.take()

    def fileno(self) -> int:
        """A descriptor that is readable when there are events."""
        return int(self._library.ring_buffer__epoll_fd(_pointer(self._ring)))

    def take(self) -> None:
        """Calls `sample` for events that wait, at most ENOUGH of them."""
        self._left = ENOUGH
        self._library.ring_buffer__consume(_pointer(self._ring))

    def lost(self) -> int:
        """The number of events that found no room."""
        first, count = ctypes.c_uint32(0), ctypes.c_uint64(0)
        self._library.bpf_map_lookup_elem(self._map("lost"), ctypes.byref(first), ctypes.byref(count))
        return count.value

    def close(self) -> None:
        """Detaches the program first; it may be called twice."""
        for name, function in (
            ("_link", self._library.bpf_link__destroy),
            ("_ring", self._library.ring_buffer__free),
            ("_object", self._library.bpf_object__close),
        ):
            if held := getattr(self, name):
                setattr(self, name, None)
                function(_pointer(held))


def enumeration(name: str) -> dict[int, str]:
    """Value → name, of an enumeration of the running kernel. Raises Refused."""
    library = _library()
    types = library.btf__load_vmlinux_btf()
    if not types:
        raise Refused("the kernel does not describe its types (no BTF)")
    try:
        number = library.btf__find_by_name_kind(_pointer(types), name.encode(), ENUM)
        if number < 0:
            raise Refused(f"the kernel has no {name}")
        return dict(_members(library, types, library.btf__type_by_id(_pointer(types), number)))
    finally:
        library.btf__free(_pointer(types))


def _members(library: ctypes.CDLL, types: int, at: int) -> Iterable[tuple[int, str]]:
    _name, info, _size = BTF_TYPE.unpack(ctypes.string_at(at, BTF_TYPE.size))
    for number in range(info & 0xFFFF):
        told = ctypes.string_at(at + BTF_TYPE.size + number * BTF_ENUM.size, BTF_ENUM.size)
        name, value = BTF_ENUM.unpack(told)
        yield value, (library.btf__name_by_offset(_pointer(types), name) or b"").decode("ascii", "replace")


def _errno() -> str:
    return os.strerror(ctypes.get_errno()) if ctypes.get_errno() else "it says nothing more"
