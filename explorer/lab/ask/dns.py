"""One DNS question over UDP, asked from inside a namespace: the IPv4 address of a name there."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
import struct

from explorer.lab.inside.listen import receive
from explorer.lab.inside.netns import Namespace
from explorer.network.packets.dns import HEADER, first_address

LABEL, NAME = 63, 253


async def ask_name(namespace: Namespace, name: str, resolv_conf: str) -> str:
    """The first address, or "". Raises TimeoutError when the caller's time limit ends first."""
    server = name_server(resolv_conf)
    return await ask_server(namespace, server, name, secrets.token_bytes(2)) if server else ""


async def ask_server(namespace: Namespace, server: str, name: str, identity: bytes) -> str:
    """The first address that this server gives, or "". `identity` is the identifier of the message, two bytes."""
    query = encode(identity, name)
    if not query:
        return ""
    loop = asyncio.get_running_loop()
    with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((server, 53))
        await loop.sock_sendall(asking, query)
        while True:
            reply = await receive(asking)
            if reply[:2] == query[:2] and len(reply) >= HEADER:
                return first_address(reply)


def name_server(resolv_conf: str) -> str:
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                return str(ipaddress.IPv4Address(words[1]))
            except ValueError:
                continue
    return ""


def encode(identity: bytes, name: str) -> bytes:
    """A query for an A record, or b"" when the name cannot be a DNS name."""
    try:
        labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    except UnicodeEncodeError:
        return b""
    if len(name) > NAME or not all(0 < len(label) <= LABEL for label in labels):
        return b""
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return identity + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", 1, 1)
