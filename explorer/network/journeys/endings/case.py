"""One packet and everything that was gathered about it, as the endings ask for it."""

from __future__ import annotations

import errno
import ipaddress
import re
from dataclasses import dataclass, field, replace
from functools import cached_property

from explorer.network.journeys.ends import Ends
from explorer.network.journeys.evidence import Sentence
from explorer.network.journeys.gathered import Gathered, Step
from explorer.network.journeys.icmp import IcmpError, errors_about
from explorer.network.journeys.identity import Mark, step_ends
from explorer.network.journeys.kernel import Answers, Listener, Looked, Lookup, Neighbour, Refusal
from explorer.network.journeys.model import Ending, Met
from explorer.network.journeys.rules import OURS, in_nat, words_of_step
from explorer.network.journeys.scene import Scene
from explorer.network.journeys.seen import (
    Bridge,
    Lost,
    SeenPacket,
    in_order,
    is_copy,
    recognised,
    recognised_steps,
    thrown_away,
    without_floods,
)

REFUSALS = {errno.EHOSTUNREACH: "unreachable", errno.EINVAL: "blackhole", errno.EACCES: "prohibit"}
RULES_REFUSE = REFUSALS | {errno.ENETUNREACH: "unreachable"}  # a policy rule that says unreachable gives this error
NEW_DESTINATION = re.compile(  # a single address
    r"(?:--to-destination|dnat to) (\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])(?::(\d+))?(?![-\w.])"
)
EVERY_4 = "0.0.0.0"  # noqa: S104 (what the kernel writes for every address of IPv4; a socket on :: takes IPv4 as well)


@dataclass(frozen=True, slots=True)
class End:
    """How it ended, the sentence with its evidence, and the place."""

    ending: Ending
    sentence: Sentence
    place: str


@dataclass(frozen=True)
class Case:
    """`source` and `target` are places; `target` is "" when the packet is for something else. `other` is the case of the
    answer to a request, or of the request of an answer."""

    scene: Scene
    gathered: Gathered
    mark: Mark
    seen: list[SeenPacket]
    lost: list[Lost]
    steps: dict[str, list[Step]]
    source: str
    target: str
    copies: tuple[SeenPacket, ...] = ()  # what a bridge that did not know the way gave to others
    floods: dict[Bridge, tuple[str, ...]] = field(default_factory=dict)  # bridges that did not know the way, and the ports
    other: Case | None = None

    @classmethod
    def of(cls, scene: Scene, gathered: Gathered, mark: Mark, source: str, target: str) -> Case:
        every = in_order(scene, recognised(mark, gathered.sightings))
        copies = [one for one in every if is_copy(scene, one)]
        copied = {id(one) for one in copies}
        seen = [one for one in every if id(one) not in copied] if len(copies) < len(every) else every
        seen, floods = without_floods(scene, seen)
        lost = thrown_away(mark, gathered.drops)
        steps = recognised_steps(mark, seen, lost, gathered.steps)
        return cls(scene, gathered, mark, seen, lost, steps, source, target, tuple(copies), floods)

    @property
    def reply(self) -> list[SeenPacket]:
        """The sightings of the answer to this request; empty for an answer."""
        return self.other.seen if self.other and self.other.mark.answer else []

    def stopping_rule(self) -> tuple[str, Step] | None:
        """The rule at which the packet ended, and its place."""
        return next(
            (
                (place, step)
                for place, those in self.steps.items()
                for step in those
                if step.verdict == "drop" and step.table != OURS
            ),
            None,
        )

    def met(self, place: str, step: Step) -> tuple[str, Met] | None:
        """The words of a step and its rule."""
        return words_of_step(self.scene, place, step, self.gathered.handles.get(place, {}), "")

    def refusing_route(self, place: str, looked: Looked) -> Refusal | None:
        """The route or policy rule that refuses the packet: its type is the one that the kernel's error stands for."""
        asked, number = looked.asked, looked.errno
        known = [one for one in self.answers(place).refusals if _covers(one.prefix, asked.destination) and one.fits(asked)]
        found = [one for one in known if one.kind == (RULES_REFUSE if one.rule else REFUSALS).get(number)]
        fitting = [one for one in found if not one.source or (asked.source and _covers(one.source, asked.source))]
        return max(fitting, key=lambda one: (one.rule, int(one.prefix.partition("/")[2] or 0)), default=None)

    def answered(self, answers: dict[str, Answers], other: Case | None) -> Case:
        """The same with what the kernels answered, beside the other packet's case."""
        return replace(self, gathered=replace(self.gathered, answers=answers), other=other)

    @property
    def last(self) -> SeenPacket:
        return self.seen[-1]

    @cached_property
    def known(self) -> set[Ends]:
        """Every pair of ends that the packet had."""
        found = {one.ends for one in self.seen if one.ends} | {one.ends for one in self.lost if one.ends}
        return found | {ends for those in self.steps.values() for step in those if (ends := step_ends(step))}

    @cached_property
    def errors(self) -> list[IcmpError]:
        return errors_about(self.mark, self.known, self.gathered.sightings)

    def answers(self, place: str) -> Answers:
        return self.gathered.answers.get(place, Answers(place))

    def form(self, place: str) -> Ends | None:
        """The packet's ends as the place saw it last: rules may have rewritten it after it arrived."""
        lost = next((one.ends for one in reversed(self.lost) if one.drop.place == place and one.ends), None)
        headed = next((ends for step in reversed(self.steps.get(place, ())) if (ends := step_ends(step))), None)
        seen = next((one.ends for one in reversed(self.seen) if one.sighting.place == place and one.ends), None)
        return lost or self._by_rule(place, self._led_back(place, headed or seen))

    def _led_back(self, place: str, ends: Ends | None) -> Ends | None:
        """An answer with the destination that it has once the place undid what it did to the source of the request."""
        if not self.mark.answer or self.other is None or ends is None:
            return ends
        those = [one for one in self.other.seen if one.sighting.place == place and one.ends]
        was = next((one.ends for one in those if one.sighting.way == "in"), None)
        now = next((one.ends for one in reversed(those) if one.sighting.way == "out"), None)
        if was is None or now is None or (ends.destination, ends.destination_port) != (now.source, now.source_port):
            return ends
        return replace(ends, destination=was.source, destination_port=was.source_port)

    def _by_rule(self, place: str, ends: Ends | None) -> Ends | None:
        """With the destination that a rule gave the packet which no later rule or interface showed: the rule names it."""
        step = self.rewriting(place)
        told = self.met(place, step) if step else None
        to = NEW_DESTINATION.search(told[1].rule) if told else None
        if ends is None or to is None:
            return ends
        return replace(ends, destination=to[1].strip("[]"), destination_port=to[2] or ends.destination_port)

    def rewriting(self, place: str) -> Step | None:
        """The rule of the nat table that gave it another destination, which no later rule or interface showed."""
        steps = self.steps.get(place, [])
        last = max((at for at, step in enumerate(steps) if step.network), default=0)
        fitting = (step for step in steps[last:] if step.verdict == "accept" and not step.policy)
        return next((step for step in fitting if self.in_nat(step)), None)

    def in_nat(self, step: Step) -> bool:
        """Whether the rule is one that translates, or stands where packets are translated."""
        return in_nat(step, self.scene, self.gathered.handles.get(step.place, {}))

    def looked(self, place: str, ends: Ends | None) -> Looked | None:
        """The kernel's route for the packet in this form; the question that says where it came in counts first."""
        fitting = [one for one in self.answers(place).looked if ends and one.asked.destination == ends.destination]
        return next((one for one in reversed(fitting) if one.asked.iif), fitting[0] if fitting else None)

    def way_back(self, place: str) -> Looked | None:
        """The kernel's route for an answer from the place."""
        ends = self.form(place)
        return next((one for one in self.answers(place).looked if ends and one.asked == Lookup(place, ends.source)), None)

    def neighbour(self, place: str, address: str) -> Neighbour | None:
        return next((one for one in self.answers(place).neighbours if one.address == address), None)

    def listeners(self, place: str, protocol: str, port: int) -> list[Listener]:
        return [one for one in self.answers(place).listeners if (one.protocol, one.port) == (protocol, port)]

    def in_anothers_name(self, one: SeenPacket) -> str:
        """The place that has the source address of a packet, when another place was the first that sent the packet."""
        place, source = one.sighting.place, one.ends.source if one.ends else ""
        owner = self.scene.owner(source) if source else ""
        return "" if owner == place or self.scene.holds(place, source) else owner

    def listened(self) -> set[str]:
        """The places whose every frame was seen."""
        return set(self.scene.places) - set(self.gathered.cut)


def _covers(prefix: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(
            "0.0.0.0/0" if prefix in ("", "default") else prefix, False
        )
    except ValueError:
        return False


def hears(one: Listener, address: str, source: str) -> bool:
    """Whether the socket takes what `source` sends to this address."""
    if one.remote not in ("", source):
        return False
    return one.address in (address, "::") or (one.address == EVERY_4 and ":" not in address)
