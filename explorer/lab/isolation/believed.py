"""Tries whether anybody believes what a host says by IPv6: that it is a router, a better way, a neighbour.

The host sends it into its LAN; the node then looks into the kernels that must not believe it: its own, the engine's, one of
another sandbox, and for routers also that of a neighbour on the same LAN. The marks that are looked for are made for one try.
The last try is the control: one neighbour is made to listen to routers, and has to believe; otherwise nothing was tried.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.errors import LabError
from explorer.lab.hosts import ipv6
from explorer.lab.hosts.run import BoundedOutput, run_in
from explorer.lab.inside import netns
from explorer.lab.isolation import announce
from explorer.lab.isolation.tried import Tried

SECONDS = patient(20.0)
BELIEVED = 1.5  # seconds: so long may a kernel take to believe
MOST_BYTES = 4096
NEIGHBOUR = "a neighbour on its LAN"
HELD_BY = "a LAN of its own, no IPv6 in the engine's namespace, accept_ra off"


@dataclass(frozen=True, slots=True)
class Marks:
    """A kernel that believed has an address or route of `prefix`, a route by `router`, the neighbour `pretended`."""

    prefix: str
    router: str
    pretended: str


def try_announcing(
    config: LabConfig, sandbox: str, facts: Mapping[str, Any], other: Mapping[str, Any], origin: str
) -> list[Tried]:
    """`facts` are those of the sandbox whose h1 speaks; `other` those of another sandbox. Nothing is tried where the node's
    kernel speaks no IPv6. Raises LabError when the host cannot speak."""
    if not ipv6.spoken():
        return []
    marks, neighbour = _marks(facts), facts["machines"]["outside"]
    near = _space(config, neighbour["container"])
    far = {
        "the node": Path("/proc/self/ns/net"),
        "the engine": Path("/run/netns", config.netns),
        "another sandbox": _space(config, other["hosts"]["h1"]["container"]),
    }
    asked = [neighbour["address6"], other["hosts"]["h1"]["address6"]]
    _announce(config, sandbox, marks, asked)
    routers = {who: _believes_router(space, marks) for who, space in {**far, NEIGHBOUR: near}.items()}
    neighbours = {who: _believes_neighbour(space, marks) for who, space in far.items()}
    known_near = _believes_neighbour(near, marks)
    _listen_to_routers(near)
    _announce(config, sandbox, marks, asked)
    return [
        _outcome(origin, "a host is a router (IPv6 router advertisement, redirect)", routers, _believes_router(near, marks)),
        _outcome(origin, "a host is somebody else (IPv6 neighbour advertisement, solicitation)", neighbours, known_near),
    ]


def _marks(facts: Mapping[str, Any]) -> Marks:
    word = secrets.token_hex(5)
    prefix = f"fd{word[:2]}:{word[2:6]}:{word[6:]}:bad::"
    subnet = str(facts["subnet6"]).partition("::")[0]
    return Marks(prefix, f"fe80::{word[2:6]}:bad", f"{subnet}::{word[6:]}:bad")


def _outcome(origin: str, name: str, believed: Mapping[str, bool], control: bool) -> Tried:
    believing = [who for who, so in believed.items() if so]
    if believing:
        return Tried(origin, name, HELD_BY, f"got through: {', '.join(believing)} believes it", False, True)
    if not control:
        return Tried(origin, name, HELD_BY, "no attempt: who would believe it did not either", False, False)
    return Tried(origin, name, HELD_BY, f"{len(believed)} kernels heard nothing of it or did not believe it", True, True)


def _announce(config: LabConfig, sandbox: str, marks: Marks, asked: Iterable[str]) -> None:
    goal = {"prefix": marks.prefix, "router": marks.router, "pretended": marks.pretended, "asked": list(asked)}
    output = BoundedOutput(MOST_BYTES)
    argv = ["python3", "-", json.dumps(goal)]
    status = run_in(config, sandbox, "h1", argv, output.write, SECONDS, Path(announce.__file__).read_bytes())
    if status or not output.out.startswith(b"sent"):
        raise LabError("A host could not announce itself as a router.", f"{status}, {output.err[-200:]!r}")
    time.sleep(BELIEVED)


def _space(config: LabConfig, container: str) -> Path:
    with session(config) as client:
        return Path(f"/proc/{int(client.api.inspect_container(container)['State']['Pid'])}/ns/net")


def _believes_router(space: Path, marks: Marks) -> bool:
    told = {address for about in ("addr", "route") for address in _addresses(space, about)}
    return IPv6Address(marks.router) in told or any(address in IPv6Network(f"{marks.prefix}/64") for address in told)


def _believes_neighbour(space: Path, marks: Marks) -> bool:
    return IPv6Address(marks.pretended) in _addresses(space, "neigh")


def _addresses(space: Path, about: str) -> Iterator[IPv6Address]:
    """The addresses among the words, which a kernel may spell otherwise than we do."""
    for word in _words(space, about):
        with suppress(ValueError):
            yield IPv6Address(word.partition("/")[0])


def _words(space: Path, about: str) -> list[str]:
    """The words of what the kernel of this namespace has of IPv6. `ip` is the node's own; it reads no file of a sandbox."""
    cached = ["show", "table", "all"] if about == "route" else []
    words = ["nsenter", f"--net={space}", "ip", "-6", about, *cached]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=SECONDS).stdout.split()


def _listen_to_routers(space: Path) -> None:
    fd = os.open(space, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with netns.inside(fd):
            Path("/proc/sys/net/ipv6/conf/eth0/accept_ra").write_text("1")
    finally:
        os.close(fd)
