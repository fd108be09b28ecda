"""`manage.py reconcile`: sweeps once, prints what a sweep would do (`--dry-run`), or carries out what an operator decides."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError

from explorer.lab.errors import LabError
from explorer.node.management.answering import fail
from explorer.node.reconcile import decide, sweep
from explorer.node.reconcile.plan import Removal
from explorer.node.this_node import is_held

HEADINGS = {
    "remove": "would be removed",
    "later": "would be removed by a later sweep (the budget of this one is used up)",
    "braked": "held back by the brake, because this would be most of what runs here; you decide",
    "kept": "kept, because the database is an older copy; you decide",
}


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Compares this node's engine with the database. Without options it makes one sweep."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--dry-run", action="store_true", help="print what a sweep would remove and why; change nothing")
        what.add_argument("--adopt", nargs="+", metavar="ID", help="give undecided sandboxes a row again; `all` for every one")
        what.add_argument("--remove", nargs="+", metavar="ID", help="remove undecided sandboxes; `all` for every one")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json: bool = options["json"]
        try:
            if options["adopt"] or options["remove"]:
                self.decide(options["adopt"] or options["remove"], adopt=bool(options["adopt"]))
            elif options["dry_run"]:
                self.show(decide.look())
            elif is_held("reconcile"):
                fail("A worker of this node sweeps at this moment; it does so every ten seconds.", "busy", as_json=self.as_json)
            else:
                sweep.reconcile(beat=False)  # a sweep by hand is no worker
        except LabError as error:
            fail(f"{error} {error.detail}".strip(), "engine", as_json=self.as_json)
        except (OperationalError, ProgrammingError) as error:
            fail(f"The database does not answer: {error}", "database", as_json=self.as_json)

    def show(self, look: decide.Look) -> None:
        groups = {name: list(getattr(look.plan, name)) for name in HEADINGS}
        if self.as_json:
            told = {name: [_as_json(one) for one in some] for name, some in groups.items()}
            older = look.memory.sweeps_then if look.memory.restored_at else 0
            print(json.dumps({**told, "lost": list(look.plan.lost), "running": len(look.found), "sweeps_missing": older}))
            return
        if look.memory.restored_at:
            print(f"The database is an older copy: it lacks {look.memory.sweeps_then} sweeps that this node has made.")
        for name, some in groups.items():
            if some:
                print(f"{len(some)} {HEADINGS[name]}:")
            for one in some:
                print(f"  {one.sandbox} generation {one.generation}, {one.objects} objects: {one.why}")
        for row in look.plan.lost:
            print(f"  {row}: its row would fail, because its hosts are gone")
        if not any(groups.values()) and not look.plan.lost:
            print(f"Nothing would be removed. {len(look.found)} on the engine.")

    def decide(self, names: list[str], *, adopt: bool) -> None:
        look = decide.look()
        chosen, unknown = decide.choose(look.plan, names)
        if unknown:
            fail(f"Not among those that wait for a decision: {', '.join(unknown)}.", "unknown", as_json=self.as_json)
        ends = {(one.sandbox, one.generation): one.expires_at for one in look.found}
        sentences = [
            decide.adopt(one, ends[one.sandbox, one.generation]) if adopt else decide.remove(one) for one in chosen
        ] or ["Nothing waits for a decision."]
        print(json.dumps({"done": sentences}) if self.as_json else "\n".join(sentences))


def _as_json(one: Removal) -> dict[str, Any]:
    return {"sandbox": one.sandbox, "generation": one.generation, "why": one.why, "objects": one.objects}
