"""Who has used much processor time lately gives way: each host and machine has a weight, by which the kernel divides the
processors when there is too little time for all.

The more a host used in the last seconds, the smaller is its weight, down to a sixteenth of the usual one; when it has become
quiet, it has the usual weight again. So a sandbox that opens, and a shell in which somebody types, get their time also beside
hosts that compute without end. Nothing is slower on a machine that has time left.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups
from explorer.lab.engine.leftovers import our_cgroups
from explorer.lab.usage import IDENTITY, cpu_of

LOOK_SECONDS = 1.0
MEMORY_SECONDS = 6.0  # the use of this long ago counts about a third (1/e) of today's
FREE = 0.05  # processors used on average with which a host has its usual weight; with twice as many it has half of it
LEAST = 4  # halvings at most
CHANGES = 0.75  # halvings by which a weight must be wrong before it is changed
YOUNG = 15.0  # seconds in which a host starts, and keeps its weight
FILES = {"cpu.shares": 1024, "cpu.weight": 100}  # version 1 and 2: the kernel's usual number


@dataclass(slots=True)
class Known:
    """What was seen of one host or machine."""

    since: float
    at: float
    used: float  # seconds of processor time until then
    usual: float = 0.0  # processors used on average
    halvings: int = 0  # of its weight

    def add(self, now: float, used: float) -> None:
        if (passed := now - self.at) > 0:
            keeps = MEMORY_SECONDS / (MEMORY_SECONDS + passed)
            self.usual = keeps * self.usual + (1 - keeps) * (used - self.used) / passed
        self.at, self.used = now, used

    def wanted(self) -> float:
        """The halvings that its use asks for."""
        return min(LEAST, math.log2(max(self.usual, FREE) / FREE))


class Weights:
    """`clock` and `groups` are the machine's own unless a test has others."""

    def __init__(self, groups: Callable[[], list[Path]], clock: Callable[[], float] = time.monotonic) -> None:
        self._groups, self._clock = groups, clock
        self._known: dict[str, Known] = {}  # by id

    def run(self, stop: Event) -> None:
        """Looks until `stop` is set."""
        while not stop.wait(LOOK_SECONDS):
            with suppress(OSError):  # a group went away while it was read
                self.look()

    def look(self) -> None:
        """Reads what each host and machine has used since the last look, and changes the weights that have to change."""
        parents, now = self._groups(), self._clock()
        names = {name for parent in parents for name in os.listdir(parent) if IDENTITY.fullmatch(name)}
        for name in names:
            groups = [group for parent in parents if (group := parent / name).is_dir()]
            self._weigh(name, groups, now, cpu_of(groups))
        self._known = {name: known for name, known in self._known.items() if name in names}

    def _weigh(self, name: str, groups: list[Path], now: float, used: float) -> None:
        known = self._known.setdefault(name, Known(now, now, used))
        known.add(now, used)
        if now - known.since >= YOUNG and abs(known.wanted() - known.halvings) > CHANGES:
            known.halvings = round(known.wanted())
            set_weight(groups, 0.5**known.halvings)

    def halvings(self, name: str) -> int:
        """How often the weight of this host or machine is halved now."""
        return self._known[name].halvings


def of(config: LabConfig) -> Weights:
    """The weights of an installation's hosts and machines."""
    return Weights(lambda: our_cgroups(config))


def set_weight(groups: list[Path], part: float) -> None:
    """Sets the weight of a container to this part of the kernel's usual one."""
    for group in groups:
        for file, usual in FILES.items():
            cgroups.write(group / file, str(max(2, round(usual * part))))  # one hierarchy has one of the files
