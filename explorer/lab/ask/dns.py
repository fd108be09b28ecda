"""DNS questions over UDP, asked from inside a namespace as a program's resolver there asks them: the address of a name."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
from dataclasses import dataclass

from explorer.environment import patient
from explorer.lab.inside.listen import receive
from explorer.lab.inside.netns import Namespace
from explorer.network.packets.dns import CODES, HEADER, first_address
from explorer.network.read.resolv_conf import Resolver

LABEL, NAME = 63, 253
KINDS, INTERNET = {4: 1, 6: 28}, 1  # version of IP → the type of record; the class of all of them
WAITS = 5.0  # seconds that one answer may take, and less where resolv.conf makes a program give up sooner
GO_ON = ("no such name", "no error", "server failure")  # answers after which a resolver asks for the next name


@dataclass(frozen=True, slots=True)
class Tried:
    """One question and what came of it. `said` is the server's result, or why there is none. `errno` is the socket's error."""

    name: str
    identity: bytes
    address: str = ""
    said: str = ""
    errno: int = 0

    @property
    def last(self) -> bool:
        """Whether a resolver asks for no further name after it."""
        return bool(self.address) or self.said not in GO_ON


async def ask_name(namespace: Namespace, name: str, resolver: Resolver, version: int = 4) -> str:
    """The first address of this version of IP, or "". Raises TimeoutError when the caller's time limit ends first."""
    tried = await look_up(namespace, name, resolver, version) if resolver.server else ()
    if tried and tried[-1].errno:
        raise OSError(tried[-1].errno, os.strerror(tried[-1].errno))
    return tried[-1].address if tried else ""


async def look_up(namespace: Namespace, name: str, resolver: Resolver, version: int = 4) -> tuple[Tried, ...]:
    """The questions that a program asks for this name, up to the one that settles it. It does not raise because of what the
    network does."""
    tried: list[Tried] = []
    for candidate in resolver.names(name):
        tried.append(await _try(namespace, resolver, candidate, version))
        if tried[-1].last:
            break
    return tuple(tried)


async def _try(namespace: Namespace, resolver: Resolver, name: str, version: int) -> Tried:
    identity = secrets.token_bytes(2)
    seconds = min(WAITS, max(1, resolver.timeout * resolver.attempts))
    try:
        async with asyncio.timeout(patient(seconds)):
            reply = await _ask(namespace, resolver.server, name, identity, version)
    except TimeoutError:
        return Tried(name, identity, said=f"no answer within {seconds:.0f} s")
    except OSError as error:
        return Tried(name, identity, said=error.strerror or "no answer", errno=error.errno or 0)
    code = reply[3] & 0x0F
    return Tried(name, identity, first_address(reply, version), CODES.get(code, f"code {code}"))


async def _ask(namespace: Namespace, server: str, name: str, identity: bytes, version: int) -> bytes:
    """The server's answer. A name that cannot be a DNS name is nobody's name."""
    query = encode(identity, name, version)
    if not query:
        return identity + struct.pack(">HHHHH", 0x8003, 0, 0, 0, 0)
    with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((server, 53))
        await asyncio.get_running_loop().sock_sendall(asking, query)
        while True:
            reply = await receive(asking)
            if reply[:2] == query[:2] and len(reply) >= HEADER:
                return reply


def encode(identity: bytes, name: str, version: int = 4) -> bytes:
    """A query for an A record (of IPv6: AAAA), or b"" when the name cannot be a DNS name."""
    try:
        labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    except UnicodeEncodeError:
        return b""
    if len(name) > NAME or not all(0 < len(label) <= LABEL for label in labels):
        return b""
    question = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return identity + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", KINDS[version], INTERNET)
