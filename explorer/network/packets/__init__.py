"""The bytes of an Ethernet frame → its layers, field by field, each with the bytes it was read from. Pure; runs nothing.

`dissect` takes whatever anybody can put on a wire: it never raises, does bounded work (layers, fields, nesting and names
have a cap), and says where a frame is cut short or contradicts itself. A file per family of protocols, all of the same shape:
a function that reads one header with a `Reader` and says what comes next. A new protocol is such a function and its line in
`dissect.HEADERS`.
"""

from __future__ import annotations

from explorer.network.packets.dissect import dissect
from explorer.network.packets.model import Field, Layer, Packet
from explorer.network.packets.words import summarise

__all__ = ["Field", "Layer", "Packet", "dissect", "summarise"]
