"""The packet is for the place that it came into: who listens there, and on which address."""

from __future__ import annotations

import errno

from explorer.network.journeys.endings.case import Case, End, hears
from explorer.network.journeys.ends import with_port
from explorer.network.journeys.evidence import (
    Sentence,
    answer_said,
    counter_moved,
    frame_seen,
    interface_is,
    looked_up,
    nobody_listens,
    socket_listens,
    switch_is,
)
from explorer.network.journeys.model import Evidence

OVERFLOWS = "TcpExtListenOverflows"
IGNORES = {"ICMP": "net.ipv4.icmp_echo_ignore_all", "ICMPv6": "net.ipv6.icmp.echo_ignore_all"}


def who_listens(case: Case, place: str, protocol: str, address: str, port: str) -> tuple[str, *tuple[Evidence, ...]]:
    """Words about the sockets of that port in the place, and their evidence."""
    if not port.isdigit() or place not in case.gathered.answers or case.answers(place).silent:
        return ("why is not known",)
    found = case.listeners(place, protocol, int(port))
    grounds = tuple(socket_listens(place, one) for one in found[:4])
    ends = case.form(place)
    fitting = [one for one in found if hears(one, address, ends.source if ends else "")]
    kind = protocol.upper()
    if fitting:
        return (f"although a program listens on {with_port(fitting[0].address, port)} of {place}: it was not let in", *grounds)
    if found:
        heard = " and ".join(
            dict.fromkeys(f"{one.address}, for {one.remote}" if one.remote else one.address for one in found[:4])
        )
        return (
            f"nobody listens on {kind} {with_port(address, port)} of {place}: the program there listens on {heard} only",
            *grounds,
        )
    return (f"nobody listens on that port: {kind} {port} of {place}", nobody_listens(place, protocol, int(port)))


def for_this_place(case: Case) -> End | None:
    """It came into a place whose kernel says that the packet is its own, and nothing says that it was dropped."""
    if not case.seen or case.last.sighting.way != "in":
        return None
    last = case.last
    place = last.sighting.place
    ends = case.form(place)
    looked = case.looked(place, ends)
    route = looked_up(looked) if looked and looked.kind == "local" else None
    if looked is None and ends and (device := case.scene.holds(place, ends.destination)):
        route = interface_is(place, f"{device} has the address {ends.destination}")
    if route is None or case.rewriting(place):
        return None
    seen = frame_seen(last.sighting, last.ends)
    if case.mark.answer and case.gathered.deaf:
        said = f"arrived at {place}, where it is for; what became of it there is not known"
        return End("unknown", Sentence(said, seen, route), place)
    if case.mark.answer:
        told = answer_said(last.sighting, last.packet)
        more, evidence = (f": the name server answers “{told[1]}” for {told[0]}", told[2]) if told else ("", None)
        return End("arrived", Sentence(f"delivered to {place}{more}", seen, route, evidence), place)
    if full := _full(case, place):
        said = f"{place} dropped it: the program that listens there accepts no more connections, and no more may wait"
        return End("dropped", Sentence(said, *full, seen, route), place)
    text, *grounds = _why_silent(case, place)
    if case.gathered.deaf and not text:
        said = f"arrived at {place}, where it is for; no answer was seen, and what became of it there is not known"
        return End("unknown", Sentence(said, seen, route, *grounds), place)
    return End("arrived", Sentence(f"delivered to {place}, and no answer was seen{text}", seen, route, *grounds), place)


def _full(case: Case, place: str) -> tuple[Evidence, *tuple[Evidence, ...]] | None:
    """Whether connections wait at the socket that the packet is for, and the kernel counted one that found no room."""
    ends, overflows = case.form(place), case.answers(place).counters.get(OVERFLOWS, 0)
    if case.mark.transport != "tcp" or not ends or not ends.destination_port.isdigit() or not overflows:
        return None
    found = case.listeners(place, "tcp", int(ends.destination_port))
    waiting = next((one for one in found if hears(one, ends.destination, ends.source) and one.waiting), None)
    return (counter_moved(place, OVERFLOWS, overflows), socket_listens(place, waiting)) if waiting else None


def _why_silent(case: Case, place: str) -> tuple[str, *tuple[Evidence, ...]]:
    """What is known of why the place does not answer."""
    switches, back, ends = case.answers(place).switches, case.way_back(place), case.form(place)
    ignores = IGNORES.get(case.mark.protocol, "")
    if switches.get(ignores) == "1":
        return (f": {place} ignores every ping", switch_is(place, ignores, "1"))
    if back and back.errno and ends:
        none = "has no route back to" if back.errno == errno.ENETUNREACH else "does not route back to"
        return (f": {place} {none} {ends.source}", looked_up(back))
    protocol = case.mark.transport
    if ends and ends.destination_port.isdigit() and protocol:
        those = case.listeners(place, protocol, int(ends.destination_port))
        found = [one for one in those if hears(one, ends.destination, ends.source)]
        return (": a program has it" if found and protocol == "udp" else "", *(socket_listens(place, one) for one in found))
    return ("",)
