"""Builds stand-ins when an operator asks for them, and puts them on the node's shelf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.errors import NodeError
from explorer.lab.hosts import stocking
from explorer.lab.images import shelf
from explorer.lab.images.archive import archive
from explorer.lab.images.build import build_images
from explorer.lab.images.stand_ins import STAND_INS

Chosen = Mapping[str, Sequence[str]]  # stand-in → the names that it is to answer to beside its own


def choose(names: Sequence[str], answers_to: Sequence[str]) -> dict[str, list[str]]:
    """These stand-ins, each with those of the other names that it may answer to. Raises NodeError for a stand-in that there is
    not, and for a name that none of these may answer to."""
    for name in names:
        if name not in STAND_INS:
            raise NodeError(f"There is no stand-in called {name[:80]}.", f"there are {', '.join(STAND_INS)}")
    chosen: dict[str, list[str]] = {name: [] for name in names}
    for other in answers_to:
        original = shelf.parse(other)[0]
        fitting = [name for name in chosen if original in STAND_INS[name].answers_to]
        if not fitting:
            may = "; ".join(f"{name} may answer to {' and '.join(STAND_INS[name].answers_to)}" for name in chosen)
            raise NodeError(f"None of these stand-ins may answer to {original}.", may)
        chosen[fitting[0]].append(other)
    return chosen


def add(config: LabConfig, chosen: Chosen, say: stocking.Say) -> Iterator[shelf.Shelved]:
    """Builds what the cache lacks, and puts each on the shelf in the place of an earlier one. Names, room and engine are looked
    at before anything is built. Raises NodeError."""
    _check(config, chosen)
    for name, others in chosen.items():
        build_images(config, [name], say)
        with archive(config, name) as path:
            one = stocking.add(config, name, str(path), say, others, STAND_INS[name].origin)
        yield one


def _check(config: LabConfig, chosen: Chosen) -> None:
    there = {one.reference: one for one in shelf.images(config)}
    for name, others in chosen.items():
        own, *_ = stocking.free_names(config, name, others)
        if own in there and not there[own].stand_in:
            raise NodeError(f"{own} is on the shelf already, and it is no stand-in.", "remove that image first")
    stocking.check_room(config, 0)
    with session(config) as client:
        stocking.a_ready_engine(config, client)
