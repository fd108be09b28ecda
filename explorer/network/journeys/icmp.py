"""ICMP messages about a packet: the errors that quote it, and the numbers of an echo. ICMPv6 (RFC 4443) says the same things
with numbers of its own; they are told by those of ICMP (RFC 792), so that an ending need not know the version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.network.journeys.ends import Ends
from explorer.network.journeys.gathered import Sighting
from explorer.network.journeys.headers import ECHOES, ICMP, ICMP6, TCP, UDP, in_frame, internet, is_echo, ports
from explorer.network.journeys.identity import ECHO, Mark


@dataclass(frozen=True, slots=True)
class IcmpError:
    """An ICMP error about the packet, as it was seen first. `type` and `code` are those of ICMP, also for ICMPv6. `words` are
    those of its own protocol. `mtu` is what fits, for “fragmentation needed” and “packet too big”."""

    sighting: Sighting
    sender: str
    type: int
    code: int
    mtu: int = 0
    words: str = ""
    protocol: str = "ICMP"


ERRORS = {
    (3, 0): "network unreachable", (3, 1): "host unreachable", (3, 2): "protocol unreachable", (3, 3): "port unreachable",
    (3, 4): "fragmentation needed", (3, 9): "network prohibited", (3, 10): "host prohibited",
    (3, 13): "administratively prohibited", (11, 0): "time to live exceeded", (11, 1): "fragments timed out",
    (12, 0): "bad header",
}  # fmt: skip
ERRORS6 = {  # type and code of ICMPv6 → those of ICMP, and the words
    (1, 0): ((3, 0), "no route to destination"), (1, 1): ((3, 13), "administratively prohibited"),
    (1, 2): ((3, 1), "beyond scope of source address"), (1, 3): ((3, 1), "address unreachable"),
    (1, 4): ((3, 3), "port unreachable"), (1, 5): ((3, 13), "source address failed ingress policy"),
    (1, 6): ((3, 13), "reject route to destination"), (2, 0): ((3, 4), "packet too big"),
    (3, 0): ((11, 0), "hop limit exceeded"), (3, 1): ((11, 1), "fragments timed out"),
    (4, 0): ((12, 0), "bad header"), (4, 1): ((3, 2), "next header unknown"), (4, 2): ((12, 0), "option unknown"),
}  # fmt: skip
QUOTING = (3, 11, 12)  # the types of ICMP messages that quote a packet because it ended


def errors_about(mark: Mark, known: set[Ends], sightings: Iterable[Sighting]) -> list[IcmpError]:
    """The ICMP errors that quote the packet, in order of time. `known` are the ends that the packet had anywhere: UDP is
    recognised by them, everything else by its numbers."""
    found = []
    for one in sorted(sightings, key=lambda sighting: sighting.at):
        error = _error(one)
        if error and _quotes(mark, known, error[1]):
            found.append(error[0])
    return found


def _error(one: Sighting) -> tuple[IcmpError, bytes] | None:
    """The error in a frame, and what it quotes."""
    ip = in_frame(one.data)
    message = one.data[ip.after :] if ip and ip.protocol in (ICMP, ICMP6) else b""
    if ip is None or len(message) < 36:
        return None
    numbers, quoted = (message[0], message[1]), message[8:]
    if ip.protocol == ICMP and numbers[0] in QUOTING:
        words = ERRORS.get(numbers, f"type {numbers[0]}, code {numbers[1]}")
        return IcmpError(one, ip.source, *numbers, int.from_bytes(message[6:8]), words), quoted
    if ip.protocol == ICMP6 and numbers in ERRORS6:
        same, words = ERRORS6[numbers]
        mtu = int.from_bytes(message[4:8]) if numbers[0] == 2 else 0
        return IcmpError(one, ip.source, *same, mtu, words, "ICMPv6"), quoted
    return None


def _quotes(mark: Mark, known: set[Ends], quoted: bytes) -> bool:
    ip = internet(quoted)
    transport = quoted[ip.after : ip.after + 8] if ip else b""
    if ip is None or len(transport) < 8:
        return False
    if mark.protocol == "TCP" and not mark.answer:
        return ip.protocol == TCP and transport[4:8] == mark.needle
    if mark.protocol in ECHO:
        same = transport[0] == ECHOES[ip.protocol][mark.answer] if ip.protocol == ECHO[mark.protocol] else False
        return same and transport[4:8] == mark.needle
    ends = Ends(ip.source, ip.destination, *ports(ip.protocol, transport))
    return ip.protocol == {"TCP": TCP, "UDP": UDP, "datagram": UDP, "IP": mark.number}.get(mark.protocol) and ends in known


def echo_of(data: bytes) -> bytes:
    """Identifier and sequence number of the echo message in a frame, also of one inside VXLAN; b"" for other frames."""
    ip = in_frame(data)
    message = data[ip.after : ip.after + 8] if ip else b""
    return message[4:8] if ip and len(message) == 8 and is_echo(ip.protocol, message) else b""
