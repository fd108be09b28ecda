"""Everything that listens while one packet travels: a trace in each namespace, the kernel's drop reasons, and the counters
before. Afterwards it asks the kernels of the places that the packet passed."""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Iterable

import structlog

from explorer.lab.ask import kernel
from explorer.lab.ask.trace import Trace
from explorer.lab.drops.hear import Drops
from explorer.lab.inside.netns import Namespace
from explorer.network.journeys import Gathered
from explorer.network.journeys.gathered import Handles
from explorer.network.journeys.kernel import Answers
from explorer.network.journeys.questions import Question

log = structlog.get_logger(__name__)


class Watch:
    def __init__(self, traces: list[Trace]) -> None:
        self.traces = traces
        self._drops = Drops({trace.namespace.inode: trace.place for trace in traces})
        self._before: dict[str, dict[str, int]] = {}

    async def begin(self, matches: tuple[str, ...]) -> None:
        """It does not raise: what cannot be watched is noted."""
        begun = await asyncio.gather(
            self._drops.begin(), *(trace.begin(matches) for trace in self.traces), return_exceptions=True
        )
        if isinstance(begun[0], BaseException):
            log.error("drop reasons could not be listened to", error=repr(begun[0]))
            self._drops.why_not = "listening to them failed"
        for trace, trouble in zip(self.traces, begun[1:], strict=True):
            if isinstance(trouble, BaseException):
                trace.note = f"{trace.place} could not be watched."
        self._before = {trace.place: kernel.count(trace.namespace) for trace in self.traces if trace.namespace.fd >= 0}

    async def end(self) -> None:
        self._drops.end()
        await asyncio.gather(*(trace.end() for trace in self.traces), return_exceptions=True)

    def gathered(self, handles: dict[str, Handles], ok: bool, outcome: str, errno: int, ours: bool = True) -> Gathered:
        why = self._drops.why_not
        rests = "the end rests on rules, frames, routes and the kernel's counters"
        deaf = f"The kernel's drop reasons are not known here, because {why}; {rests}." if why else ""
        notes = (*(trace.note for trace in self.traces), self._drops.note, deaf)
        return Gathered(
            sightings=tuple(one for trace in self.traces for one in trace.sightings),
            steps=tuple(step for trace in self.traces for step in trace.steps),
            handles=handles,
            ok=ok,
            outcome=outcome,
            ours=ours,
            errno=errno,
            notes=tuple(note for note in notes if note),
            drops=tuple(self._drops.found),
            deaf=deaf or self._drops.note,
            ruled=frozenset(trace.place for trace in self.traces if trace.rules and not trace.note),
            cut=frozenset(trace.place for trace in self.traces if trace.note),
        )

    async def ask(self, questions: Iterable[Question], whole: bool) -> dict[str, Answers]:
        """Place → what its kernel says now; without `whole` its routes only."""
        held = {trace.place: trace.namespace for trace in self.traces if trace.namespace.fd >= 0}

        def told(one: Question, own: Namespace) -> Answers:
            before = self._before.get(one.place, {})
            return kernel.ask(one.place, own, one.lookups, one.devices, before, one.flows, whole=whole)

        asked = [asyncio.to_thread(told, one, copy_of(held[one.place])) for one in questions if one.place in held]
        return {answers.place: answers for answers in await asyncio.gather(*asked)}


def copy_of(namespace: Namespace) -> Namespace:
    """For a thread: the loop may close the other descriptor meanwhile, and its number may become another namespace's. The copy
    is closed when nobody holds it any more."""
    copy = Namespace(namespace.pid, -1, os.dup(namespace.fd))
    weakref.finalize(copy, os.close, copy.fd)
    return copy
