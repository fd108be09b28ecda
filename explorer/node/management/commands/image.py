"""`manage.py image …`: the node's image shelf. `--json` prints one JSON object on standard output."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from explorer.lab.errors import LabError
from explorer.lab.hosts import stocking
from explorer.lab.images import shelf
from explorer.node.management.answering import fail, progress
from explorer.node.this_node import ensure_node, lab_config
from explorer.plain import plain
from explorer.sandboxes import warm
from explorer.sandboxes.models import Sandbox

NOTHING = "nothing is on the shelf; hosts have the image box"


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Puts images on the shelf from which every new host of this node has them. Run it on the node's machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)

        def verb(name: str, about: str) -> ArgumentParser:
            added: ArgumentParser = verbs.add_parser(name, help=about)
            added.add_argument("--json", action="store_true", help="one JSON object on standard output")
            return added

        added = verb("add", "put an image on the shelf: add NAME[:TAG] --from FILE.tar|DIRECTORY|REGISTRY/NAME")
        added.add_argument("name")
        added.add_argument("--from", dest="source", required=True)
        added.add_argument("--stands-for", default="", help="another image's name that this one answers to as well")
        removed = verb("remove", "take an image off the shelf")
        removed.add_argument("name")
        verb("list", "what is on the shelf")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = getattr(self, f"_{options['verb']}")(options)
        except LabError as error:
            fail(f"{error} {error.detail}".strip(), "refused", as_json=options["json"])
        print(json.dumps(told) if options["json"] else plain(as_text(told)))

    def _add(self, options: dict[str, Any]) -> dict[str, Any]:
        config = lab_config()
        one = stocking.add(config, options["name"], options["source"], progress, options["stands_for"])
        return {"added": asdict(one), "renewed": renew_warm()}

    def _remove(self, options: dict[str, Any]) -> dict[str, Any]:
        one, left = stocking.remove(lab_config(), options["name"])
        return {"removed": asdict(one), "layers_left": left, "renewed": renew_warm()}

    def _list(self, options: dict[str, Any]) -> dict[str, Any]:
        config = lab_config()
        there = shelf.images(config)
        return {
            "images": [asdict(one) for one in there],
            "bytes": sum(one.bytes for one in there),
            "limits": {"image_mb": config.image_mb, "shelf_mb": config.shelf_mb},
        }


def renew_warm() -> int:
    """Closes this node's unclaimed sandboxes, whose hosts have the earlier shelf; the node makes new ones. Returns how many."""
    here = Sandbox.objects.filter(node=ensure_node(), learner=None, state__in=[Sandbox.State.WARM, Sandbox.State.OPENING])
    return sum(warm.close_warm(one) for one in here)


def as_text(told: dict[str, Any]) -> str:
    if "added" in told:
        one = told["added"]
        answers = f", answers to {one['stands_for']}" if one["stands_for"] else ""
        size = f"{one['bytes'] / 1e6:.0f} MB"
        return f"{one['name']}:{one['tag']} is on the shelf ({size}{answers}); every host opened from now on has it"
    if "removed" in told:
        one = told["removed"]
        left = f"; {told['layers_left']} layers stay on the disk until no sandbox is open" if told["layers_left"] else ""
        return f"{one['name']}:{one['tag']} is off the shelf{left}"
    limits = told["limits"]
    room = f"{told['bytes'] / 1e6:.0f} MB of {limits['shelf_mb']} MB; one image may have {limits['image_mb']} MB"
    return "\n".join([*(map(_line, told["images"]) if told["images"] else [NOTHING]), room])


def _line(one: dict[str, Any]) -> str:
    at = f"{datetime.fromtimestamp(one['added'], UTC):%Y-%m-%d}"
    origin = f"stands for {one['stands_for']}" if one["stands_for"] else one["source"]
    name = f"{one['name']}:{one['tag']}"
    return f"{name:40} {one['bytes'] / 1e6:8.1f} MB  {len(one['layers']):2} layers  {at}  {origin}"
