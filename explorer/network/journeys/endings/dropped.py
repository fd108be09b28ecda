"""The kernel said that it dropped this very packet, and why."""

from __future__ import annotations

import errno
import os

from explorer.network.journeys.endings.case import Case, End
from explorer.network.journeys.endings.local import who_listens
from explorer.network.journeys.endings.onward import forwarding_switch, silent_neighbour
from explorer.network.journeys.endings.reasons import WORDS
from explorer.network.journeys.evidence import (
    Sentence,
    counter_moved,
    frame_seen,
    icmp_error,
    interface_is,
    kernel_dropped,
    legacy_tables,
    looked_up,
    switch_is,
)
from explorer.network.journeys.model import Ending, Evidence
from explorer.network.journeys.seen import Lost

TOLD = tuple[Ending, str, *tuple[Evidence, ...]]
COUNTERS = {
    "IP_INADDRERRORS": ("IpInAddrErrors", "Ip6InAddrErrors"),
    "IP_INNOROUTES": ("IpExtInNoRoutes", "Ip6InNoRoutes"),
    "IP_OUTNOROUTES": ("IpOutNoRoutes", "Ip6OutNoRoutes"),
    "IP_RPFILTER": ("TcpExtIPReversePathFilter", "TcpExtLinuxIPReversePathFilter"),
    "NO_SOCKET": ("UdpNoPorts", "TcpOutRsts"),
    "PKT_TOO_BIG": ("IpFragFails", "Ip6InTooBigErrors"),
    "SOCKET_RCVBUFF": ("UdpRcvbufErrors",),
    "NOT_SPECIFIED": ("TcpExtListenOverflows", "TcpExtListenDrops", "IpOutDiscards", "IpInDiscards", "IpInHdrErrors"),
    "TCP_LISTEN_OVERFLOW": ("TcpExtListenOverflows",),
    "IP_INHDR": ("IpInHdrErrors",),
}
NO_NEIGHBOUR = ("neigh_invalidate", "ndisc_error_report")  # they give up an IPv6 packet without a reason
LEGACY = "perhaps a rule of iptables-legacy, which nftables does not list; none of the rules that were traced did"
TRACKED = ("net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max")


def by_kernel(case: Case) -> End | None:
    lost = _which(case)
    if lost is None:
        return None
    drop = lost.drop
    ending, why, *grounds = _why(case, lost)
    moved = case.answers(drop.place).counters
    counted = [counter_moved(drop.place, name, moved[name]) for name in COUNTERS.get(drop.reason, ()) if name in moved]
    seen = next((one for one in reversed(case.seen) if one.sighting.place == drop.place), None)
    error = icmp_error(case.errors[0]) if case.errors else None
    shown = frame_seen(seen.sighting, seen.ends) if seen else None
    sentence = Sentence(f"{drop.place} {VERBS[ending]}: {why}", kernel_dropped(drop), *grounds, *counted, shown, error)
    return End(ending, sentence, drop.place)


VERBS: dict[Ending, str] = {"refused": "refused it", "unreachable": "does not send it on", "unanswered": "could not deliver it"}
VERBS |= {"dropped": "dropped it", "rejected": "rejected it"}
COPIES = ("OTHERHOST",)  # a bridge that does not know the way gives everybody a copy
USED = ("ping_rcv",)  # every echo reply ends there too after a raw socket took its copy


def _which(case: Case) -> Lost | None:
    """The last drop; a copy that a bridge gave to somebody else counts only when nothing else was dropped."""
    copied = {one.sighting.place for one in case.copies}
    told = [one for one in case.lost if one.drop.function not in USED]
    whole = [one for one in told if one.drop.reason not in COPIES]
    alone = [one for one in told if one.drop.place not in copied]
    return next(iter(reversed(whole or alone)), None)


def _why(case: Case, lost: Lost) -> TOLD:
    drop, place = lost.drop, lost.drop.place
    ending, words = WORDS.get(drop.reason, ("dropped", f"the kernel's reason is {drop.reason}"))
    looked = case.looked(place, lost.ends)
    route = (looked_up(looked),) if looked else ()
    match drop.reason:
        case "NO_SOCKET" if lost.ends and lost.ends.destination_port and case.mark.transport:
            why, *grounds = who_listens(case, place, case.mark.transport, lost.ends.destination, lost.ends.destination_port)
            return ending, why, *grounds
        case "NETFILTER_DROP":
            return _hidden(case, lost)
        case "IP_INADDRERRORS" | "IP_INNOROUTES" | "IP_OUTNOROUTES":
            return _no_way(case, lost)
        case "NEIGH_FAILED" | "NEIGH_QUEUEFULL":
            if silent := silent_neighbour(case, place):
                return ending, silent[0], *silent[1:]
            return ending, words, *route
        case "NOT_SPECIFIED" if drop.function in NO_NEIGHBOUR and (silent := silent_neighbour(case, place)):
            return "unanswered", silent[0], *silent[1:]
        case "IP_RPFILTER":
            name = f"net.ipv4.conf.{drop.device}.rp_filter"
            values = {n: case.answers(place).switches.get(n, "") for n in ("net.ipv4.conf.all.rp_filter", name)}
            return ending, words, *(switch_is(place, n, v) for n, v in values.items() if v)
        case "OTHERHOST" if frame := lost.packet.find("Ethernet", depth=0):
            mac = frame.get("destination")
            held = case.scene.interface(place, drop.device)
            if held and held.mac:
                return (
                    ending,
                    f"its frame is for {mac}, and {drop.device} has {held.mac}",
                    interface_is(place, f"{drop.device} has the MAC address {held.mac}"),
                )
            return ending, words
        case "PKT_TOO_BIG":
            return ending, words, *route, *_mtu(case, place, looked.device if looked else "")
        case "IP_INHDR" if drop.function in ("ip_forward", "ip6_forward") or any(error.type == 11 for error in case.errors):
            return ending, "its time to live ended there", *route
        case "NOT_SPECIFIED" if looked and looked.errno and drop.function == "ip_error":
            return _no_way(case, lost)
        case "NOT_SPECIFIED":
            return "dropped", f"in {drop.function}(), and the kernel gives no reason", *route
        case _:
            return ending, words, *route


def _mtu(case: Case, place: str, device: str) -> tuple[Evidence, ...]:
    found = case.scene.interface(place, device)
    return (interface_is(place, f"{device} has MTU {found.mtu}"),) if found else ()


def _hidden(case: Case, lost: Lost) -> TOLD:
    """The kernel says that netfilter dropped it, and no rule that was traced did."""
    place = lost.drop.place
    answers = case.answers(place)
    if place not in case.gathered.ruled or lost.drop.function.startswith("nft_"):
        return "dropped", "a rule of netfilter; rules were not traced there"
    count, most = (answers.switches.get(name, "") for name in TRACKED)
    if count.isdigit() and most.isdigit() and int(count) >= int(most):
        return (
            "dropped",
            "the table of tracked connections is full",
            *(switch_is(place, name, answers.switches[name]) for name in TRACKED),
        )
    looked = case.looked(place, lost.ends)
    if looked and looked.errno and not looked.asked.iif:  # routed again, because a rule changed what its route rests on
        return _no_way(case, lost)
    if answers.legacy:
        return "dropped", LEGACY, legacy_tables(place, answers.legacy)
    return "dropped", "netfilter, though none of the rules that were traced did; which part of it did is not known"


def _no_way(case: Case, lost: Lost) -> TOLD:
    drop, place = lost.drop, lost.drop.place
    looked = case.looked(place, lost.ends)
    route = (looked_up(looked),) if looked else ()
    device = drop.device or (case.last.sighting.device if case.seen else "")
    name = forwarding_switch(lost.ends.destination if lost.ends else "", device)
    if case.answers(place).switches.get(name) == "0":
        return "unreachable", "it is for another machine, and forwarding is off", switch_is(place, name, "0"), *route
    refusing = case.refusing_route(place, looked) if looked else None
    if refusing:
        return "unreachable", f"its {refusing.words} says so", *route
    if looked and looked.errno not in (0, errno.ENETUNREACH):
        return "unreachable", f"its routes refuse it ({os.strerror(looked.errno)})", *route
    to = lost.ends.destination if lost.ends else "its destination"
    return "unreachable", f"it has no route to {to}", *route
