"""Keeps one sandbox from filling the disk for all. Docker's volumes have no limit, so the biggest sandbox is removed when
disk space runs out."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.hosts import lifecycle

LEAST_FREE_BYTES = 1500 * 2**20
WORTH_IT_BYTES = 500 * 2**20  # removing a smaller sandbox would not help


def relieve(config: LabConfig) -> str:
    """Removes the sandbox that takes the most disk space when space is short. Returns its name, or "" when nothing was
    removed."""
    if shutil.disk_usage(config.engine_dir).free >= LEAST_FREE_BYTES:
        return ""
    with session(config) as client:
        name, size = biggest(client.df())
    if size < WORTH_IT_BYTES:
        return ""
    lifecycle.close_sandbox(config, name)
    return name


def biggest(usage: dict[str, Any]) -> tuple[str, int]:
    """(name, bytes) of the sandbox that takes the most, from the engine's list of disk usage; ("", 0) when there is none."""
    sizes: Counter[str] = Counter()
    for container in usage.get("Containers") or ():
        sizes[_sandbox(container)] += container.get("SizeRw") or 0
    for volume in usage.get("Volumes") or ():
        sizes[_sandbox(volume)] += max(0, (volume.get("UsageData") or {}).get("Size") or 0)
    del sizes[""]
    return max(sizes.items(), key=lambda item: item[1], default=("", 0))


def _sandbox(thing: dict[str, Any]) -> str:
    return str((thing.get("Labels") or {}).get("explorer.sandbox", ""))
