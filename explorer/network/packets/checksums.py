"""Whether a checksum fits its bytes (RFC 1071, with the pseudo-headers of RFC 9293 and RFC 8200 for protocols in IP).

A packet that has not left its machine often has no finished checksum: Linux writes the sum of the pseudo-header alone and
leaves the rest to the network card. Between namespaces of one machine there is no card, so the checksum stays unfinished.
"""

from __future__ import annotations

from dataclasses import replace

from explorer.network.packets.model import Field, Layer

NAME = "checksum is"
RIGHT, WRONG, UNUSED, LEFT = "right", "wrong", "not used", "left to the network card"
NUMBERS = {"UDP": 17, "TCP": 6, "ICMPv6": 58}
IPS = ("IPv4", "IPv6")
JUDGED = {"IPv4", "ICMP", *NUMBERS}


def judge(data: bytes, layer: Layer, end: int, carrier: Layer | None) -> Layer:
    """The layer with a verdict on its checksum, where one is possible. `end` is the end of the bytes that the checksum
    covers. `carrier` is the IP header around it; None when not all bytes of the IP packet are here."""
    told = next((field for field in layer.fields if field.name == "checksum"), None) if layer.protocol in JUDGED else None
    verdict = _verdict(data, layer, end, carrier, data[told.offset : told.offset + 2]) if told else ""
    return replace(layer, fields=(*layer.fields, Field(NAME, verdict, told.offset, 2))) if told and verdict else layer


def settle(data: bytes, layers: list[Layer]) -> None:
    """Corrects the verdict on a tunnel's own UDP checksum. Where a tunnel carries a packet whose checksum is left to the
    card, Linux computes the tunnel's checksum as it will be right with the finished inner one: from the bytes before the
    inner packet's header and the unfinished sum (Documentation/networking/checksum-offloads, "LCO")."""
    for index, outer in enumerate(layers):
        inner = next((one for one in layers[index:] if one.depth == outer.depth + 1 and one.get(NAME) == LEFT), None)
        carrier = next((one for one in reversed(layers[:index]) if one.protocol in IPS), None)
        if outer.get(NAME) != WRONG or outer.protocol != "UDP" or inner is None or carrier is None:
            continue
        told = next(field for field in inner.fields if field.name == "checksum")
        rest = int.from_bytes(data[told.offset : told.offset + 2]) ^ 0xFFFF
        before = _pseudo(data, outer, outer.offset + int(outer.get("length")), carrier)
        if _sum(before + data[outer.offset : inner.offset] + rest.to_bytes(2)) == 0xFFFF:
            fields = tuple(replace(field, value=LEFT) if field.name == NAME else field for field in outer.fields)
            layers[index] = replace(outer, fields=fields)


def _verdict(data: bytes, layer: Layer, end: int, carrier: Layer | None, found: bytes) -> str:
    if layer.protocol == "IPv4":
        return RIGHT if _sum(data[layer.offset : layer.offset + layer.length]) == 0xFFFF else WRONG
    if layer.protocol == "UDP" and found == b"\0\0":
        return UNUSED
    if carrier is None:
        return ""
    before = _pseudo(data, layer, end, carrier)
    if _sum(before + data[layer.offset : end]) == 0xFFFF:
        return RIGHT
    return LEFT if before and int.from_bytes(found) == _sum(before) else WRONG


def _pseudo(data: bytes, layer: Layer, end: int, carrier: Layer) -> bytes:
    if layer.protocol == "ICMP":
        return b""
    ends = [
        data[field.offset : field.offset + field.length] for field in carrier.fields if field.name in ("source", "destination")
    ]
    size = 2 if carrier.protocol == "IPv4" else 4
    return b"".join(ends) + (end - layer.offset).to_bytes(size) + NUMBERS[layer.protocol].to_bytes(size)


def _sum(data: bytes) -> int:
    """The ones' complement sum of 16-bit words: the remainder by 0xFFFF; 0xFFFF instead of 0 unless all bytes are zero."""
    number = int.from_bytes(data + bytes(len(data) % 2))
    return (number % 0xFFFF) or (0xFFFF if number else 0)
