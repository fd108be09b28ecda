"""How many sandboxes fit into the memory of a node."""

from __future__ import annotations

from pathlib import Path

KEPT_MB = 1024  # kept for the node itself
TYPICAL_MB = 160  # one host with a few containers and its machine, as measured; the limit of a host is higher
MOST = 100


def memory_mb() -> int:
    """Memory in MiB of this machine, or of the container in which the node runs."""
    total = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    limits = [total // 1024]
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(name).read_text()) // 2**20)
        except (OSError, ValueError):
            continue
    return min(limits)


def capacity() -> int:
    return max(1, min(MOST, (memory_mb() - KEPT_MB) // TYPICAL_MB))
