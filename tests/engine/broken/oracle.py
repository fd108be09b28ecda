"""Where a packet ended, from what plain tools saw alone.

A way of the packet (request or answer) is followed line by line through the captures. What happened at the last place follows
from, in this order: a rule there that counted, a counter of the kernel that rose there, the route that `ip route get` says for
the packet as it stood there, the neighbour table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.engine.broken.probes import Probe
from tests.engine.broken.witness import Line, Stop, Told
from tests.engine.broken.world import World

HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
ORDER = ("raw", "mangle", "nat", "filter")
ROUTE_ERRORS = {
    "Invalid argument": "blackhole",
    "No route to host": "unreachable",
    "Permission denied": "prohibit",
    "Network is unreachable": "no route",
    "Invalid cross-device link": "reverse-path",
}


@dataclass(frozen=True)
class Truth:
    """`endings` and `places` are those that would be right; `said` is a regular expression that the sentence or its evidence
    has to fit. `why` is what the tools show."""

    endings: frozenset[str]
    places: frozenset[str]
    said: str
    why: str


def truth(endings: str, places: str, said: str, why: str) -> Truth:
    return Truth(frozenset(endings.split()), frozenset(places.split()), said, why)


class Oracle:
    def __init__(self, world: World, probe: Probe, told: Told, address: str) -> None:
        """`address` is the one that the packet was sent to."""
        self.world, self.probe, self.told, self.address = world, probe, told, address
        self.sent = self._request()
        self.back = self._answer()

    # --- which lines are which ---

    def _request(self) -> list[Line]:
        words = {"ping": "ICMP echo request", "tcp": "Flags [S],", "udp": "UDP"}[self.probe.kind]
        found = [one for one in self.told.lines if one.text.startswith(words)]
        if self.probe.kind == "udp":  # what docker-proxy sends on by itself is another datagram
            first = next((one for one in found if one.place == self.probe.source and one.way == "Out"), None)
            found = [one for one in found if first and one.source_port == first.source_port]
        if self.probe.kind == "tcp":
            first = next((one for one in found if one.place == self.probe.source), None)
            found = [one for one in found if first and _sequence(one) == _sequence(first)]
        return found

    def _answer(self) -> list[Line]:
        if self.probe.kind == "ping":
            return [one for one in self.told.lines if one.text.startswith("ICMP echo reply")]
        if self.probe.kind == "udp":
            asked = {(one.destination, one.destination_port, one.source_port) for one in self.sent}
            return [one for one in self.told.lines if (one.source, one.source_port, one.destination_port) in asked]
        following = str((int(_sequence(self.sent[0])) + 1) % 2**32) if self.sent else "?"
        return [one for one in self.told.lines if f" ack {following}," in one.text and re.match(r"Flags \[[SR]", one.text)]

    def errors(self) -> list[Line]:
        return [one for one in self.told.lines if one.text.startswith("ICMP") and "echo" not in one.text]

    # --- the two ways ---

    def request(self) -> Truth:
        rejected = [one for one in self.told.stops if one.rejects]
        own = [one for one in self.back if one.way == "Out" and (self._came_to(one.place) or one.device == "lo")]
        if own and not (rejected and "Flags [R" in own[0].text and self._rst_of_rule(own[0], rejected)):
            return truth("arrived", own[0].place, "", f"its answer left {own[0].place}: {own[0].text}")
        return self._fate(self.sent, self.probe.source)

    def _rst_of_rule(self, reset: Line, rejected: list[Stop]) -> bool:
        return any(one.place == reset.place and "tcp-reset" in one.spec for one in rejected)

    def _came_to(self, place: str) -> bool:
        return any(one.place == place and one.way == "In" for one in self.sent)

    def answer(self, ok: bool) -> Truth | None:
        """None when there was no answer at all."""
        if not self.back or "arrived" not in self.request().endings:
            return None
        home, first = self.probe.source, self.back[0]
        if any(one.place == home and one.way == "In" for one in self.back):
            if "Flags [R" in first.text and not self._stop(home, True):
                return truth("refused", f"{home} {first.place}", "", "a reset came back")
            if ok and not self.probe.act:  # of a program of the place, nobody knows whether it still waited
                return truth("arrived", home, "", "the answer came in, and the sender has it")
        return self._fate(self.back, first.place)

    # --- what happened at the last place ---

    def _fate(self, lines: list[Line], sender: str) -> Truth:
        # P: a frame for another MAC address; a bridge takes it in by its ports, and for any other interface it is a copy
        real = [one for one in lines if one.way != "P" or (one.place == "h1" and one.device != "eth0")]
        last = real[-1] if real else None
        place = last.place if last else sender
        came = bool(last and last.way != "Out")
        went = bool(last and last.way == "Out")
        if went and last and last.device == "lo":
            came, went = True, False
        if not went and (stop := self._stop(place, came)):
            return stop
        if went:
            return self._onward(lines, last)
        return self._inside(place, last, lines)

    def _stop(self, place: str, came: bool) -> Truth | None:
        """The first rule of the place, in the order of the hooks, that counted and may have met this packet."""
        hooks = ("PREROUTING", "INPUT", "FORWARD", "POSTROUTING") if came else ("OUTPUT", "POSTROUTING")
        found = [one for one in self.told.stops if one.place == place and (_hook(one.chain) in hooks)]
        if not found:
            return None
        first = min(found, key=lambda one: (hooks.index(_hook(one.chain)), ORDER.index(one.table)))
        number = f"rule {first.number}" if first.number else "policy"
        which = rf"{re.escape(first.chain)} \({first.table}\), ({number}|a rule whose number)"
        said = rf"{which}|rules were not traced there|by a rule of {place}"
        ending = "rejected refused" if first.rejects else "dropped"
        return truth(ending, place, said, f"{place}: {first.table} {first.chain} {number} counted: {first.spec}")

    def _inside(self, place: str, last: Line | None, lines: list[Line]) -> Truth:
        """It came into the place, or was made there, and did not leave it."""
        rose = self.told.counters[place]
        if last and rose.get("TcpExtIPReversePathFilter"):
            return truth("dropped", place, "reverse-path", f"{place}: IPReversePathFilter rose")
        if rose.get("IpFragFails"):
            return truth("dropped", place, "too big|bytes fit", f"{place}: FragFails rose")
        if last and rose.get("IpInHdrErrors"):
            return truth("dropped", place, "time to live", f"{place}: InHdrErrors rose")
        get = self._route(place, last)
        said = next((kind for words, kind in ROUTE_ERRORS.items() if words in get), "")
        if last and rose.get("IpInAddrErrors") and self._forwards_not(place, last):
            return truth("unreachable", place, "forwarding is off|does not forward", f"{place}: InAddrErrors rose; {get}")
        if said == "reverse-path":
            return truth("dropped", place, "reverse-path", get)
        if said:
            words = {"no route": "no route|policy rule", "unreachable": "unreachable|no route"}.get(said, said)
            return truth("unreachable", place, words, f"{place}: {get}")
        if get.startswith("local"):
            return self._local(place, last)
        if silent := self._silent(place, get):
            return silent
        return truth("dropped lost unreachable", place, "", f"{place}: it came in and did not leave; {get}")

    def _local(self, place: str, last: Line | None) -> Truth:
        rose = self.told.counters[place]
        if self.probe.kind == "udp" and rose.get("UdpNoPorts"):
            return truth("refused", place, "nobody", f"{place}: UdpNoPorts rose")
        if self.probe.kind == "tcp" and rose.get("TcpOutRsts"):  # a rule stopped the reset on its way out
            return truth("refused", place, "nobody", f"{place}: TcpOutRsts rose")
        return truth(
            "arrived", place, "", f"{place}: it is for this place, and no rule and no counter says that it was dropped"
        )

    def _silent(self, place: str, get: str) -> Truth | None:
        told = re.match(r"(\S+)(?: from \S+)?(?: via (\S+))?.* dev (\S+)", get)
        if not told:
            return None
        hop = told[2] or told[1]
        entry = self.world.run(place, f"ip neigh show {hop} dev {told[3]}", check=False)
        asked = [one for one in self.told.lines if one.text.startswith(f"Request who-has {hop} ") and one.place == place]
        failing = "FAILED" in entry or "INCOMPLETE" in entry  # without a carrier tcpdump sees no question leave
        if failing or (asked and not entry.strip()):
            return truth("unanswered", place, re.escape(hop), f"{place} asked who has {hop}: {entry.strip()}")
        return None

    def _onward(self, lines: list[Line], last: Line | None) -> Truth:
        """It left a place, and nobody took it in."""
        places = " ".join({one.place for one in lines})
        assert last
        return truth("lost dropped", places, "", f"it left {last.place} by {last.device} and came in nowhere")

    def _forwards_not(self, place: str, last: Line) -> bool:
        return self.world.run(place, f"sysctl -n net.ipv4.conf.{self._routed_from(place, last)}.forwarding").strip() == "0"

    def _routed_from(self, place: str, last: Line) -> str:
        """The interface that the routes see: the bridge, not its port."""
        told = self.world.run(place, f"ip -o link show {last.device}", check=False)
        master = re.search(r" master (\S+)", told)
        return master[1] if master else last.device

    def _route(self, place: str, last: Line | None) -> str:
        """`ip route get` for the packet as it stood there, after rules that counted had rewritten it."""
        destination = last.destination if last else ""
        mark = ""
        if last and last in self.back:  # a tracked connection undoes on the way back what it did to the request
            came = next((one for one in self.sent if one.place == place and one.way != "Out"), None)
            destination = came.source if came else destination
        for target in self.told.rewrites[place]:
            if (to := re.search(r"--to-destination (\S+?)(?::\d+)?$", target)) and last not in self.back:
                destination = to[1]
            elif told := re.search(r"--set-xmark (0x[0-9a-f]+)", target):
                mark = f" mark {told[1]}"
        destination = destination or self.address
        if last is None or last.device == "lo":
            return self.world.run(place, f"ip route get {destination}{mark}", check=False).replace("\n", " ")
        iif = self._routed_from(place, last)
        words = f"ip route get {destination} from {last.source} iif {iif}{mark}"
        return self.world.run(place, words, check=False).replace("\n", " ")


def _hook(chain: str) -> str:
    if chain in HOOKS:
        return chain
    return chain.removeprefix("my-") if chain.startswith("my-") and chain != "my-DOCKER-USER" else "FORWARD"


def _sequence(line: Line) -> str:
    told = re.search(r"seq (\d+)", line.text)
    return told[1] if told else ""
