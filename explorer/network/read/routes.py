"""Routes from `ip route show table all`, shown as plain `ip route` prints them: IPv4 routes of the main table only."""

from __future__ import annotations

from explorer.network.model import Line, Observation, Route
from explorer.network.read.text import Keys, after, bounded_lines, number

TYPES = {"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat"}


def read_routes(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown: list[Line] = []
    found: list[Route] = []
    key, kept = "", True
    for line in lines:
        words = line.split()
        if words and line[0].isspace() and key:  # a further next hop of the route above
            shown += [Line(text=line, key=key)] if kept else []
            continue
        kept = not _elsewhere(words)
        route = _route(words, keys) if kept else None
        key = route.key if route else "other"
        if kept:
            shown.append(Line(text=line, key=route.key if route else keys.unknown(line)))
        found += [route] if route else []
    return Observation(command="ip route", lines=tuple(shown), items=tuple(found), truncated=truncated)


def _elsewhere(words: list[str]) -> bool:
    """Whether the route is of another table, or of IPv6: only IPv6 routes have a preference. Plain `ip route`
    prints neither."""
    return "table" in words[1:] or "pref" in words[1:]


def _route(words: list[str], keys: Keys) -> Route | None:
    kind = words[0] if words and words[0] in TYPES else ""
    words = words[1:] if kind else words
    if not words or not (words[0] == "default" or _looks_like_address(words[0])):
        return None
    via = after(words, "via")
    if via in ("inet6", "inet"):
        via = after(words, via)
    dev, metric = after(words, "dev"), number(after(words, "metric"))
    parts = [kind, words[0], f"via {via}" if via else "", dev, f"metric {metric}" if metric is not None else ""]
    return Route(
        key=keys.unique("route:" + " ".join(part for part in parts if part)),
        destination=words[0],
        type=kind or "unicast",
        via=via,
        dev=dev,
        source=after(words, "src"),
        scope=after(words, "scope"),
        protocol=after(words, "proto"),
        metric=metric,
    )


def _looks_like_address(word: str) -> bool:
    return word[0] in "0123456789abcdef:" and ("." in word or ":" in word or "/" in word)
