"""Neighbours from `ip neigh`: the MAC address that the kernel has found for each neighbour's IP address."""

from __future__ import annotations

from explorer.network.model import Line, Neighbour, Observation
from explorer.network.read.text import Keys, after, bounded_lines

STATES = {"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT", "NONE"}


def read_neighbours(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown: list[Line] = []
    found: list[Neighbour] = []
    for line in lines:
        neighbour = _neighbour(line.split(), keys)
        shown.append(Line(text=line, key=neighbour.key if neighbour else keys.unknown(line)))
        found += [neighbour] if neighbour else []
    return Observation(command="ip neigh", lines=tuple(shown), items=tuple(found), truncated=truncated)


def _neighbour(words: list[str], keys: Keys) -> Neighbour | None:
    dev = after(words, "dev")
    if not dev or words[0] == "dev":
        return None
    return Neighbour(
        key=keys.unique(f"neigh:{words[0]}:{dev}"),
        address=words[0],
        dev=dev,
        mac=after(words, "lladdr"),
        state=next((word for word in reversed(words) if word in STATES), ""),
    )
