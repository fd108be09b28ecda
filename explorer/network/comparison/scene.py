"""What a column's commands answered, the places that they were asked in, and the cells that are made of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_interface
from typing import NamedTuple

from explorer.network.drivers.compared import Cell, Mark, Transcript, Variant
from explorer.network.model import Fact, Interface
from explorer.network.read import read_addresses

WHO = re.compile(r"you are \[?([0-9a-fA-F.:]{2,45})\]?:\d{1,5}, I am ([\w.-]{1,64}) ")
NO_NAME, NO_CONNECTION, LATE = 6, 7, 28  # exit statuses of curl


class Heard(NamedTuple):
    """The answer of one command. `text` may be longer than the part that the evidence keeps."""

    evidence: Transcript
    text: str
    seconds: float


Answers = Mapping[str, Heard]


class Scene(Fact):
    """The containers and hosts of a column. `server` is the name that its web server gives itself; `address` is the server's
    own IPv4 address, "" when it has none; a 6 marks IPv6."""

    variant: Variant
    server: str
    address: str
    host: str
    outside: str
    address6: str = ""
    host6: str = ""
    outside6: str = ""

    @property
    def by_family(self) -> bool:
        """Whether it is asked by IPv6 as well: IPv6 has a part in it, and the sandbox's LAN has IPv6."""
        return self.variant.ipv6 and bool(self.host6 and self.outside6)

    @property
    def server_at(self) -> str:
        """The address and port at which to ask the server without a published port."""
        return self.host if self.variant.in_host else self.address


# --- cells ---


def reached(row: str, scene: Scene, heard: Heard) -> Cell:
    who = WHO.search(heard.text)
    evidence = (heard.evidence,)
    if heard.evidence.status == 0 and who and who[2] in (scene.server, "h1"):
        return cell(row, "yes", "yes", evidence, value=f"server sees {who[1]}")
    if who:
        return cell(row, "no", "somebody else answers", evidence, value=who[2])
    name_known = heard.evidence.status in (NO_CONNECTION, LATE) and "Resolving timed out" not in heard.text
    if row == "by-name" and name_known:
        return cell(row, "partly", "the name, no answer", evidence)
    return cell(row, "no", "no", evidence, value=failure(heard))


def failure(heard: Heard) -> str:
    known = {NO_NAME: "no such name", NO_CONNECTION: "no connection", LATE: "no answer in time"}
    return known.get(heard.evidence.status or 0, "no answer")


def cell(
    row: str,
    mark: Mark,
    word: str,
    evidence: tuple[Transcript, ...] = (),
    value: str = "",
    number: float | None = None,
    unit: str = "",
) -> Cell:
    return Cell(row=row, mark=mark, word=word[:80], value=value[:200], number=number, unit=unit, evidence=evidence)


# --- interfaces ---


def interfaces(text: str) -> list[Interface]:
    return [item for item in read_addresses(text).items if isinstance(item, Interface)]


def main_interface(found: list[Interface], scene: Scene) -> Interface | None:
    """The interface that has the server's own address, else the first one that is not loopback."""
    others = [one for one in found if one.kind != "loopback" and one.name != "lo"]
    if scene.server_at:
        for one in others:
            if any(IPv4Address(scene.server_at) in ip_interface(a.cidr).network for a in one.addresses if a.family == "inet"):
                return one
    return next((one for one in others if ipv4(one)), others[0] if others else None)


def ipv4(interface: Interface) -> list[str]:
    return [one.cidr.partition("/")[0] for one in interface.addresses if one.family == "inet"]
