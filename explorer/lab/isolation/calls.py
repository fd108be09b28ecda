"""Attempts with system calls that count for the whole machine. It runs inside a sandbox: standard library only."""

from __future__ import annotations

import ctypes
import mmap
import platform
import socket
import time
from collections.abc import Callable

from explorer.lab.isolation.harness import LIBC, NOT_HERE, Refused, add, attempt, call, check, in_child

PROFILE = "seccomp"
BUFFER = ctypes.create_string_buffer(4096)
ZERO = ctypes.create_string_buffer(256)
NOW = (ctypes.c_long * 2)(int(time.time()), 0)

# name of the call, its arguments, the refusals. None of them would do harm if it were answered: nothing is rebooted, the clock
# is set to what it is, no code is loaded; a wrong argument is found only after the right to call was asked for.
CALLS: tuple[tuple[str, tuple[object, ...], tuple[str, ...]], ...] = (
    ("init_module", (ZERO, 0, ZERO), ("EPERM",)),
    ("finit_module", (0, ZERO, 0), ("EPERM",)),
    ("delete_module", (b"no_such_module", 0), ("EPERM",)),
    ("kexec_load", (0, 0, None, 0), ("EPERM",)),
    ("kexec_file_load", (0, 0, 0, None, 0), ("EPERM",)),
    ("reboot", (0xFEE1DEAD, 672274793, 0, None), ("EPERM",)),  # takes effect on Ctrl-Alt-Del only
    ("swapon", (b"/etc/hosts", 0), ("EPERM",)),
    ("swapoff", (b"/etc/hosts",), ("EPERM",)),
    ("acct", (None,), ("EPERM",)),
    ("quotactl", (0x800007 << 8, b"/dev/null", 0, ZERO), ("EPERM",)),
    ("quotactl_fd", (0, 0x800007 << 8, 0, ZERO), ("EPERM",)),
    ("syslog", (3, BUFFER, 4096), ("EPERM",)),
    ("vhangup", (), ("EPERM",)),
    ("settimeofday", (NOW, None), ("EPERM",)),
    ("clock_settime", (0, NOW), ("EPERM",)),
    ("adjtimex", (ZERO,), ("EPERM",)),
    ("clock_adjtime", (0, ZERO), ("EPERM",)),
    ("bpf", (0, ZERO, 72), ("EPERM",)),
    ("perf_event_open", (ZERO, 0, -1, -1, 0), ("EPERM",)),
    ("userfaultfd", (0,), ("EPERM",)),
    ("io_uring_setup", (1, ZERO), ("EPERM",)),
    ("io_uring_enter", (0, 0, 0, 0, None, 0), ("EPERM",)),
    ("io_uring_register", (0, 0, None, 0), ("EPERM",)),
    ("fanotify_init", (0, 0), ("EPERM",)),
    ("memfd_secret", (0,), ("EPERM",)),
    ("open_by_handle_at", (-100, ZERO, 0), ("EPERM",)),
    ("add_key", (b"user", b"x", b"x", 1, -3), NOT_HERE),
    ("request_key", (b"user", b"x", None, -3), NOT_HERE),
    ("keyctl", (1, b"x" * 3000), NOT_HERE),
    ("iopl", (3,), ("EPERM", *NOT_HERE)),
    ("ioperm", (0x80, 1, 1), ("EPERM", *NOT_HERE)),
    ("modify_ldt", (0, BUFFER, 64), ("EPERM", *NOT_HERE)),
    ("ustat", (0, BUFFER), ("EPERM", *NOT_HERE)),
    ("lookup_dcookie", (0, BUFFER, 64), ("EPERM", *NOT_HERE)),
    ("nfsservctl", (0, None, None), ("EPERM", *NOT_HERE)),
    ("move_pages", (0, 0, None, None, None, 0), ("EPERM",)),
    ("migrate_pages", (0, 0, None, None), ("EPERM",)),
    ("process_vm_writev", (1, None, 0, None, 0, 0), ("EPERM",)),
    ("kcmp", (1, 1, 0, 0, 0), ("EPERM",)),
)


def the_call(name: str, words: tuple[object, ...]) -> Callable[[], object]:
    return lambda: in_child(lambda: call(name, *words))


for _name, _words, _errors in CALLS:
    add(f"{_name}()", PROFILE, _errors, the_call(_name, _words))


def other_door(number: int) -> int:
    """A system call by the door of 32-bit programs (`int 0x80`), with all arguments 0. x86 only."""
    if platform.machine() != "x86_64":
        raise Refused("this processor has no such door")
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    # push rbx; mov eax, number; xor ebx, ebx; xor ecx, ecx; xor edx, edx; int 0x80; pop rbx; ret
    code.write(b"\x53\xb8" + number.to_bytes(4, "little") + b"\x31\xdb\x31\xc9\x31\xd2\xcd\x80\x5b\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    ctypes.set_errno(max(0, -answer))
    return check(-1 if answer < 0 else answer)


@attempt("keyctl() by the door of 32-bit programs", "seccomp: one architecture", "ENOSYS", "EPERM")
def thirty_two_bit() -> object:
    return in_child(lambda: other_door(288))


@attempt("socket(AF_ALG) by the door of 32-bit programs", "seccomp: one architecture", "ENOSYS", "EPERM")
def socketcall() -> object:
    return in_child(lambda: other_door(102))


@attempt("keyctl() by the door of x32 programs", "seccomp: one architecture", "ENOSYS", "EPERM")
def x32() -> object:
    if platform.machine() != "x86_64":
        raise Refused("this processor has no such door")
    return in_child(lambda: check(LIBC.syscall(ctypes.c_long(0x40000000 | 250), 1, 0)))


# --- sockets ---

OPEN = {1: "unix", 2: "IPv4", 10: "IPv6", 16: "netlink", 17: "packet"}
NAMES = {9: "X25", 15: "KEY", 21: "RDS", 26: "LLC", 29: "CAN", 30: "TIPC", 31: "Bluetooth", 33: "RXRPC", 38: "ALG"}
NAMES |= {40: "VSOCK", 44: "XDP"}
KINDS = (1, 2, 3, 4, 5, 6)
XFRM = 6


def each_kind(family: int) -> object:
    """A socket of this family, of any kind: the last refusal, or the first that there is."""
    last = OSError(0, "")
    for kind in KINDS:
        try:
            socket.socket(family, kind, 0).close()
        except OSError as error:
            last = error
        else:
            return f"a socket of kind {kind}"
    raise last


for _family in range(47):
    if _family not in OPEN:
        _title = f"socket of family {_family} {NAMES.get(_family, '')}".rstrip()
        add(_title, "seccomp: socket, by family", ("EAFNOSUPPORT",), lambda family=_family: each_kind(family))  # type: ignore[misc]


@attempt("socket of a family with a high bit set", "seccomp: socket, by family", "EAFNOSUPPORT")
def high_bit() -> object:
    return in_child(lambda: call("socket", 0x1_0000_0026, 5, 0))


@attempt("netlink socket of IPsec", "seccomp: socket, by protocol", "EPROTONOSUPPORT")
def xfrm() -> object:
    return socket.socket(16, 3, XFRM).fileno()
