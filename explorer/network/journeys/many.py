"""Many pings that were followed at once: for each of them, what was gathered of it alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from explorer.network.journeys.gathered import Drop, Gathered, Sighting, Step
from explorer.network.journeys.headers import TCP, UDP, VXLAN_PORT, in_frame, internet, is_echo
from explorer.network.journeys.icmp import echo_of
from explorer.network.journeys.identity import framed


class Apart:
    """Frames, rules and drops by the ping's identifier and sequence number. What is no echo belongs to every ping: ARP, ICMP
    errors, tunnels. TCP and UDP say nothing of a ping, and a busy network has many of these frames: they are left out."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._sightings: dict[bytes, list[Sighting]] = defaultdict(list)
        self._drops: dict[bytes, list[Drop]] = defaultdict(list)
        self._steps: dict[bytes, list[Step]] = defaultdict(list)
        for one in gathered.sightings:
            needle = echo_of(one.data)
            if needle or not _of_a_program(one.data):
                self._sightings[needle].append(one)
        for drop in gathered.drops:
            self._drops[echo_of(framed(drop))].append(drop)
        for needle, step in _steps_of(gathered.steps):
            self._steps[needle].append(step)

    def of(self, needle: bytes, ok: bool, outcome: str, errno: int) -> Gathered:
        """`outcome` is what the sender of this ping got."""
        return replace(
            self._gathered,
            sightings=(*self._sightings[b""], *self._sightings[needle]),
            drops=(*self._drops[b""], *self._drops[needle]),
            steps=(*self._steps[b""], *self._steps[needle]),
            ok=ok,
            outcome=outcome,
            errno=errno,
        )


def _of_a_program(data: bytes) -> bool:
    """Whether the frame is TCP or UDP, and not a tunnel's."""
    ip = in_frame(data)
    if ip is None or ip.protocol not in (TCP, UDP):
        return False
    return data[ip.after + 2 : ip.after + 4] != VXLAN_PORT


def _steps_of(steps: tuple[Step, ...]) -> Iterator[tuple[bytes, Step]]:
    """Each step with the ping it is about: a step without headers belongs to the last one with headers of the same number."""
    about: dict[tuple[str, int], bytes] = {}
    for step in steps:
        if step.network:
            ip = internet(step.network)
            echo = ip is not None and is_echo(ip.protocol, step.transport)
            about[step.place, step.packet] = step.transport[4:8] if echo else b""
        yield about.get((step.place, step.packet), b""), step
