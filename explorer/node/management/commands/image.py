"""`manage.py image …`: the node's image shelf. `--json` prints one JSON object on standard output."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from explorer.lab.errors import LabError, NodeError
from explorer.lab.hosts import stand_ins, stocking
from explorer.lab.images import STAND_INS, shelf
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

        def answers(to: ArgumentParser) -> None:
            about = "further names by which hosts have it, separated by commas: nginx,nginx:1.27"
            to.add_argument("--answers-to", type=as_names, default=[], metavar="OTHER[,OTHER]", help=about)

        added = verb("add", "put an image on the shelf: add NAME[:TAG] --from FILE.tar|DIRECTORY|REGISTRY/NAME")
        added.add_argument("name")
        added.add_argument("--from", dest="source", required=True)
        answers(added)
        stood_in = verb("stand-in", "build stand-ins of Debian packages and put them on the shelf: stand-in NAME…|--all")
        stood_in.add_argument("names", nargs="*", metavar="NAME", help=", ".join(STAND_INS))
        stood_in.add_argument("--all", action="store_true", help="all of them")
        answers(stood_in)
        removed = verb("remove", "take an image off the shelf")
        removed.add_argument("name")
        verb("list", "what is on the shelf")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = getattr(self, f"_{options['verb'].replace('-', '_')}")(options)
        except LabError as error:
            fail(f"{error} {error.detail}".strip(), "refused", as_json=options["json"])
        print(json.dumps(told) if options["json"] else plain(as_text(told)))

    def _add(self, options: dict[str, Any]) -> dict[str, Any]:
        config = lab_config()
        one = stocking.add(config, options["name"], options["source"], progress, options["answers_to"])
        return {"added": asdict(one), "renewed": renew_warm()}

    def _stand_in(self, options: dict[str, Any]) -> dict[str, Any]:
        if bool(options["names"]) == options["all"]:
            raise NodeError("Name stand-ins, or say --all.", f"there are {', '.join(STAND_INS)}")
        chosen = stand_ins.choose(list(STAND_INS) if options["all"] else options["names"], options["answers_to"])
        put: list[dict[str, Any]] = []
        try:
            for one in stand_ins.add(lab_config(), chosen, progress):
                progress(_put(asdict(one)))
                put.append(asdict(one))
        finally:
            renewed = renew_warm() if put else 0  # also when a later one could not be built
        return {"stand_ins": put, "renewed": renewed}

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
        return f"{_put(told['added'])}; every host opened from now on has it"
    if "stand_ins" in told:
        return f"{len(told['stand_ins'])} of the stand-ins are on the shelf; every host opened from now on has them"
    if "removed" in told:
        one = told["removed"]
        left = f"; {told['layers_left']} layers stay on the disk until no sandbox is open" if told["layers_left"] else ""
        return f"{one['name']}:{one['tag']} is off the shelf{left}"
    limits = told["limits"]
    room = f"{told['bytes'] / 1e6:.0f} MB of {limits['shelf_mb']} MB; one image may have {limits['image_mb']} MB"
    return "\n".join([*(map(_line, told["images"]) if told["images"] else [NOTHING]), room])


def _line(one: dict[str, Any]) -> str:
    at = f"{datetime.fromtimestamp(one['added'], UTC):%Y-%m-%d}"
    return (
        f"{_called(one):40} {one['bytes'] / 1e6:8.1f} MB  {len(one['layers']):2} layers  {at}  {one['source']}{_answers(one)}"
    )


def _put(one: dict[str, Any]) -> str:
    return f"{_called(one)} is on the shelf ({one['bytes'] / 1e6:.0f} MB{_answers(one)})"


def _called(one: dict[str, Any]) -> str:
    name = f"{one['name']}:{one['tag']}"
    return f"{name} {shelf.A_STAND_IN}" if one["stand_in"] else name


def _answers(one: dict[str, Any]) -> str:
    return f", answers to {', '.join(one['answers_to'])}" if one["answers_to"] else ""


def as_names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
