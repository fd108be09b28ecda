"""Captured frames as a pcapng file (draft-ietf-opsawg-pcapng).

The file has one section and one interface, and its times are in nanoseconds. The interface's statistics at the end say how
many frames passed the filter and how many of them were left out. Only four kinds of block are needed, so this code writes
them without a library.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from explorer.network.packets.captured import Frame

MEDIA_TYPE = "application/x-pcapng"
SNAP = 9_216  # bytes of a frame that a capture keeps; a jumbo frame fits
SECTION, INTERFACE, PACKET, STATISTICS = 0x0A0D0D0A, 1, 6, 5
BYTE_ORDER, ETHERNET = 0x1A2B3C4D, 1
IF_NAME, IF_DESCRIPTION, IF_TSRESOL, IF_FILTER = 2, 3, 9, 11
EPB_FLAGS, SHB_USERAPPL = 2, 4
COMMENT = 1
ISB_FILTERACCEPT, ISB_OSDROP, ISB_USRDELIV = 6, 7, 8
NANOSECONDS = bytes([9])  # times are in units of 10^-9 seconds
INBOUND, OUTBOUND = 1, 2


def begin_file(interface: str, place: str, expression: str, snap: int) -> bytes:
    """The section and interface blocks at the beginning of the file. `snap` is the number of bytes kept of a frame."""
    section = struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1) + _options((SHB_USERAPPL, b"Docker Network Explorer"))
    told = [(IF_NAME, interface.encode()), (IF_DESCRIPTION, f"{interface} of {place}".encode()), (IF_TSRESOL, NANOSECONDS)]
    if expression:
        told.append((IF_FILTER, b"\0" + expression.encode()))
    return _block(SECTION, section) + _block(INTERFACE, struct.pack("<HHI", ETHERNET, 0, snap) + _options(*told))


def write_frame(frame: Frame) -> bytes:
    """One captured frame as an enhanced packet block."""
    data = frame.data
    head = struct.pack("<IIIII", 0, *_halves(frame.at), len(data), max(frame.length, len(data)))
    flags = struct.pack("<I", OUTBOUND if frame.way == "out" else INBOUND)
    return _block(PACKET, head + _padded(data) + _options((EPB_FLAGS, flags)))


def end_file(at: int, came: int, left_out: int, kept: int, comment: str = "") -> bytes:
    """The statistics block: `came` frames passed the filter, `left_out` of them were not kept. While a capture runs, such a
    block may stand between frames; a reader takes the last one.
    """
    counts = ((ISB_FILTERACCEPT, came), (ISB_OSDROP, left_out), (ISB_USRDELIV, kept))
    words = ((COMMENT, comment.encode()),) if comment else ()
    told = _options(*words, *((code, struct.pack("<Q", count)) for code, count in counts))
    return _block(STATISTICS, struct.pack("<III", 0, *_halves(at)) + told)


def write_file(
    frames: Iterable[Frame], interface: str, place: str, expression: str, snap: int, came: int, left_out: int
) -> Iterator[bytes]:
    """The whole file, piece by piece."""
    yield begin_file(interface, place, expression, snap)
    kept, last = 0, 0
    for frame in frames:
        kept, last = kept + 1, max(last, frame.at)
        yield write_frame(frame)
    yield end_file(last, max(came, kept + left_out), left_out, kept)


def _halves(at: int) -> tuple[int, int]:
    return (at >> 32) & 0xFFFFFFFF, at & 0xFFFFFFFF


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _options(*options: tuple[int, bytes]) -> bytes:
    told = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options)
    return told + bytes(4)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
