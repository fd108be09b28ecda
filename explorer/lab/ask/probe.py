"""Questions that only a packet can answer, asked from inside a place: ping, one HTTP request, one DNS query.

Sockets are made in the place's namespace. Names are looked up as a program there would do it: in the place's hosts file and
with its name server. Every answer is hostile: a bounded number of its bytes is read, within one second.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import secrets
import socket
import struct

import h11

from explorer.environment import patient
from explorer.lab.ask.dns import ask_name
from explorer.lab.inside.inner import read_below
from explorer.lab.inside.listen import receive
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.unix_http import BadAnswer, start
from explorer.network.model import Interface, Place, Probe, Route
from explorer.network.read.resolv_conf import read_resolver

SECONDS = patient(1.0)
BODY_BYTES = 4 * 1024
SEEN = re.compile(r"you are \[?([0-9a-fA-F.:]{2,45})\]?:(\d{1,5})\b")
LAST = ("bridge", "loopback")  # interfaces that do not lead to other places
PORT = range(1, 65536)


class NoAnswer(Exception):
    """There is no answer; `str()` says why in a few words."""


async def answer(probe: Probe, namespace: Namespace, places: dict[str, Place]) -> tuple[bool, str, str]:
    """(ok, what came back or why nothing came, the source address that the answering side saw)."""
    try:
        async with asyncio.timeout(SECONDS):
            if probe.kind == "dns":
                found = await ask_name(namespace, probe.target, read_resolver(read_below(namespace.pid, "etc/resolv.conf")))
                return bool(found), f"{probe.target} is {found}" if found else f"{probe.target} has no address", ""
            address = await resolve(probe.target, namespace, places)
            if probe.kind == "ping":
                return True, await ping(namespace, address), ""
            return await http(namespace, address, probe.port)
    except TimeoutError:
        return False, f"{probe.target} did not answer within {SECONDS:.0f} s.", ""
    except NoAnswer as error:
        return False, str(error), ""
    except OSError as error:
        return False, f"{os.strerror(error.errno) if error.errno else 'No answer'}.", ""


async def resolve(target: str, namespace: Namespace, places: dict[str, Place]) -> str:
    """The address to use: an IPv4 address as it is, a place's first address, or the address of the name in that namespace.
    Raises NoAnswer."""
    try:
        return str(ipaddress.IPv4Address(target))
    except ValueError:
        pass
    if target in places:
        address = first_address(places[target], places)
        if not address:
            raise NoAnswer(f"{target} has no address.")
        return address
    found = named_in(read_below(namespace.pid, "etc/hosts"), target)
    found = found or await ask_name(namespace, target, read_resolver(read_below(namespace.pid, "etc/resolv.conf")))
    if not found:
        raise NoAnswer(f"The name {target[:64]} has no address here.")
    return found


def first_address(place: Place, places: dict[str, Place]) -> str:
    """The address by which others know the place: a host's or machine's on the interface of its default route, whatever else
    was made there since; a container's on its first interface that leads to other places."""
    seen = places.get(place.shares, place).views.get("interfaces")
    interfaces = [item for item in seen.items if isinstance(item, Interface)] if seen else []
    routes = places.get(place.shares, place).views.get("routes")
    known = routes.items if routes and place.kind != "container" else ()
    out = {item.dev for item in known if isinstance(item, Route) and item.destination == "default"}
    for interface in sorted(interfaces, key=lambda one: (one.name not in out, one.kind in LAST, one.index)):
        for address in interface.addresses:
            if address.family == "inet" and address.scope == "global":
                return address.cidr.partition("/")[0]
    return ""


def named_in(hosts: str, name: str) -> str:
    for line in hosts.splitlines():
        words = line.partition("#")[0].split()
        if name in words[1:]:
            try:
                return str(ipaddress.IPv4Address(words[0]))
            except ValueError:
                continue
    return ""


async def ping(namespace: Namespace, address: str, identity: int | None = None) -> str:
    """A sentence, once the answer is here. The caller limits the time. `identity` is the ICMP identifier to use."""
    loop = asyncio.get_running_loop()
    with namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.connect((address, 0))
        mark = secrets.token_bytes(16)
        sent = loop.time()
        await loop.sock_sendall(raw, echo_request(identity or int.from_bytes(mark[:2]), mark))
        while True:
            packet = await receive(raw)
            message = packet[(packet[0] & 15) * 4 :] if packet else b""
            if message[:1] == b"\x00" and message[8:] == mark:
                return f"{address} answered in {(loop.time() - sent) * 1000:.1f} ms"


def echo_request(identity: int, mark: bytes) -> bytes:
    """An ICMP echo request with sequence number 1 and a checksum; `mark` is its payload, with an even number of bytes."""
    head = struct.pack(">BBHHH", 8, 0, 0, identity, 1)
    words = struct.unpack(f">{len(head + mark) // 2}H", head + mark)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">BBHHH", 8, 0, ~(total + (total >> 16)) & 0xFFFF, identity, 1) + mark


async def http(namespace: Namespace, address: str, port: int, opened: socket.socket | None = None) -> tuple[bool, str, str]:
    """(status below 400, status and first line, the source address that the server says it saw) of one GET /. `opened` is the
    TCP socket to use. Raises NoAnswer."""
    if port not in PORT:
        raise NoAnswer(f"{port} is not a port.")
    loop = asyncio.get_running_loop()
    opened = opened or namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
    connected = opened
    try:
        await loop.sock_connect(opened, (address, port))
    except BaseException:
        opened.close()
        raise
    try:
        exchange = await start(lambda: connected, "GET", "/")
        try:
            body = bytearray()
            async for piece in exchange.body():
                body += piece
                if len(body) >= BODY_BYTES:
                    break
        finally:
            exchange.close()
    except (BadAnswer, h11.LocalProtocolError) as error:
        raise NoAnswer(f"{address}:{port} is open, but {error}.") from error
    text = bytes(body[:BODY_BYTES]).decode("utf-8", "replace")
    first = "".join(letter if letter.isprintable() else " " for letter in text[:160]).strip()
    return 200 <= exchange.status < 400, f"{exchange.status} {first}".strip(), source_seen(text)


def source_seen(text: str) -> str:
    """The source address that the answering side says it saw; "" when it says none."""
    seen = SEEN.search(text)
    try:
        return str(ipaddress.ip_address(seen[1])) if seen else ""
    except ValueError:
        return ""
