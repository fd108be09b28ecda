"""One DNS question over UDP from within a namespace. Only what a lesson needs: does this name have an IPv4 address here?"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
import struct

from explorer.lab.inside.listen import receive
from explorer.lab.inside.netns import Namespace

ANSWERS_READ = 32
LABEL, NAME = 63, 253


async def ask_name(namespace: Namespace, name: str, resolv_conf: str) -> str:
    """The first address, or "". Raises TimeoutError (from the caller's clock) when nobody answers."""
    server = name_server(resolv_conf)
    return await ask_server(namespace, server, name, secrets.token_bytes(2)) if server else ""


async def ask_server(namespace: Namespace, server: str, name: str, identity: bytes) -> str:
    """The same of one server, under the given identity (two bytes)."""
    query = encode(identity, name)
    if not query:
        return ""
    loop = asyncio.get_running_loop()
    with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((server, 53))
        await loop.sock_sendall(asking, query)
        while True:
            reply = await receive(asking)
            if reply[:2] == query[:2] and len(reply) >= 12:
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
    """A query for an A record, or b"" when the name cannot be one."""
    try:
        labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    except UnicodeEncodeError:
        return b""
    if len(name) > NAME or not all(0 < len(label) <= LABEL for label in labels):
        return b""
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return identity + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", 1, 1)


def first_address(reply: bytes) -> str:
    """Reads past names without following their pointers, so that no reply can send us round in circles."""
    try:
        questions, answers = struct.unpack_from(">HH", reply, 4)
        at = 12
        for _ in range(min(questions, 4)):
            at = past_name(reply, at) + 4
        for _ in range(min(answers, ANSWERS_READ)):
            at = past_name(reply, at)
            kind, family, _ttl, length = struct.unpack_from(">HHIH", reply, at)
            at += 10
            if (kind, family, length) == (1, 1, 4):
                return str(ipaddress.IPv4Address(reply[at : at + 4]))
            at += length
    except (struct.error, IndexError, ValueError):
        pass
    return ""


def past_name(reply: bytes, at: int) -> int:
    while reply[at]:
        if reply[at] >= 0xC0:
            return at + 2
        at += reply[at] + 1
    return at + 1
