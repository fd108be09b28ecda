"""Captured VXLAN frames as lines: one line for each frame with its headers below it, the newest frame first."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from explorer.network.model import Frame, Line, Observation
from explorer.network.packets import Layer, Packet, dissect
from explorer.network.packets.words import header_line, innermost

COMMAND = "tcpdump -eni eth0 udp port 4789"


@dataclass(frozen=True, slots=True)
class Captured:
    """A frame that passed on `device`: its first bytes, its `length` on the wire, and its time. `number` counts from 1."""

    number: int
    at: float
    device: str
    way: Literal["in", "out"]
    data: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Gap:
    """The number of frames after frame `after` that were not taken."""

    after: int
    frames: int


def show_frames(entries: Sequence[Captured | Gap], rate: int, most: int) -> Observation:
    """The view. `rate` is the number of frames in the last second when more than `most` came, else 0."""
    lines, items = [], []
    if rate:
        lines.append(Line(key="sampled", text=f"showing {most} of {rate:,} frames a second"))
    for entry in reversed(entries):
        if isinstance(entry, Gap):
            lines.append(Line(key=f"gap:{entry.after}", text=f"… {entry.frames:,} more frames, not shown"))
            continue
        frame, told = _read(entry)
        items.append(frame)
        lines += told
    return Observation(command=COMMAND, lines=tuple(lines), items=tuple(items))


@lru_cache(maxsize=512)
def _read(captured: Captured) -> tuple[Frame, tuple[Line, ...]]:
    packet = dissect(captured.data, captured.length)
    frame = _frame(captured, packet)
    return frame, tuple(Line(key=frame.key, text=text) for text in (_first(captured, frame), *_headers(packet)))


def _frame(captured: Captured, packet: Packet) -> Frame:
    tunnel = packet.find("VXLAN")
    outer, udp = packet.find("IPv4", "IPv6", depth=0), packet.find("UDP", depth=0)
    ethernet, inner = packet.find("Ethernet", depth=1), packet.find("IPv4", "IPv6", "ARP", depth=1)
    arp = inner is not None and inner.protocol == "ARP"
    return Frame(
        key=f"frame:{captured.number}",
        at=captured.at,
        dev=captured.device[:16],
        way=captured.way,
        outer_source=_get(outer, "source"),
        outer_destination=_get(outer, "destination"),
        source_port=_number(udp, "source port"),
        destination_port=_number(udp, "destination port"),
        vni=_number(tunnel, "VNI"),
        inner_source_mac=_get(ethernet, "source"),
        inner_destination_mac=_get(ethernet, "destination"),
        inner_source=_get(inner, "sender IP" if arp else "source"),
        inner_destination=_get(inner, "target IP" if arp else "destination"),
        summary=innermost(packet, 1 if ethernet else 0)[:400],
        length=packet.length,
        inner_length=max(0, packet.length - ethernet.offset) if ethernet else 0,
        problem=packet.problem[:200],
    )


def _get(layer: Layer | None, name: str) -> str:
    return layer.get(name) if layer else ""


def _number(layer: Layer | None, name: str) -> int | None:
    value = _get(layer, name)
    return int(value) if value.isdigit() else None


def _first(captured: Captured, frame: Frame) -> str:
    when = datetime.datetime.fromtimestamp(captured.at, datetime.UTC).strftime("%H:%M:%S.%f")[:-3]
    network = f"VXLAN {frame.vni}" if frame.vni is not None else "not VXLAN"
    ends = f"{frame.outer_source} → {frame.outer_destination}"
    return f"{when} {frame.way:3} {frame.dev}  {ends}  [{network}: {frame.summary}]  {frame.length} bytes"


def _headers(packet: Packet) -> list[str]:
    """One line for each header, the outer headers first."""
    nested = any(layer.depth for layer in packet.layers)
    told = []
    for layer in packet.layers[:12]:
        where = ("outer ", "inner ")[min(layer.depth, 1)] if nested and layer.protocol != "VXLAN" else ""
        told.append(f"    {where + layer.protocol:15} {header_line(layer)}"[:400])
    return told
