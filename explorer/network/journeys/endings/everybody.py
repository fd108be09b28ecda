"""A frame for many: a broadcast, a multicast, a question by ARP. It has no single end, so it is said who took it in."""

from __future__ import annotations

from explorer.network.journeys.endings.case import Case, End, hears
from explorer.network.journeys.evidence import Sentence, answer_seen, arp_asked, frame_seen, rule_met, socket_listens, unseen
from explorer.network.journeys.model import Evidence
from explorer.network.journeys.seen import SeenPacket

SHOWN = 6  # places that are named


def for_everybody(case: Case) -> End | None:
    """None for a frame that is for one machine, and for one that was answered: then it is known who took it."""
    if not case.seen or case.mark.answer or not (group := _group(case.seen[0])):
        return None
    first = case.seen[0].sighting
    seen = frame_seen(first, case.seen[0].ends)
    taken = _taken_in(case, first.place)
    grounds = [frame_seen(one.sighting, one.ends) for one in list(taken.values())[:SHOWN]]
    deaf = unseen(first.place, case.listened())
    if case.mark.protocol == "ARP":
        wanted = next((value for name, value in case.mark.fields if name == "target IP"), "")
        if case.reply:
            said = f"{first.place} asked by ARP on {first.device} who has {wanted}; it was answered"
            answer = answer_seen(case.reply[0].sighting, case.reply[0].ends)
            return End("arrived", Sentence(said, answer, seen, *grounds), case.reply[0].sighting.place)
        said = f"{first.place} asked by ARP on {first.device} who has {wanted}; nobody answered"
        asked = arp_asked(first.place, wanted, first.device, False)
        return End("unanswered", Sentence(said, asked, seen, *grounds, deaf), first.place)
    stopped = case.stopping_rule()
    if not taken:
        said = f"left {first.place} by {first.device} for {group}, and nobody took it in"
        return None if stopped else End("lost", Sentence(said, seen, deaf), first.place)
    more = f" and {len(taken) - SHOWN} more" if len(taken) > SHOWN else ""
    said = f"sent to {group}: it came in at {', '.join(list(taken)[:SHOWN])}{more}"
    heard = [ground for name in taken if (ground := _listens(case, name))]
    if heard:
        said += f"; a program has that port in {', '.join(one.place for one in heard)}"
    elif case.mark.transport == "udp":
        said += "; no program there has that port"
    if stopped and (told := case.met(*stopped)):
        said += f"; {told[0]}"
        grounds.append(rule_met(stopped[0], told[1]))
    return End("arrived", Sentence(said, seen, *grounds, *heard), list(taken)[-1])


def _group(one: SeenPacket) -> str:
    """Whom a frame for many is for, in words; "" for a frame that is for one machine."""
    layer = one.packet.find("Ethernet", depth=0)
    mac = layer.get("destination") if layer else ""
    if not mac or not int(mac[:2], 16) & 1:
        return ""
    if mac == "ff:ff:ff:ff:ff:ff":
        return "everybody on its network"
    return f"the multicast group {one.ends.destination if one.ends else mac}"


def _taken_in(case: Case, sender: str) -> dict[str, SeenPacket]:
    """Place → where the frame came in for the place itself, not at a port of a bridge. A machine that sends hears itself."""
    found: dict[str, SeenPacket] = {}
    for one in case.seen:
        at = one.sighting
        if at.way == "in" and at.place != sender and not case.scene.master(at.place, at.device):
            found.setdefault(at.place, one)
    return found


def _listens(case: Case, place: str) -> Evidence | None:
    """A socket of the place that has the packet's port on an address that a packet for many can have."""
    ends = case.form(place)
    if case.mark.transport != "udp" or not ends or not ends.destination_port.isdigit():
        return None
    found = case.listeners(place, "udp", int(ends.destination_port))
    return next((socket_listens(place, one) for one in found if hears(one, ends.destination, ends.source)), None)
