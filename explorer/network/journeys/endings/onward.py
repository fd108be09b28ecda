"""The packet was to go on: the neighbour that did not answer, the route that is missing, the wire where it was seen last. The
end that is not known is here too."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.evidence import (
    Sentence,
    arp_asked,
    asking_by,
    counter_moved,
    frame_seen,
    interface_is,
    looked_up,
    neighbour_is,
    sender_told,
    switch_is,
    unseen,
)
from explorer.network.journeys.gathered import Sighting
from explorer.network.journeys.headers import ICMP6, in_frame
from explorer.network.journeys.kernel import Looked
from explorer.network.journeys.model import Evidence
from explorer.network.journeys.seen import SeenPacket

FILTERED = "TcpExtIPReversePathFilter"
Silent = tuple[str, Evidence, *tuple[Evidence, ...]]


def no_neighbour(case: Case) -> End | None:
    for place in dict.fromkeys(one.sighting.place for one in reversed(case.seen)):
        if case.last.sighting.place == place and (silent := silent_neighbour(case, place)):
            text, *grounds = silent
            return End("unanswered", Sentence(text, *grounds, frame_seen(case.last.sighting, case.last.ends)), place)
    return None


def silent_neighbour(case: Case, place: str) -> Silent | None:
    """The place asked by ARP or neighbour discovery for the next hop of this very packet, and nobody answered."""
    for looked in _onward(case, place):
        hop = looked.via or looked.asked.destination
        entry = case.neighbour(place, hop)
        device = looked.device if asked_in_vain(case.gathered.sightings, place, hop) else ""
        failing = entry and entry.state in ("failed", "incomplete")
        if device and (failing or entry is None):
            text = f"{place} asked by {asking_by(hop)} on {device} who has {hop}; nobody answered"
            return (
                text,
                arp_asked(place, hop, device, False),
                looked_up(looked),
                *([neighbour_is(place, entry)] if entry else ()),
            )
        if failing and entry:
            text = f"{place} found nobody who has {hop} on {entry.device}"
            return (text, neighbour_is(place, entry), looked_up(looked))
    return None


def _onward(case: Case, place: str) -> list[Looked]:
    """The kernel's routes for the packet as it leaves the place."""
    ends = case.form(place)
    looked = case.answers(place).looked
    fitting = [one for one in looked if ends is None or one.asked.destination == ends.destination]
    return [one for one in fitting if one.kind == "unicast"]


def asked_in_vain(sightings: Iterable[Sighting], place: str, address: str) -> str:
    """The interface by which the place asked for this address, by ARP or neighbour discovery, when no answer was seen; else
    ""."""
    device = ""
    for one in sightings:
        what, who = _neighbours_message(one) if one.place == place else ("", "")
        if what == "answer" and who == address:
            return ""
        if one.way == "out" and what == "question" and who == address:
            device = one.device
    return device


ARP = bytes((8, 6, 0, 1, 8, 0, 6, 4))  # the type of the frame, and that it asks by Ethernet for addresses of IPv4 (RFC 826)
SOLICITATION, ADVERTISEMENT = 135, 136  # types of ICMPv6 (RFC 4861)


def _neighbours_message(one: Sighting) -> tuple[str, str]:
    """Whether a frame asks who has an address or answers it, and which address."""
    if one.data[12:20] == ARP and len(one.data) >= 42:
        sender, target = (str(IPv4Address(one.data[at : at + 4])) for at in (28, 38))
        return {1: ("question", target), 2: ("answer", sender)}.get(int.from_bytes(one.data[20:22]), ("", ""))
    ip = in_frame(one.data) if one.data[12:14] == b"\x86\xdd" else None
    message = one.data[ip.after : ip.after + 24] if ip and ip.protocol == ICMP6 else b""
    if len(message) < 24 or message[0] not in (SOLICITATION, ADVERTISEMENT):
        return "", ""
    return "answer" if message[0] == ADVERTISEMENT else "question", str(IPv6Address(message[8:24]))


def no_route(case: Case) -> End | None:
    """It came in, it is not for this place, and the kernel of the place has no way on for it."""
    if not case.seen or case.last.sighting.way != "in":
        return None
    last = case.last
    place = last.sighting.place
    looked = case.looked(place, case.form(place))
    if looked is None or not looked.errno:
        return None
    seen, route = frame_seen(last.sighting, last.ends), looked_up(looked)
    name = forwarding_switch(looked.asked.destination, last.sighting.device)
    if case.answers(place).switches.get(name) == "0":
        said = f"arrived at {place}, is for another machine, and {place} does not forward"
        return End("unreachable", Sentence(said, seen, route, switch_is(place, name, "0")), place)
    if filtered := _filtered(case, place, last.sighting.device):
        said = f"{place} dropped it: reverse-path filter: by its own routes it would answer by another interface"
        return End("dropped", Sentence(said, *filtered, seen, route), place)
    if refusing := case.refusing_route(place, looked):
        said = f"{place} refuses it: its {refusing.words} says so"
        return End("unreachable", Sentence(said, seen, route), place)
    none = looked.errno == errno.ENETUNREACH
    why = f"has no route to {looked.asked.destination}" if none else f"refuses it ({os.strerror(looked.errno)})"
    return End("unreachable", Sentence(f"{place} {why}: the packet ends here", seen, route), place)


def forwarding_switch(destination: str, device: str) -> str:
    """The sysctl that decides whether a packet that came in there is forwarded."""
    return "net.ipv6.conf.all.forwarding" if ":" in destination else f"net.ipv4.conf.{device}.forwarding"


def _filtered(case: Case, place: str, device: str) -> tuple[Evidence, *tuple[Evidence, ...]] | None:
    """Whether the reverse-path filter is on, counted a packet, and the way back leads elsewhere."""
    answers, back = case.answers(place), case.way_back(place)
    names = ("net.ipv4.conf.all.rp_filter", f"net.ipv4.conf.{device}.rp_filter")
    on = [name for name in names if answers.switches.get(name, "0") != "0"]
    counted = answers.counters.get(FILTERED, 0)
    if not on or not counted or not back or back.device == device:
        return None
    return switch_is(place, on[0], answers.switches[on[0]]), counter_moved(place, FILTERED, counted), looked_up(back)


def left(case: Case) -> End | None:
    """It was seen last on its way out, and no place saw it after that."""
    if not case.seen or case.last.sighting.way != "out":
        return None
    last = case.last
    place, device = last.sighting.place, last.sighting.device
    seen, copies = frame_seen(last.sighting, last.ends), [(one.sighting.device, one.sighting.place) for one in case.copies]
    deaf = unseen(place, case.listened(), copies)
    looked = next(iter(_onward(case, place)), None)
    hop = looked.via or looked.asked.destination if looked else ""
    entry = case.neighbour(place, hop) if hop else None
    grounds = [looked_up(looked) if looked else None, neighbour_is(place, entry) if entry else None]
    if looked and looked.via and case.scene.whole and not case.scene.owner(looked.via):
        said = f"its way on, {looked.via}, is no machine of this sandbox"
        if not case.scene.is_bridge(place, looked.device):
            said += ": the LAN leads nowhere else"
        return End("lost", Sentence(f"left {place} by {device}; {said}", seen, *grounds, deaf), place)
    if why := _frame_for(case, last):
        text, ground = why
        return End("lost", Sentence(f"left {place} by {device}; {text}", seen, ground, *grounds, deaf), place)
    return End("lost", Sentence(f"left {place} by {device} and was seen nowhere else", seen, *grounds, deaf), place)


def _frame_for(case: Case, last: SeenPacket) -> tuple[str, Evidence] | None:
    """Whose MAC address the frame is sent to."""
    layer = last.packet.find("Ethernet", depth=0)
    mac = layer.get("destination") if layer else ""
    if not mac or int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        return None
    held = case.scene.with_mac(mac)
    if held:
        place, name = held[0]
        if place == last.sighting.place:
            return None
        return f"its frame is for {mac}, {name} of {place}, which did not see it", interface_is(
            place, f"{name} has the MAC address {mac}"
        )
    if not case.scene.whole:
        return None
    text = f"its frame is for {mac}, a MAC address that no interface of this sandbox has"
    return text, interface_is(last.sighting.place, f"no interface that is seen has the MAC address {mac}")


def not_known(case: Case) -> End:
    if not case.seen:
        told = sender_told(case.source, case.gathered.outcome, case.gathered.errno)
        return End("unknown", Sentence("it is not known what became of it: it was seen nowhere", told), case.source)
    last = case.last
    place, way = last.sighting.place, "arrived at" if last.sighting.way == "in" else "left"
    looked = case.looked(place, case.form(place))
    grounds = [looked_up(looked) if looked else None]
    said = f"{way} {place} and was not seen again; what ended it is not known"
    return End("unknown", Sentence(said, frame_seen(last.sighting, last.ends), *grounds), place)
