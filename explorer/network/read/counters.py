"""Reads the kernel's network counters (`/proc/net/snmp`, `/proc/net/netstat`, `/proc/net/snmp6`), as `nstat` does, and those of
the interfaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from explorer.network.read.text import number

MOST = 1_000


def read_counters(texts: Iterable[str]) -> dict[str, int]:
    """Name → value; the names are nstat's: IpInAddrErrors, TcpExtListenOverflows. The lines come in pairs, names and values;
    those of IPv6 (`/proc/net/snmp6`) have one name and its value each."""
    found: dict[str, int] = {}
    for text in texts:
        lines = text.splitlines()
        if lines and ":" not in lines[0]:
            named = (line.split() for line in lines[:MOST])
            found |= {words[0]: count for words in named if len(words) == 2 and (count := number(words[1])) is not None}
            continue
        for names, values in zip(lines[::2], lines[1::2], strict=False):
            group, _, words = names.partition(":")
            for name, value in zip(words.split(), values.partition(":")[2].split(), strict=False):
                counted = number(value.removeprefix("-"))
                if counted is not None and len(found) < MOST:
                    found[f"{group}{name}"] = -counted if value.startswith("-") else counted
    return found


def moved(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """The counters that rose: name → by how much. A counter that was not read before is left out."""
    return {name: after[name] - value for name, value in before.items() if after.get(name, 0) > value}


COLUMNS = (1, 9, 0, 8)  # in /proc/net/dev, behind the colon: frames received and sent, bytes received and sent


class Traffic(NamedTuple):
    """What an interface counted."""

    frames: int
    received: int  # bytes
    sent: int  # bytes


def traffic_by_interface(text: str) -> dict[str, Traffic]:
    """By interface, from `/proc/net/dev`. The loopback is left out: no wire ends there."""
    found: dict[str, Traffic] = {}
    for line in text.splitlines()[2:]:
        name, _, numbers = line.rpartition(":")
        words = numbers.split()
        if len(words) > max(COLUMNS) and name.strip() != "lo" and len(found) < MOST:
            frames_in, frames_out, received, sent = (number(words[at]) or 0 for at in COLUMNS)
            found[name.strip()] = Traffic(frames_in + frames_out, received, sent)
    return found


def rate_between(before: Traffic, after: Traffic, seconds: float) -> int:
    """Bits per second in the direction in which more went."""
    most = max(after.received - before.received, after.sent - before.sent, 0)
    return round(most * 8 / seconds) if seconds > 0 else 0
