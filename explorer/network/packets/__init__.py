"""From the bytes of an Ethernet frame to its layers and fields, each with the bytes that it was read from. This package is
pure.

`dissect` takes any bytes: it never raises, the work is bounded (layers, fields, nesting and names have a limit), and a frame
that is cut short or contradicts itself gets a problem. There is one file per family of protocols. In it, a function reads one
header with a `Reader` and returns what comes next (`step.Next`). To add a protocol, write such a function and add its line to
`dissect.HEADERS`.

`checksums` judges checksums: a checksum that Linux left to a network card is told apart from a wrong one. `words` says a
frame in one line.
"""

from __future__ import annotations

from explorer.network.packets.dissect import dissect
from explorer.network.packets.model import Field, Layer, Packet
from explorer.network.packets.words import summarise

__all__ = ["Field", "Layer", "Packet", "dissect", "summarise"]
