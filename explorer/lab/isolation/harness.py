"""The frame of a program that attacks from inside a sandbox. It runs there and not on the node: standard library only.

An attempt is a function that does one forbidden thing. It got through when it returns; what it returns is what it got. It was
refused when it raises an OSError with one of the errors that the attempt names. Any other error is no refusal but an attempt
that was none (a file that is not there, a wrong argument): it counts as a failure, so that no attempt can rot into a success.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
SECONDS = 40  # for one attempt
TEXT = 200  # characters of what was seen
NOT_HERE = ("ENOSYS",)  # of calls that a kernel may have been built without


class Refused(Exception):
    """A refusal that is no error of a system call. Its text says what was seen."""


class NoAttempt(Exception):
    """The attempt could not be made, so nothing is known."""


@dataclass(frozen=True)
class Attempt:
    name: str
    held_by: str
    errors: tuple[str, ...]
    act: Callable[[], object]


ATTEMPTS: list[Attempt] = []


def attempt(name: str, held_by: str, *errors: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Registers an attempt; `errors` are the names of the errors that are a refusal."""

    def register(act: Callable[[], object]) -> Callable[[], object]:
        add(name, held_by, errors, act)
        return act

    return register


def add(name: str, held_by: str, errors: tuple[str, ...], act: Callable[[], object]) -> None:
    ATTEMPTS.append(Attempt(name, held_by, errors, act))


def check(result: int) -> int:
    """Raises what a C function said."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def call(name: str, *words: object) -> int:
    """One system call. Numbers go as 64 bits."""
    numbers = NUMBERS[name]
    number = numbers[0 if platform.machine() == "x86_64" else 1]
    if number < 0:
        raise OSError(errno.ENOSYS, "not on this processor")
    ctypes.set_errno(0)
    return check(
        LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(word) if isinstance(word, int) else word for word in words))
    )


def in_child(act: Callable[[], object]) -> str:
    """What `act` returned in a process of its own, for acts that end or change whoever does them."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.write(write, json.dumps(outcome_of(act)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        raise Refused(f"killed: {signal.Signals(os.WTERMSIG(status)).name}")
    kind, number, told = json.loads(text or '["none", 0, "it said nothing"]')
    if kind == "got":
        return str(told)
    if kind == "error":
        raise OSError(number, told)
    raise Refused(told) if kind == "refused" else NoAttempt(told)


def outcome_of(act: Callable[[], object]) -> tuple[str, int, str]:
    """(got, error, refused or none; number of the error; in words)."""
    try:
        return "got", 0, str(act())[:TEXT]
    except OSError as error:
        return "error", error.errno or 0, str(error.strerror or error)[:TEXT]
    except Refused as refused:
        return "refused", 0, str(refused)[:TEXT]
    except Exception as problem:
        return "none", 0, f"{type(problem).__name__}: {problem}"[:TEXT]


def goal() -> dict[str, Any]:
    """What the program's first argument says, which is JSON."""
    found: dict[str, Any] = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    return found


def verdict(one: Attempt) -> dict[str, object]:
    """One line of the answer: `held` says whether it was refused, `fair` whether it was an attempt at all. `also` in `goal` are
    errors that are a refusal of every attempt where the program runs: somebody with fewer rights is stopped sooner."""
    signal.alarm(SECONDS)
    kind, number, told = outcome_of(one.act)
    signal.alarm(0)
    word = errno.errorcode.get(number, str(number)) if kind == "error" else told
    held = kind == "refused" or (kind == "error" and word in (*one.errors, *goal().get("also", ())))
    seen = f"got through: {told}" if kind == "got" else word
    fair = held or kind == "got"
    return {
        "name": one.name,
        "held_by": one.held_by,
        "seen": seen if fair else f"no attempt: {word}",
        "held": held,
        "fair": fair,
    }


def _late(number: int, frame: object) -> None:
    raise NoAttempt(f"not over after {SECONDS} s")


def main() -> None:
    """Makes every attempt that is registered; one line of JSON for each."""
    signal.signal(signal.SIGALRM, _late)
    for one in ATTEMPTS:
        sys.stdout.write(json.dumps(verdict(one)) + "\n")
        sys.stdout.flush()


# name: (x86_64, aarch64); -1: there is none
NUMBERS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, -1),
    "iopl": (172, -1),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "mknodat": (259, 33),
    "modify_ldt": (154, -1),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "sched_setattr": (314, 274),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "socket": (41, 198),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "ustat": (136, -1),
    "vhangup": (153, 58),
}
