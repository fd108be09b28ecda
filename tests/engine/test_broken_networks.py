"""Random broken networks: wherever a packet ends in them, the explorer says what plain tools prove.

`EXPLORER_BROKEN_NETWORKS` is how many networks are tried (`make test-broken`), `EXPLORER_BROKEN_SEED` where the dice begin. A
network that fails is built again alone with `EXPLORER_BROKEN_ONLY=<number>` and the same seed. `EXPLORER_BROKEN_ENGINE` is the
version of Docker Engine.

Some are tried again on a node that may not load BPF programs (`EXPLORER_BROKEN_DEAF`, `make test-broken DEAF=500`). There, more
ends may be not known, and none may be wrong.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.drops.hear import why_not
from explorer.network.engines import DEFAULT_ENGINE
from explorer.network.journeys import Asked, Journey, Journeys
from explorer.node.operator.look import looking
from tests.engine.broken import faults, probes
from tests.engine.broken.faults import Fault
from tests.engine.broken.oracle import Oracle, Truth
from tests.engine.broken.probes import Probe
from tests.engine.broken.witness import Told, Witness
from tests.engine.broken.world import World
from tests.lab.drops.compiled import compiled
from tests.lab.drops.denied import deny

pytestmark = [pytest.mark.engine]
MANY = int(os.environ.get("EXPLORER_BROKEN_NETWORKS") or 60)
SEED = int(os.environ.get("EXPLORER_BROKEN_SEED") or 1)
DEAF = int(os.environ.get("EXPLORER_BROKEN_DEAF") or 6)
ONLY = os.environ.get("EXPLORER_BROKEN_ONLY")
ENGINE = os.environ.get("EXPLORER_BROKEN_ENGINE") or DEFAULT_ENGINE
SETTLE = 0.6  # seconds, so that the views show what was just made
RECORDS = 0.8  # seconds until a recording surely listens


@dataclass
class Found:
    """One broken network, what was sent in it, what the explorer said and what is so."""

    number: int
    steps: list[str]
    wrong: list[str] = field(default_factory=list)
    unknown: bool = False
    evidence: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        again = f"EXPLORER_BROKEN_SEED={SEED} EXPLORER_BROKEN_ONLY={self.number}"
        return "\n  ".join([f"network {self.number} ({again})", *self.steps, *self.wrong, *self.evidence])


class Trial:
    def __init__(self, config: LabConfig, engine: str) -> None:
        compiled()
        with ExitStack() as held:
            self.world = World(config, engine)
            held.callback(self.world.close)
            self.witness = Witness(self.world, Path(held.enter_context(tempfile.TemporaryDirectory(prefix="broken-"))))
            held.callback(self.witness.close)
            self.runner = held.enter_context(asyncio.Runner())
            seeing = looking(config, self.world.name, 1, self.world.facts)
            self.observer = self.runner.run(seeing.__aenter__())
            held.callback(lambda: self.runner.run(seeing.__aexit__(None, None, None)))
            self._held = held.pop_all()

    def close(self) -> None:
        self._held.close()

    def one(self, number: int) -> Found:
        dice = random.Random(f"{SEED} {number}")  # noqa: S311 (repeatable on purpose)
        broken, probe = faults.choose(dice, self.world), probes.choose(dice, self.world)
        found = Found(number, [])
        made: list[Fault] = []
        try:
            for fault in broken:
                if self._make(fault):
                    made.append(fault)
                    found.steps.append(fault.words())
            found.steps.append(probe.words())
            self.world.forget()
            time.sleep(SETTLE)
            self.witness.begin()
            said = self.runner.run(self._follow(probe))
            told = self.witness.end()
            self._compare(found, probe, said, told)
        finally:
            for fault in reversed(made):
                self.world.run(fault.place, fault.undo, check=False)
            self.world.forget()
        left = self.world.left()
        assert not left, f"{found}\nthis was not put back: {left}"
        return found

    def _make(self, fault: Fault) -> bool:
        """False when this network has no room for the fault, such as a route that is there already."""
        try:
            self.world.run(fault.place, f"set -e; {fault.make}")
        except AssertionError:
            self.world.run(fault.place, fault.undo, check=False)
            return False
        return True

    async def _follow(self, probe: Probe) -> Journeys:
        kind = "record" if probe.act else probe.kind
        asked = Asked.model_validate(
            {"source": probe.source, "target": "*" if probe.act else probe.target, "kind": kind, "port": probe.port or 80}
        )
        following = asyncio.create_task(self.observer.journey(asked))
        if probe.act:
            await asyncio.sleep(RECORDS)
            await asyncio.to_thread(self.world.run, probe.source, probe.act, False)
        return await following

    def _compare(self, found: Found, probe: Probe, said: Journeys, told: Told) -> None:
        oracle = Oracle(self.world, probe, told, said.address)
        if said.error:
            if oracle.sent:
                found.wrong.append(f"request: said: {said.error!r}; so: it left the source")
            return
        found.steps.append(f"the sender: {said.result}")
        ways: list[tuple[str, Journey | None, Truth | None]] = [("request", said.request, oracle.request())]
        ways.append(("answer", said.answer, oracle.answer(said.ok)))
        for way, told_way, true in ways:
            if true is None:
                continue
            if told_way is None:
                found.wrong.append(f"{way}: said nothing; so: {true}")
                continue
            text = " ; ".join([told_way.end, *(one.text for one in told_way.evidence)])
            place = told_way.hops[-1].place if told_way.hops else ""
            if told_way.ending == "unknown":
                found.unknown = True
                found.steps.append(f"{way}: not known: {text}; so: {true}")
            elif not fits(told_way.ending, place, text, true):
                found.wrong.append(f"{way}: said: {told_way.ending} at {place}: {text}; so: {true}")
        if found.wrong or found.unknown:
            found.evidence = [
                f"{one.at - told.began:.4f} {one.place} {one.device} {one.way} {one.source}:{one.source_port} > "
                f"{one.destination}:{one.destination_port} {one.text}"
                for one in told.lines
            ] + [str(one) for one in told.stops]


def said_at_once(found: Found) -> Found:
    """A long run tells its disagreements as they come."""
    if found.wrong or found.unknown:
        sys.stdout.write(f"\n{found}\n")
        sys.stdout.flush()
    return found


def fits(ending: str, place: str, text: str, true: Truth) -> bool:
    return ending in true.endings and place in true.places and bool(re.search(true.said, text))


@pytest.fixture(scope="module")
def trial(lab_config: LabConfig, await_engine: Callable[[str], None]) -> Iterator[Trial]:
    assert why_not() == "", "these endings need the kernel's drop reasons"
    await_engine(ENGINE)
    made = Trial(lab_config, ENGINE)
    yield made
    made.close()


@pytest.mark.timeout(7200)
def test_wherever_a_packet_ends_it_is_told_so(trial: Trial) -> None:
    found, report = tried(trial, MANY, "")
    assert not [one for one in found if one.wrong], report
    assert len([one for one in found if one.unknown]) <= len(found) // 20, report


@pytest.mark.timeout(7200)
def test_without_the_kernels_drop_reasons_nothing_false_is_said(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch)
    assert "not permitted" in why_not()
    found, report = tried(trial, DEAF, " without drop reasons")
    assert not [one for one in found if one.wrong], report


def tried(trial: Trial, count: int, how: str) -> tuple[list[Found], str]:
    """The networks, and a report of those of which something false or nothing was said."""
    numbers = [int(ONLY)] if ONLY else range(count)
    found = [said_at_once(trial.one(number)) for number in numbers]
    wrong, unknown = [one for one in found if one.wrong], [one for one in found if one.unknown]
    sys.stdout.write(f"{len(found)} networks{how}, {len(wrong)} disagreements, {len(unknown)} not known\n")
    return found, "\n\n".join(str(one) for one in [*wrong, *unknown])
