"""Tracked connections from `conntrack -L -o extended`. A translation shows as a reply that is not the mirror of
the original."""

from __future__ import annotations

from explorer.network.model import Connection, Flow, Line, Observation
from explorer.network.read.text import Keys, bounded_lines, number


def read_connections(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown: list[Line] = []
    found: list[Connection] = []
    for line in lines:
        connection = _connection(line.split(), keys)
        shown.append(Line(text=line, key=connection.key if connection else keys.unknown(line)))
        found += [connection] if connection else []
    command = "conntrack -L -o extended"
    return Observation(command=command, lines=tuple(shown), items=tuple(found), truncated=truncated)


def _connection(words: list[str], keys: Keys) -> Connection | None:
    flows = _flows(words)
    if len(flows) < 2 or len(words) < 5:
        return None
    original, reply = flows[0], flows[1]
    if not original.source or not reply.source:
        return None
    state = words[5] if len(words) > 5 and number(words[4]) is not None and "=" not in words[5] else ""
    return Connection(
        key=keys.unique(f"conn:{words[2]}:{_tuple(original)}"),
        protocol=words[2],
        state=state if not state.startswith("[") else "",
        original=original,
        reply=reply,
        snat=(reply.destination, reply.destination_port) != (original.source, original.source_port),
        dnat=(reply.source, reply.source_port) != (original.destination, original.destination_port),
        flags=tuple(word.strip("[]") for word in words if word.startswith("["))[:8],
    )


def _flows(words: list[str]) -> list[Flow]:
    """One flow per `src=`: the original direction first, then the reply."""
    groups: list[dict[str, str]] = []
    for word in words:
        name, separator, value = word.partition("=")
        if name == "src" and separator:
            groups.append({})
        if groups and separator:
            groups[-1].setdefault(name, value)
    return [
        Flow(
            source=group.get("src", ""),
            destination=group.get("dst", ""),
            source_port=number(group.get("sport", "")),
            destination_port=number(group.get("dport", "")),
            id=number(group.get("id", "")),
        )
        for group in groups[:2]
    ]


def _tuple(flow: Flow) -> str:
    parts = (flow.source, flow.source_port, flow.destination, flow.destination_port, flow.id)
    return ":".join("" if part is None else str(part) for part in parts)
