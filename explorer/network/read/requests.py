"""The log of a LAN machine, one JSON object per line: which requests the machine got, and from which address. The newest
lines are kept."""

from __future__ import annotations

import json

from explorer.network.model import Line, Observation, Request
from explorer.network.read.text import LINES, Keys, bounded_lines

WORD = 256


def read_requests(text: str) -> Observation:
    newest = text.rstrip("\n").rsplit("\n", LINES)
    dropped = len(newest) > LINES
    lines, truncated = bounded_lines("\n".join(newest[-LINES:]))
    keys = Keys()
    shown: list[Line] = []
    found: list[Request] = []
    for line in lines:
        request = _request(line, keys)
        shown.append(Line(text=line, key=request.key if request else keys.unknown(line)))
        found += [request] if request else []
    return Observation(command="the machine's own log", lines=tuple(shown), items=tuple(found), truncated=truncated or dropped)


def _request(line: str, keys: Keys) -> Request | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in ("protocol", "source")):
        return None
    protocol, source = told["protocol"][:WORD], told["source"][:WORD]
    port = told.get("source_port")
    port = port if type(port) is int and 0 <= port <= 65535 else None
    what, at = (value[:WORD] if isinstance(value := told.get(name), str) else "" for name in ("what", "at"))
    key = keys.unique(f"request:{at}:{protocol}:{source}:{port or ''}:{what}")
    return Request(key=key, protocol=protocol, source=source, source_port=port, what=what, at=at)
