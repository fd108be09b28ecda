"""`manage.py images`: builds the images that the cache lacks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from explorer.lab.errors import LabError
from explorer.lab.images import build_images, needed, optional, tar
from explorer.node.this_node import lab_config


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Builds the root file systems of hosts, machines and `box`; what is cached is not built again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--paths", action="store_true", help="build nothing; print where those lie that a node needs")

    def handle(self, *args: Any, **options: Any) -> None:
        config = lab_config()

        def say(line: str) -> None:
            print(line, flush=True)

        if options["paths"]:
            print("\n".join(str(tar(config, name)) for name in needed(config)))
            return
        try:
            build_images(config, needed(config), say)
        except LabError as error:
            raise CommandError(f"{error} {error.detail}".strip()) from error
        for name in optional(config):
            try:
                build_images(config, [name], say)
            except LabError as error:
                say(f"left out: {error} {error.detail}".strip())
