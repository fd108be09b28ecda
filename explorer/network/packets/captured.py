"""A frame that a capture kept, and how it is shown: as one line of a table, or layer by layer with the bytes of each field."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Literal

from explorer.network.packets import Packet, dissect, summarise
from explorer.network.packets.dissect import HEADERS

HEAD = struct.Struct(">QIB")  # nanoseconds since 1970, length on the wire, whether it was leaving
LINE = 400  # characters of a summary


@dataclass(frozen=True, slots=True)
class Frame:
    """One captured frame. `data` is the part that was kept, `length` the bytes on the wire, `at` the kernel's time in
    nanoseconds since 1970."""

    at: int
    way: Literal["in", "out"]
    length: int
    data: bytes

    def pack(self) -> bytes:
        return HEAD.pack(self.at, self.length, self.way == "out") + self.data

    @classmethod
    def unpack(cls, raw: bytes) -> Frame:
        at, length, leaving = HEAD.unpack_from(raw)
        return cls(at, "out" if leaving else "in", length, raw[HEAD.size :])


def tell_row(number: int, frame: Frame) -> dict[str, Any]:
    """The frame as one row of the page's table. `number` counts from 1."""
    packet = dissect(frame.data, frame.length)
    return {
        "number": number,
        "at": frame.at / 1e9,
        "way": frame.way,
        "length": frame.length,
        "protocol": protocol_of(packet),
        "summary": summarise(packet)[:LINE],
        "problem": packet.problem[:200],
    }


def tell_layers(number: int, frame: Frame) -> dict[str, Any]:
    """Every layer of the frame with its fields; each field has the offset and length of the bytes that it was read from."""
    packet = dissect(frame.data, frame.length)
    layers = [
        {
            "protocol": layer.protocol,
            "depth": layer.depth,
            "offset": layer.offset,
            "length": layer.length,
            "problem": layer.problem,
            "fields": [
                {"name": field.name, "value": field.value[:LINE], "offset": field.offset, "length": field.length}
                for field in layer.fields
            ],
        }
        for layer in packet.layers
    ]
    return {**tell_row(number, frame), "captured": len(frame.data), "layers": layers, "bytes": frame.data.hex()}


def protocol_of(packet: Packet) -> str:
    """The innermost protocol that was understood. `VXLAN` stands before it when the frame came through a tunnel."""
    known = [layer.protocol for layer in packet.layers if layer.protocol in HEADERS and layer.fields]
    last = known[-1] if known else "?"
    return f"VXLAN {last}" if last != "VXLAN" and packet.find("VXLAN") else last
