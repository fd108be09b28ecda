"""What this node cannot do, known before anything is tried."""

from __future__ import annotations

import os
from functools import lru_cache

from explorer.lab.engine import capabilities
from explorer.network.comparison import Variant


@lru_cache(maxsize=1)
def _features() -> dict[str, bool]:
    return capabilities.features()


def lacking(variant: Variant) -> str:
    """One sentence, or "" when nothing is missing. Asks the kernel once in a process's life."""
    if variant.driver in ("host", "none"):
        return ""
    needs = list(capabilities.needs(variant.driver))
    if "encrypted" in variant.options:
        needs.append("esp")
    missing = [need for need in needs if not _features().get(need)]
    kernel = f"this node's kernel, Linux {os.uname().release}"
    if missing == ["esp"]:
        return f"An encrypted overlay cannot be made here: {kernel}, cannot encrypt packets (no ESP with AES-GCM)."
    return f"{variant.driver} cannot be played here: {kernel}, has no {' and no '.join(missing)}." if missing else ""
