"""Forwarding entries from `bridge fdb`: behind which port a bridge or VXLAN interface expects which MAC address."""

from __future__ import annotations

from explorer.network.model import FdbEntry, Line, Observation
from explorer.network.read.text import Keys, after, bounded_lines, number

_WITH_VALUE = {"dev", "master", "dst", "vlan", "link-netnsid", "port", "vni", "via", "src_vni", "used"}


def read_fdb(text: str) -> Observation:
    lines, truncated = bounded_lines(text)
    keys = Keys()
    shown: list[Line] = []
    found: list[FdbEntry] = []
    for line in lines:
        entry = _entry(line.split(), keys)
        shown.append(Line(text=line, key=entry.key if entry else keys.unknown(line)))
        found += [entry] if entry else []
    return Observation(command="bridge fdb show", lines=tuple(shown), items=tuple(found), truncated=truncated)


def _entry(words: list[str], keys: Keys) -> FdbEntry | None:
    dev = after(words, "dev")
    if not dev or words[0] == "dev":
        return None
    master, destination, vlan = after(words, "master"), after(words, "dst"), number(after(words, "vlan"))
    key = f"fdb:{words[0]}:{dev}:{destination}:{master}"
    return FdbEntry(
        key=keys.unique(key if vlan is None else f"{key}:{vlan}"),
        mac=words[0],
        dev=dev,
        master=master,
        destination=destination,
        vlan=vlan,
        flags=_flags(words[1:]),
    )


def _flags(words: list[str]) -> tuple[str, ...]:
    flags, skip = [], False
    for word in words:
        if not skip and word not in _WITH_VALUE:
            flags.append(word)
        skip = not skip and word in _WITH_VALUE
    return tuple(flags[:32])
