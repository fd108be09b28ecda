"""Attempts to reach something outside the sandbox over the network. It runs inside a sandbox: standard library only.

`goal` says what there is to reach: `addresses` of the node and of other sandboxes, the `port` on which the node listens by TCP
and by UDP, its `abstract` unix socket, paths of its `sockets`, and the `gateway` of the LAN.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterable

from explorer.lab.isolation.harness import NoAttempt, Refused, add, attempt, goal

WORD = b"anybody there?"
WAIT = 1.0  # seconds for all addresses together
LAN = "internal LAN, a network namespace without uplink"
PUBLIC = ("1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "169.254.169.254")
QUESTION = struct.pack(">6H", 77, 0x100, 1, 0, 0, 0) + b"\7example\3com\0" + struct.pack(">2H", 1, 1)


def addresses() -> list[str]:
    return [str(address) for address in goal()["addresses"]]


def port() -> int:
    return int(str(goal()["port"]))


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def knock(targets: Iterable[tuple[str, int]]) -> object:
    """TCP to all of them at once; a target that accepts has been reached, one that refuses is there."""
    waiting: dict[socket.socket, str] = {}
    count = 0
    for address, number in targets:
        count += 1
        one = socket.socket(family(address), socket.SOCK_STREAM)
        one.setblocking(False)
        try:
            with contextlib.suppress(BlockingIOError):
                one.connect((address, number))
        except OSError:
            continue
        waiting[one] = f"{address}:{number}"
    return first_open(waiting, count)


def first_open(waiting: dict[socket.socket, str], count: int) -> object:
    until = time.monotonic() + WAIT
    while waiting and (left := until - time.monotonic()) > 0:
        for one in select.select([], list(waiting), [], left)[1]:
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                return f"{waiting[one]} accepts"
            del waiting[one]
    raise Refused(f"{count} tried, none accepts")


def ask(targets: Iterable[tuple[str, int]], question: bytes) -> object:
    """UDP to all of them at once."""
    sockets = {kind: socket.socket(kind, socket.SOCK_DGRAM) for kind in (socket.AF_INET, socket.AF_INET6)}
    count = 0
    for address, number in targets:
        count += 1
        with contextlib.suppress(OSError):
            sockets[family(address)].sendto(question, (address, number))
    until = time.monotonic() + WAIT
    while (left := until - time.monotonic()) > 0:
        for one in select.select(list(sockets.values()), [], [], left)[0]:
            with contextlib.suppress(OSError):
                return f"{one.recvfrom(512)[1][0]} answered"
    raise Refused(f"{count} asked, none answered")


def routed(act: Callable[[], object], *ways: str) -> Callable[[], object]:
    """The same with routes of the attacker's own to every address; it needs NET_ADMIN."""

    def with_routes() -> object:
        found = [address for address in addresses() if ":" not in address]
        set_ = sum(ip("replace", address, *ways) == 0 for address in found)
        try:
            if not set_:
                raise NoAttempt("no route could be set")
            return act()
        finally:
            for address in found:
                ip("del", address)

    return with_routes


def ip(verb: str, address: str, *ways: str) -> int:
    words = ["ip", "route", verb, f"{address}/32", *(gateway() if way == "GATEWAY" else way for way in ways)]
    return subprocess.run(words, capture_output=True, check=False).returncode


def gateway() -> str:
    return str(goal()["gateway"])


def by_tcp() -> object:
    return knock((address, port()) for address in addresses())


def by_udp() -> object:
    return ask(((address, port()) for address in addresses()), WORD)


add("every address of the node and of another sandbox, by TCP", LAN, (), by_tcp)
add("every address of the node and of another sandbox, by UDP", LAN, (), by_udp)
add(
    "every address by TCP, by a route over the LAN's gateway",
    LAN,
    (),
    routed(by_tcp, "via", "GATEWAY", "onlink", "dev", "eth0"),
)
add(
    "every address by UDP, by a route over the LAN's gateway",
    LAN,
    (),
    routed(by_udp, "via", "GATEWAY", "onlink", "dev", "eth0"),
)
add("every address by TCP, as if they were on the LAN", LAN, (), routed(by_tcp, "dev", "eth0"))


@attempt("services of the node on the LAN's gateway, by TCP", LAN)
def gateway_services() -> object:
    numbers = (22, 53, 80, 111, 443, 2375, 2376, 2377, 4789, 5432, 5433, 6379, 6380, 7946, 8000, 8001, 8443, 9100, port())
    return knock((gateway(), number) for number in numbers)


@attempt("the node's name server, and one of its by the engine's resolver", LAN)
def name_servers() -> object:
    """The engine's resolver listens on 127.0.0.11 in every container, on a port of its own; its own refusal is no answer."""
    targets = {(address, 53) for address in (*addresses(), gateway(), "10.255.255.53")}
    if (found := engines_resolver()) and (answers := answers_of(found)):
        return f"{answers} answers for example.com"
    return ask(targets, QUESTION)


def engines_resolver() -> int:
    with open("/proc/net/udp") as lines:
        ports = [int(line.split()[1].split(":")[1], 16) for line in lines if line.split()[1].startswith("0B00007F")]
    return ports[0] if ports else 0


def answers_of(number: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(WAIT)
        try:
            one.sendto(QUESTION, ("127.0.0.11", number))
            return int(struct.unpack(">H", one.recv(512)[6:8])[0])
        except OSError:
            return 0


@attempt("the internet and the cloud's metadata, by TCP", LAN)
def internet() -> object:
    return knock((address, number) for address in PUBLIC for number in (53, 80, 443))


@attempt("the internet, by UDP", LAN)
def internet_by_udp() -> object:
    return ask([(address, 53) for address in PUBLIC], QUESTION)


@attempt("abstract unix sockets of the node", "network namespace", "ECONNREFUSED")
def abstract() -> object:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.connect("\0" + str(goal()["abstract"]))
        return one.recv(16)


@attempt("unix sockets of the node, in the file system", "mount namespace", "ENOENT", "EACCES", "ECONNREFUSED")
def unix_paths() -> object:
    paths = [str(path) for path in goal()["sockets"]]
    last = OSError(2, "")
    for path in (*paths, *(f"/proc/1/root{path}" for path in paths)):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
                one.connect(path)
                return path
        except OSError as error:
            last = error
    raise last


@attempt("the machine under the node: vsock", "seccomp: socket, by family", "EAFNOSUPPORT", "EPERM")
def vsock() -> object:
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as one:
        one.settimeout(WAIT)
        one.connect((2, 1024))
        return os.getpid()
