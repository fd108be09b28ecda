"""What this node cannot do for a variant, known before anything is tried."""

from __future__ import annotations

import os
from functools import lru_cache

from explorer.lab.engine import capabilities
from explorer.lab.hosts import ipv6
from explorer.network.comparison import Variant
from explorer.network.drivers import DRIVERS


@lru_cache(maxsize=1)
def _features() -> dict[str, bool]:
    return capabilities.features()


def lacking(variant: Variant) -> str:
    """One sentence, or "" when nothing is missing. The kernel is tested once per process."""
    if variant.ipv6 and not ipv6.spoken():
        return f"{variant.title} cannot be played here: this node's kernel, Linux {os.uname().release}, speaks no IPv6."
    driver = DRIVERS[variant.driver]
    options = [need for word, need in driver.options.items() if word in variant.options]
    if not (driver.needs or options):
        return ""
    kernel = f"this node's kernel, Linux {os.uname().release}"
    if missing := capabilities.missing_for(driver.name, _features()):
        return f"{variant.driver} cannot be played here: {kernel}, has no {' and no '.join(missing)}."
    refused = next((need for need in options if not _features().get(need.name)), None)
    return refused.refusal.format(kernel) if refused else ""
