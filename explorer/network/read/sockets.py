"""Reads the kernel's lists of sockets (`/proc/net/tcp`, `udp`, `tcp6`, `udp6`): which listen, and on which address."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator

from explorer.network.journeys.kernel import Listener

LISTEN, UNCONNECTED, CONNECTED = "0A", "07", "01"  # TCP_LISTEN, TCP_CLOSE, TCP_ESTABLISHED, <net/tcp_states.h>
MOST = 500


def read_listeners(protocol: str, text: str) -> list[Listener]:
    """The sockets that take new connections or datagrams. `protocol` is tcp or udp, for both families."""
    return list(_listeners(protocol, text))[:MOST]


def _listeners(protocol: str, text: str) -> Iterator[Listener]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) < 5 or words[3] not in ((LISTEN,) if protocol == "tcp" else (UNCONNECTED, CONNECTED)):
            continue
        try:
            (address, port), (remote, _port) = _end(words[1]), _end(words[2])
            waiting = int(words[4].partition(":")[2], 16)
        except (ValueError, struct.error):
            continue
        if port:
            yield Listener(protocol, address, port, waiting, remote if words[3] == CONNECTED else "")


def _end(word: str) -> tuple[str, int]:
    """Address and port of `0100007F:1F90`: the address is written as words in the machine's order."""
    told, _, port = word.partition(":")
    data = bytes.fromhex(told)
    words = struct.unpack(f"={len(data) // 4}I", data)
    address = ipaddress.ip_address(struct.pack(f">{len(words)}I", *words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address), int(port, 16)
