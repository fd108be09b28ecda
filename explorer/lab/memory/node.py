"""How much memory the kernel of this machine uses without charging anybody, and how much is left."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
PROC = Path("/proc")
FILE_BYTES = 64 * 1024
# What of the memory in use belongs to programs, files or nobody; the rest is the kernel's own.
_NOT_KERNEL = ("MemFree", "Buffers", "Cached", "SwapCached", "AnonPages", "Hugetlb")


@dataclass(frozen=True, slots=True)
class State:
    """`kernel` is the kernel's own memory. A part of it can be freed at need (`reclaimable`: names and inodes of files), and a
    part is charged to control groups; how much of it is both, version 1 does not say."""

    total: int  # bytes, as the others
    available: int
    kernel: int
    reclaimable: int
    charged: int
    groups: int = 0  # the number of control groups in the hierarchy that has the most

    def growth(self, since: State) -> int:
        """Bytes by which memory that is neither charged nor reclaimable grew: the smaller of two figures. The first also grows
        with what nobody is charged for but can be freed. The second takes all that can be freed as charged."""
        return min(self._not_charged - since._not_charged, self._not_freed - since._not_freed)

    @property
    def _not_charged(self) -> int:
        return self.kernel - self.charged

    @property
    def _not_freed(self) -> int:
        return self.kernel - self.reclaimable - max(0, self.charged - self.reclaimable)


def read(proc: Path = PROC, groups: Path = GROUPS) -> State:
    """Raises OSError, ValueError or KeyError when the kernel does not say."""
    seen = {name: size * 1024 for name, size in numbers(text(proc / "meminfo").splitlines()).items()}
    kernel = seen["MemTotal"] - sum(seen.get(name, 0) for name in _NOT_KERNEL)
    return State(
        seen["MemTotal"], seen["MemAvailable"], kernel, seen.get("SReclaimable", 0), charged(groups), most_groups(proc)
    )


def charged(groups: Path) -> int:
    """Bytes of kernel memory that is charged to the groups at the top, and with them to all groups below."""
    total = 0
    for group in (groups / "memory" if (groups / "memory").is_dir() else groups).glob("*/"):
        with suppress(OSError, ValueError):
            total += int(text(group / "memory.kmem.usage_in_bytes"))
        with suppress(OSError, ValueError):
            seen = numbers(text(group / "memory.stat").splitlines())
            total += seen.get("kernel", 0) + seen.get("sock", 0)
    return total


def most_groups(proc: Path) -> int:
    with suppress(OSError, ValueError):
        lines = [line.split() for line in text(proc / "cgroups").splitlines() if not line.startswith("#")]
        return max((int(words[2]) for words in lines if len(words) > 2), default=0)
    return 0


def numbers(lines: Iterable[str]) -> dict[str, int]:
    """Name → number of lines such as `Name: 12 kB` and `name 12`."""
    found = {}
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[1].isdecimal():
            found[words[0].rstrip(":")] = int(words[1])
    return found


def text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(FILE_BYTES).decode("ascii", "replace")
