"""What a sentence about a packet rests on. A `Sentence` cannot be made without evidence.

Each kind of evidence has one function here that makes it from what was gathered, so its words are the same everywhere.
`command` is what a person can type in the place to see the same.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.network.journeys.ends import Ends, with_port
from explorer.network.journeys.gathered import Drop, NameSearch, Sighting
from explorer.network.journeys.icmp import IcmpError
from explorer.network.journeys.kernel import Listener, Looked, Neighbour, Tracked
from explorer.network.journeys.model import Evidence, Met
from explorer.network.packets import Packet

IPTABLES = ("nat", "filter", "raw", "mangle", "security")  # other tables are made with nft


@dataclass(frozen=True, slots=True, init=False)
class Sentence:
    """A statement and what it rests on: at least one piece of evidence."""

    text: str
    evidence: tuple[Evidence, ...]

    def __init__(self, text: str, first: Evidence, *more: Evidence | None) -> None:
        if not isinstance(first, Evidence):
            raise TypeError(f"“{text}” was to be said without evidence")
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "evidence", (first, *(one for one in more if one is not None)))


def rule_met(place: str, met: Met) -> Evidence:
    unknown = "policy" if met.rule.startswith("policy ") else "a rule whose number is not known"
    number = f"rule {met.position}" if met.position else unknown
    rule = f": {met.rule}" if met.rule else ""
    text = f"the kernel's trace names {met.chain} ({met.table}), {number}{rule} → {met.verdict}"
    program, table = ("ip6tables", met.table[4:]) if met.table.startswith("ip6 ") else ("iptables", met.table)
    command = f"{program} -t {table} -nvL {met.chain} --line-numbers" if table in IPTABLES else _nft(met)
    return Evidence(kind="rule", place=place, text=text, command=command)


def _nft(met: Met) -> str:
    family, _, table = met.table.rpartition(" ")
    return f"nft -a list chain {family or 'ip'} {shlex.quote(table)} {shlex.quote(met.chain)}"


def frame_seen(one: Sighting, ends: Ends | None) -> Evidence:
    way = "leaving by" if one.way == "out" else "arriving on"
    who = f": {ends.words()}" if ends else ""
    return Evidence(kind="frame", place=one.place, text=f"its frame was seen {way} {one.device}{who}")


def answer_seen(one: Sighting, ends: Ends | None) -> Evidence:
    who = f": {ends.words()}" if ends else ""
    text = f"the answer to it was seen {'leaving by' if one.way == 'out' else 'arriving on'} {one.device}{who}"
    return Evidence(kind="frame", place=one.place, text=text)


def answer_said(one: Sighting, packet: Packet) -> tuple[str, str, Evidence] | None:
    """Question and result of a name server's answer that gives no address; None for other packets."""
    layer = packet.find("DNS")
    if layer is None or not layer.get("kind").startswith("answer") or layer.get("answer"):
        return None
    question, result = layer.get("question").rpartition(" ")[2], layer.get("result")
    words = result.partition("(")[2].rstrip(")") or result
    text = f"the name server's answer to {question or 'the question'} says: {result}, and holds no address"
    said = "no address" if words == "no error" else words
    return question or "that name", said, Evidence(kind="frame", place=one.place, text=text)


def unseen(place: str, listened: Iterable[str], copies: Iterable[tuple[str, str]] = ()) -> Evidence:
    """`copies` are the (interface, place) that saw the frame, which was for another MAC address."""
    names, others = sorted(listened), sorted({f"{device} of {where}" for device, where in copies})
    told = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    seen = "not seen there"
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        seen = f"seen only by interfaces with another MAC address, to which a bridge gave a copy: {', '.join(others[:3])}{more}"
    return Evidence(kind="unseen", place=place, text=f"every interface of {told} was listened to; nothing lost, and {seen}")


def looked_up(looked: Looked) -> Evidence:
    if looked.errno:
        told = f"the kernel refuses: {os.strerror(looked.errno)}"
    else:
        via = f" via {looked.via}" if looked.via else ""
        kind = "" if looked.kind == "unicast" else f"{looked.kind} "
        told = f"{kind}dev {looked.device}{via} (route {looked.matched or looked.asked.destination})"
    return Evidence(kind="route", place=looked.asked.place, text=f"{looked.command}: {told}", command=looked.command)


def counter_moved(place: str, name: str, by: int) -> Evidence:
    return Evidence(kind="counter", place=place, text=f"counter {name} rose by {by}", command=f"nstat -az {name}")


def socket_listens(place: str, one: Listener) -> Evidence:
    flag = "t" if one.protocol == "tcp" else "u"
    waiting = f"; {one.waiting} wait there" if one.waiting else ""
    only = f", and hears {one.remote} only" if one.remote else ""
    text = f"a {one.protocol.upper()} socket listens on {with_port(one.address, str(one.port))}{only}{waiting}"
    return Evidence(kind="socket", place=place, text=text, command=f"ss -ln{flag}")


def nobody_listens(place: str, protocol: str, port: int) -> Evidence:
    flag = "t" if protocol == "tcp" else "u"
    return Evidence(
        kind="socket",
        place=place,
        text=f"the kernel lists no {protocol.upper()} socket for port {port}",
        command=f"ss -ln{flag}",
    )


def icmp_error(one: IcmpError) -> Evidence:
    place = one.sighting.place
    return Evidence(
        kind="icmp",
        place=place,
        text=f"{one.protocol} “{one.words}” from {one.sender} quotes this packet; seen on {one.sighting.device}",
    )


def neighbour_is(place: str, one: Neighbour) -> Evidence:
    mac = f" {one.mac}" if one.mac else ""
    text = f"neighbour {one.address} dev {one.device}{mac} is {one.state.upper()}"
    return Evidence(kind="neighbour", place=place, text=text, command=f"ip neigh show {one.address}")


def arp_asked(place: str, address: str, device: str, answered: bool) -> Evidence:
    told = "and was answered" if answered else "and no answer was seen"
    return Evidence(kind="arp", place=place, text=f"asked by {asking_by(address)} on {device} who has {address}, {told}")


def asking_by(address: str) -> str:
    """How a neighbour with this address is looked for."""
    return "neighbour discovery" if ":" in address else "ARP"


def switch_is(place: str, name: str, value: str) -> Evidence:
    parts = name.split(".")  # the name of an interface may have dots itself, and then sysctl wants slashes
    typed = "/".join([*parts[:3], ".".join(parts[3:-1]), parts[-1]]) if parts[2:3] == ["conf"] and len(parts) > 5 else name
    return Evidence(kind="switch", place=place, text=f"sysctl {name} = {value}", command=f"sysctl {shlex.quote(typed)}")


def kernel_dropped(one: Drop) -> Evidence:
    where = f" on {one.device}" if one.device else ""
    return Evidence(
        kind="drop",
        place=one.place,
        text=f"the kernel dropped it{where}: {one.reason}, in {one.function or 'a function without a name'}()",
    )


def legacy_tables(place: str, tables: Iterable[str]) -> Evidence:
    text = f"iptables-legacy has tables here: {', '.join(tables)}"
    return Evidence(kind="rule", place=place, text=text, command="iptables-legacy-save -c")


def sender_told(place: str, outcome: str, errno: int = 0) -> Evidence:
    told = f"{outcome} ({os.strerror(errno)})" if errno else outcome
    return Evidence(kind="sender", place=place, text=f"the sender's socket was told: {told or 'nothing'}")


def interface_is(place: str, text: str) -> Evidence:
    return Evidence(kind="interface", place=place, text=text, command="ip -d link")


def names_asked(place: str, names: NameSearch) -> Evidence:
    lines = [f"nameserver {server}" for server in (names.server, *names.others)]
    lines += [f"search {' '.join(names.search)}"] if names.search else []
    asked = ", then ".join(f"{one.name} ({one.said})" for one in names.asked)
    text = f"its resolv.conf says “{'; '.join(lines)}”; asked there, in this order: {asked or names.wanted}"
    return Evidence(kind="resolver", place=place, text=text, command="cat /etc/resolv.conf")


def tracked_as(place: str, one: Tracked) -> Evidence:
    protocol, command = one.asked.protocol, f"conntrack -L -p {one.asked.protocol}"
    if one.original is None or one.reply is None:
        text = f"the kernel tracks no {protocol.upper()} connection {one.asked.ends.words()}"
    else:
        text = f"the kernel tracks {protocol.upper()} {one.original.words()}, whose answers go {one.reply.words()}"
        text += "" if one.replied else "; none was seen"
    return Evidence(kind="tracked", place=place, text=text, command=command)
