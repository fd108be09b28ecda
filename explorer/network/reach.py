"""One sentence that says why a place reached another place or did not, and what the sentence rests on.

The ping of each question was followed as a journey's packet is: a failed one ends as a journey ends, and an answered one came
by the way on which its frames were seen. Docker's names are used only for what the kernel showed, and for names that were
asked for in vain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from explorer.network.grid import Told, addresses_of
from explorer.network.journeys.endings import Case, end_of
from explorer.network.journeys.evidence import Sentence, frame_seen, interface_is, sender_told
from explorer.network.journeys.kernel import Answers
from explorer.network.journeys.model import Evidence
from explorer.network.journeys.questions import Question, questions
from explorer.network.journeys.seen import SeenPacket
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Place

NO_ADDRESS6 = Told(outcome="no-address", by="IPv6")  # the question was for an IPv6 address
UNMEASURED = "Not measured: the time for the whole grid ran out."


@dataclass(frozen=True)
class Followed:
    """The ping of one question, and its answer, as they were seen."""

    request: Case
    answer: Case
    address: str
    ok: bool

    @property
    def questions(self) -> list[Question]:
        """What the kernels are asked about it."""
        return questions((self.request, self.answer), self.request.source, self.address)

    def answered(self, answers: dict[str, Answers]) -> Followed:
        """The same with what the kernels answered. A place sends the pings of many cells: a route that it refuses for another
        cell's address says nothing of this one."""
        place = self.request.source
        if held := answers.get(place):
            asked = {lookup.destination for one in self.questions if one.place == place for lookup in one.lookups}
            own = tuple(one for one in held.looked if one.asked.iif or one.asked.destination in asked)
            answers = {**answers, place: replace(held, looked=own)}
        return replace(
            self, request=self.request.answered(answers, self.answer), answer=self.answer.answered(answers, self.request)
        )


class Scene:
    """A snapshot with the look-ups that a reason needs."""

    def __init__(self, places: Mapping[str, Place], docker: Mapping[str, DockerState]) -> None:
        self.places, self.docker = places, docker

    def container(self, place: Place) -> DockerContainer | None:
        state = self.docker.get(place.host)
        found = (one for one in state.containers if one.name == place.name) if state else iter(())
        return next(found, None) if place.kind == "container" else None

    def networks(self, place: Place) -> dict[str, DockerNetwork]:
        """The Docker networks of a container, by name."""
        own, state = self.container(place), self.docker.get(place.host)
        names = {endpoint.network for endpoint in own.endpoints} if own else set()
        return {
            net.name: net
            for net in (state.networks if state else ())
            if net.name in names and net.driver not in ("null", "host")
        }

    def shared(self, one: Place, other: Place) -> DockerNetwork | None:
        """A network that both places are on. Places on two hosts share only a network that spans the hosts."""
        mine, theirs = self.networks(one), self.networks(other)
        same_host = one.host == other.host
        both = [net for name, net in mine.items() if name in theirs and (same_host or net.id == theirs[name].id)]
        return both[0] if both else None


def why(scene: Scene, source: Place, target: Place, told: Told, followed: Followed | None) -> Sentence | None:
    """None where nothing was measured."""
    if told.outcome == "unmeasured":
        return None
    if told.outcome == "no-address":
        if told == NO_ADDRESS6 and any(True for _ in addresses_of(target)):
            text = f"{target.id} has no IPv6 address, so there is nothing to send to."
            return Sentence(text, interface_is(target.id, "no interface has an IPv6 address that others can ask"))
        text = f"{target.id} has no address: only a loopback interface, so there is nothing to send to."
        return Sentence(text, interface_is(target.id, "no interface but the loopback has an IPv4 address"))
    if told.outcome == "no-name":
        return _no_name(scene, source, target)
    if followed is None:
        return None
    if told.outcome == "stranger":
        return _stranger(told, followed)
    if told.outcome == "answered":
        return _answered(source, target, followed)
    if told.outcome == "one-way":
        return _one_way(target, followed)
    return _ended(followed.request)


def _ended(case: Case) -> Sentence:
    """How a journey would end, with what the rule that stopped the packet is there for."""
    end = end_of(case)
    stopped = case.stopping_rule()
    met = case.met(*stopped) if stopped and end.ending in ("dropped", "rejected") else None
    reason = f" {met[1].why}" if met and met[1].why else ""
    text = end.sentence.text
    if text.partition(" ")[0].rstrip(":") not in case.scene.places:  # a place's name is written as it is
        text = f"{text[:1].upper()}{text[1:]}"
    return Sentence(f"{text}.{reason}", *end.sentence.evidence)


def _one_way(target: Place, followed: Followed) -> Sentence:
    """The request arrived; the answer is told if it was seen at all, or else why the target sent none."""
    end = end_of(followed.answer if followed.answer.seen or followed.answer.lost else followed.request)
    text = f"The request arrived in {target.id}; its answer did not come back: {end.sentence.text}."
    return Sentence(text, *end.sentence.evidence)


def _stranger(told: Told, followed: Followed) -> Sentence:
    text = f"{told.address} is an address of {told.by or 'somebody else'} too, and the packet went there."
    names = {name.strip() for name in told.by.split(",")}
    there = next((one for one in followed.request.seen if one.sighting.place in names and one.sighting.way == "in"), None)
    if there:
        return Sentence(text, frame_seen(there.sighting, there.ends))
    return Sentence(text, sender_told(followed.request.source, followed.request.gathered.outcome))


def _answered(source: Place, target: Place, followed: Followed) -> Sentence:
    """The way on which the request was seen: who forwarded it, who put another address on it, or which bridge switched it."""
    case = followed.request
    told = sender_told(source.id, case.gathered.outcome)
    left = next((one for one in case.seen if (one.sighting.place, one.sighting.way) == (source.id, "out")), None)
    came = next((one for one in reversed(case.seen) if (one.sighting.place, one.sighting.way) == (target.id, "in")), None)
    if left is None or came is None or left.ends is None or came.ends is None:
        return Sentence(f"The request was received in {target.id}, and its answer came back.", told)
    grounds = (frame_seen(left.sighting, left.ends), frame_seen(came.sighting, came.ends), told)
    if routers := list(_routers(case, {source.id, target.id})):
        names = " and ".join(routers)
        verb = "forwards" if len(routers) == 1 else "forward"
        changed = next((name for name in routers if _puts_its_own(case, name)), "")
        if came.ends.source != left.ends.source:
            put = f"{changed or names} puts another source address on it: {left.ends.source} becomes {came.ends.source}"
            return Sentence(f"{names} {verb} it, and {put}, so {target.id} answers that address.", *grounds)
        return Sentence(f"{names} {verb} it, and {target.id} sees {source.id}'s own address, {came.ends.source}.", *grounds)
    if carried := next((words for one in case.seen if (words := case.scene.tunnel(one.packet))), ""):
        return Sentence(f"No router is between: the frame travels {carried}{_both_on(case)}.", *grounds)
    if bridges := list(dict.fromkeys(_bridges(case, {source.id, target.id}))):
        verb = "switches" if len(bridges) == 1 else "switch"
        return Sentence(f"No router is between: {' and '.join(bridges)} {verb} the frame{_both_on(case)}.", *grounds)
    out, to = left.sighting.device, came.sighting.device
    return Sentence(f"No router is between: the frame goes from {source.id}'s {out} straight to {target.id}'s {to}.", *grounds)


def _routers(case: Case, ends: set[str]) -> Iterator[str]:
    """The places between that sent the packet on in a frame of their own: a bridge leaves the frame's source as it is."""
    for place in dict.fromkeys(one.sighting.place for one in case.seen):
        if place in ends:
            continue
        came = {_sender(one) for one in case.seen if (one.sighting.place, one.sighting.way) == (place, "in")}
        went = {_sender(one) for one in case.seen if (one.sighting.place, one.sighting.way) == (place, "out")}
        if came and went and not went <= came:
            yield place


def _sender(one: SeenPacket) -> str:
    frame = one.packet.find("Ethernet", depth=max(layer.depth for layer in one.packet.layers))
    return frame.get("source") if frame else ""


def _puts_its_own(case: Case, place: str) -> bool:
    came = {one.ends.source for one in case.seen if one.ends and (one.sighting.place, one.sighting.way) == (place, "in")}
    went = {one.ends.source for one in case.seen if one.ends and (one.sighting.place, one.sighting.way) == (place, "out")}
    return bool(went - came)


def _bridges(case: Case, ends: set[str]) -> Iterator[str]:
    for one in case.seen:
        place, device = one.sighting.place, one.sighting.device
        if place not in ends and (bridge := case.scene.master(place, device)):
            yield f"{place}'s bridge {case.scene.bridge(place, bridge)}"


def _both_on(case: Case) -> str:
    """The network whose bridge or tunnel both are on, by Docker's name for it."""
    scene = Scene(case.scene.places, case.scene.docker)
    places = [case.scene.places.get(name) for name in (case.source, case.target)]
    shared = scene.shared(places[0], places[1]) if places[0] and places[1] else None
    return f"; both are on {shared.name}" if shared else ""


# --- names ---


def _no_name(scene: Scene, source: Place, target: Place) -> Sentence:
    return Sentence(_why_no_name(scene, source, target), *_asked_for(source, target.name))


def _asked_for(source: Place, name: str) -> tuple[Evidence, *tuple[Evidence, ...]]:
    text = f"neither its hosts file nor its name server gave an IPv4 address for {name}"
    return (Evidence(kind="sender", place=source.id, text=text, command=f"getent ahostsv4 {name}"),)


def _why_no_name(scene: Scene, source: Place, target: Place) -> str:
    name = target.name
    if source.kind != "container":
        if target.kind == "container":
            return f"Container names are known to Docker's DNS inside user-defined networks; {source.id} stands outside them."
        return f"Nobody {source.id} can ask knows the name {name}."
    own = scene.networks(source)
    if not own and not any(True for _ in addresses_of(source)):
        return f"{source.id} is on no network: there is no name server it could ask."
    if target.kind != "container":
        return f"Nobody {source.id} can ask knows the name {name}."
    if set(own) == {"bridge"}:
        return "The default bridge has no DNS for container names: names work on user-defined networks only."
    if scene.shared(source, target) is None:
        return f"Docker's DNS tells a container only the names on its own networks, and {target.id} is on none of them."
    return f"They share a network, and still its DNS does not tell the name {name}."
