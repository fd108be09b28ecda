"""Routes from `ip route show table all`, shown as `ip route` and `ip -6 route` print them: those of the main table only."""

from __future__ import annotations

from explorer.network.model import Line, Observation, Route
from explorer.network.read.text import Keys, after, bounded_lines, number

TYPES = {"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat"}


def read_routes(text: str) -> Observation:
    return _read(text, "ip route", 4)


def read_routes6(text: str) -> Observation:
    return _read(text, "ip -6 route", 6)


def _read(text: str, command: str, version: int) -> Observation:
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
        kept = "table" not in words[1:] and _version(words) == version
        route = _route(words, keys) if kept else None
        key = route.key if route else "other"
        if kept:
            shown.append(Line(text=line, key=route.key if route else keys.unknown(line)))
        found += [route] if route else []
    return Observation(command=command, lines=tuple(shown), items=tuple(found), truncated=truncated)


def _version(words: list[str]) -> int:
    """Of IP. Only IPv6 routes have a preference."""
    return 6 if "pref" in words[1:] else 4


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
