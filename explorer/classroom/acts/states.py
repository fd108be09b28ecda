"""Copies, keeps and hands out the state of a sandbox. A copy is a new sandbox made from what was seen; what cannot be made
again is said."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from django.db import transaction

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import claim, hold_class
from explorer.classroom.acts.taken import find_seats, learner_of, lines_of, tallied
from explorer.classroom.models import Seat, StartingState, Word
from explorer.classroom.people.rules import terms_of
from explorer.classroom.tell import tell_class
from explorer.network.layout import FREE, scenario_of
from explorer.network.recreate import recreate
from explorer.sandboxes.last_snapshot import read_snapshot
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.nodes import Nodes, read_nodes
from explorer.sandboxes.opening import Wish, open_sandbox

MOST_STATES = 50  # kept in one class


def copy_of(sandbox: Sandbox | None) -> dict[str, Any]:
    """What is needed for a copy of this sandbox: its scenario and the commands to type into the new one."""
    snapshot = read_snapshot(sandbox)
    if sandbox is None or sandbox.state != Sandbox.State.READY:
        raise Refused("not_running", "There is no running sandbox to copy.")
    if snapshot is None or snapshot.generation != sandbox.generation:
        raise Refused("not_seen", "Nothing has been seen of that sandbox yet. Try again in a few seconds.", sandbox=sandbox.pk)
    swarm = scenario_of(sandbox.scenario, sandbox.layout).swarm
    made = recreate(snapshot, str(sandbox.facts.get("subnet", "")), swarm)
    # the layout's own networks and containers were seen and are typed again, or were removed; so none is built first
    bare = {**sandbox.layout, "networks": [], "containers": []} if sandbox.scenario == FREE else {}
    return {"scenario": sandbox.scenario, "layout": bare, "engine": sandbox.engine, "replay": made.as_replay(sandbox.pk)}


def clone_state(asked: Asked) -> Done:
    """Opens a copy of the seat's sandbox as the instructor's own, in place of the one the instructor has. The seat's sandbox
    is not changed. Leads to the playground, which shows the copy.
    """
    copy = copy_of(current_sandbox(asked.seat.learner) if asked.seat else None)
    if asked.mine is None:
        raise Refused("nobody", "This browser has no place for a sandbox of its own.")
    with transaction.atomic():  # in one transaction: when opening is refused, the audit log does not say that it was done
        if done := claim(asked, of=copy["replay"]["of"], into=str(asked.mine.pk)):
            return replace(done, leads_to="playground")
        opened = open_sandbox(asked.mine, Wish(**copy), read_nodes())
    typed = len(copy["replay"]["commands"])
    return Done(f"A copy is being made: {typed} commands are typed into sandbox {opened.pk}.", leads_to="playground")


@transaction.atomic
def keep_state(asked: Asked, *, title: str) -> Done:
    """Keeps the state of the seat's sandbox, or of the instructor's own, under a title. An earlier state with this title is
    replaced.
    """
    held = hold_class(asked.klass)
    sandbox = current_sandbox(asked.seat.learner if asked.seat else asked.mine)
    title = " ".join(title.split())
    if not title:
        raise Refused("no_title", "Give it a title, so that you find it again.")
    copy = copy_of(sandbox)
    lesson = sandbox.lesson if sandbox else ""
    kept = StartingState.objects.filter(klass=held, title=title).first()
    if kept is None and held.states.count() >= MOST_STATES:
        raise Refused(
            "too_many", f"{MOST_STATES} states are kept in this class, which is all it holds. Write over one of them."
        )
    if kept and kept.replay.get("commands") == copy["replay"]["commands"] and kept.replay.get("of") == copy["replay"]["of"]:
        return Done(f"“{title}” is kept already, just as it is.", new=False)
    StartingState.objects.update_or_create(klass=held, title=title, defaults={**copy, "lesson": lesson})
    asked.note(sandbox=sandbox)
    return Done(f"Kept as “{title}”.", tuple(copy["replay"]["left_out"]))


def hand_out(asked: Asked, *, state: str) -> Done:
    """Gives each learner a new sandbox with the kept state, in place of the one they have."""
    number = int(state) if state.isdecimal() and len(state) < 10 else 0
    found = StartingState.objects.select_related("klass").filter(klass=asked.klass, pk=number).first()
    if found is None:
        raise Refused("unknown_state", "There is no such state in this class. Keep one first.")
    if done := claim(asked, state=found.pk):
        return done
    told: dict[str, list[str]] = defaultdict(list)
    wish, nodes = wish_for(found), read_nodes()
    for one in find_seats(asked.klass, asked.seat):
        told[_hand_to(asked, one, found, wish, nodes)].append(one.name)
    with transaction.atomic():
        if "given it" in told:
            text = f"You were given a fresh sandbox: {found.title}"[:500]
            Word.objects.create(klass=asked.klass, seat=asked.seat, text=text, lesson=found.lesson)
        tell_class(asked.klass, asked.seat or "")
    return Done(tallied(told), lines_of(told), new="given it" in told)


def wish_for(state: StartingState) -> Wish:
    """The copy has the Docker Engine version of the original, even when the class has another."""
    return Wish(
        scenario=state.scenario,
        layout=state.layout,
        lesson=state.lesson,
        engine=state.engine,
        terms=replace(terms_of(state.klass), engine=""),
        replay=state.replay,
    )


def _hand_to(asked: Asked, seat: Seat, state: StartingState, wish: Wish, nodes: Nodes) -> str:
    try:
        with transaction.atomic():
            opened = open_sandbox(learner_of(seat), wish, nodes)
            asked.note(seat=seat, sandbox=opened, state=state.pk)
    except Refused as refused:
        return refused.sentence
    return "given it"
