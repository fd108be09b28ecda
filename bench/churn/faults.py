"""Faults at random, from a seed: which part is hit, how, and for how long."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.churn.parts import Parts, send
from bench.figures import say

# part → how often it is hit, against the others: an engine that goes takes every sandbox with it
WEIGHTS = {"worker": 5, "worker's child": 3, "relay": 5, "web": 4, "valkey": 3, "host": 6, "engine": 1, "dockerd": 1}
LONGEST_STOP = 20.0
REST = (10.0, 30.0)  # seconds between two faults


@dataclass(slots=True)
class Hit:
    at: float  # seconds since the beginning
    part: str
    how: str  # kill or stop
    seconds: float = 0.0  # how long it was stopped
    found: int = 0  # how many processes got the signal


@dataclass
class Faults:
    parts: Parts
    dice: random.Random
    began: float = field(default_factory=time.monotonic)
    hits: list[Hit] = field(default_factory=list)

    async def go_on(self) -> None:
        """Hits one thing after another until it is cancelled. What is stopped goes on in every case."""
        try:
            while True:
                await asyncio.sleep(self.dice.uniform(*REST))
                await self.hit()
        finally:
            self.parts.go_on()

    async def hit(self) -> None:
        part = self.dice.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        how = self.dice.choice(("kill", "stop"))
        seconds = round(self.dice.uniform(1, LONGEST_STOP), 1) if how == "stop" else 0.0
        pids = await asyncio.to_thread(self._aim, part, how)
        hit = Hit(round(time.monotonic() - self.began, 1), part, how, seconds)
        self.hits.append(hit)
        if how == "kill":
            hit.found = sum(send(pid, signal.SIGKILL) for pid in pids)
        else:
            hit.found = len(stopped := self.parts.stop(pids))
        say(f"{hit.at:7.1f} s  {how} {part}" + (f" for {seconds} s" if seconds else "") + ("" if hit.found else ", not there"))
        if how == "stop":
            await asyncio.sleep(seconds)
            self.parts.go_on(stopped)

    def _aim(self, part: str, how: str) -> Iterable[int]:
        """A kill meets the first process of a part: what the others of it do then is part of the question."""
        if part == "host":
            groups = self.parts.hosts()
            inside = self.parts.inside(self.dice.choice(groups)) if groups else []
            return inside[:1] if how == "kill" else inside
        if part == "dockerd":
            return filter(None, [self.parts.dockerd()])
        first = self.parts.pid("worker" if part == "worker's child" else part)
        if part == "worker's child":
            children = sorted(self.parts.session("worker") - {first})
            return [self.dice.choice(children)] if children else []
        return filter(None, [first]) if how == "kill" else self.parts.session(part)
