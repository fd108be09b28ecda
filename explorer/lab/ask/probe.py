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
from explorer.network.journeys.ends import with_port
from explorer.network.model import Interface, Place, Probe, Route
from explorer.network.read.resolv_conf import read_resolver

SECONDS = patient(1.0)
BODY_BYTES = 4 * 1024
SEEN = re.compile(r"you are \[?([0-9a-fA-F.:]{2,45})\]?:(\d{1,5})\b")
LAST = ("bridge", "loopback")  # interfaces that do not lead to other places
PORT = range(1, 65536)
ECHO_REQUEST, ECHO_REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}  # version of IP → the type of the ICMP message


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


async def resolve(target: str, namespace: Namespace, places: dict[str, Place], version: int = 4) -> str:
    """The address to use: an address as it is, a place's first address, or the address of the name in that namespace. With
    version 6, only addresses of IPv6; with 4, those only where there is none of IPv4. Raises NoAnswer."""
    if address := literal(target):
        return address
    wanted = "IPv6 address" if version == 6 else "address"
    for one in (6,) if version == 6 else (4, 6):
        found = first_address(places[target], places, one) if target in places else await _named(target, namespace, one)
        if found:
            return found
    raise NoAnswer(f"{target} has no {wanted}." if target in places else f"The name {target[:64]} has no {wanted} here.")


def literal(target: str) -> str:
    """The address that this text is, also in the brackets of a URL; "" when it is none. Raises NoAnswer for an address that
    means another interface on each link."""
    try:
        address = ipaddress.ip_address(target.removeprefix("[").removesuffix("]"))
    except ValueError:
        return ""
    if address.version == 6 and address.is_link_local:
        raise NoAnswer(f"{target} is a link-local address: each interface has its own link. Ask for an address of a network.")
    return str(address)


async def _named(name: str, namespace: Namespace, version: int) -> str:
    found = named_in(read_below(namespace.pid, "etc/hosts"), name, version)
    return found or await ask_name(namespace, name, read_resolver(read_below(namespace.pid, "etc/resolv.conf")), version)


def first_address(place: Place, places: dict[str, Place], version: int = 4) -> str:
    """The address by which others know the place: a host's or machine's on the interface of its default route, whatever else
    was made there since; a container's on its first interface that leads to other places."""
    seen = places.get(place.shares, place).views.get("interfaces")
    interfaces = [item for item in seen.items if isinstance(item, Interface)] if seen else []
    routes = places.get(place.shares, place).views.get("routes")
    known = routes.items if routes and place.kind != "container" else ()
    out = {item.dev for item in known if isinstance(item, Route) and item.destination == "default"}
    for interface in sorted(interfaces, key=lambda one: (one.name not in out, one.kind in LAST, one.index)):
        for address in interface.addresses:
            if address.family == ("inet6" if version == 6 else "inet") and address.scope == "global":
                return address.cidr.partition("/")[0]
    return ""


def named_in(hosts: str, name: str, version: int = 4) -> str:
    kind = ipaddress.IPv6Address if version == 6 else ipaddress.IPv4Address
    for line in hosts.splitlines():
        words = line.partition("#")[0].split()
        if name in words[1:]:
            try:
                return str(kind(words[0]))
            except ValueError:
                continue
    return ""


async def ping(namespace: Namespace, address: str, identity: int | None = None) -> str:
    """A sentence, once the answer is here. The caller limits the time. `identity` is the ICMP identifier to use."""
    loop = asyncio.get_running_loop()
    version = 6 if ":" in address else 4
    with echo_socket(namespace, version) as raw:
        raw.connect((address, 0))
        mark = secrets.token_bytes(16)
        sent = loop.time()
        await loop.sock_sendall(raw, echo_request(identity or int.from_bytes(mark[:2]), mark, version))
        while True:
            message = echo_message(await receive(raw), version)
            if message[:1] == bytes([ECHO_REPLY[version]]) and message[8:] == mark:
                return f"{address} answered in {(loop.time() - sent) * 1000:.1f} ms"


def echo_socket(namespace: Namespace, version: int) -> socket.socket:
    if version == 6:
        return namespace.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    return namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def echo_message(packet: bytes, version: int) -> bytes:
    """The ICMP message in what such a socket received: that of IPv4 gives the IP header too."""
    return packet if version == 6 or not packet else packet[(packet[0] & 15) * 4 :]


def echo_request(identity: int, mark: bytes, version: int = 4) -> bytes:
    """An ICMP echo request with sequence number 1; `mark` is its payload, with an even number of bytes. It has a checksum; that
    of ICMPv6 is the kernel's work."""
    if version == 6:
        return struct.pack(">BBHHH", ECHO_REQUEST[6], 0, 0, identity, 1) + mark
    head = struct.pack(">BBHHH", ECHO_REQUEST[4], 0, 0, identity, 1)
    words = struct.unpack(f">{len(head + mark) // 2}H", head + mark)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack(">BBHHH", ECHO_REQUEST[4], 0, ~(total + (total >> 16)) & 0xFFFF, identity, 1) + mark


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


async def http(namespace: Namespace, address: str, port: int, opened: socket.socket | None = None) -> tuple[bool, str, str]:
    """(status below 400, status and first line, the source address that the server says it saw) of one GET /. `opened` is the
    TCP socket to use. Raises NoAnswer."""
    if port not in PORT:
        raise NoAnswer(f"{port} is not a port.")
    loop = asyncio.get_running_loop()
    opened = opened or namespace.socket(family_of(address), socket.SOCK_STREAM)
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
        raise NoAnswer(f"{with_port(address, str(port))} is open, but {error}.") from error
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
