"""`manage.py images`: builds the images that the cache lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.lab.images import STAND_INS, build_images, built_again, needed, optional, tar
from explorer.node.this_node import lab_config


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Builds the root file systems of hosts, machines and `box`; what is cached is not built again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="build each cached image again and compare the two, byte by byte"
        )
        parser.add_argument("--paths", action="store_true", help="build nothing; print where those lie that a node needs")

    def handle(self, *args: Any, **options: Any) -> None:
        config = lab_config()

        def say(line: str) -> None:
            print(line, flush=True)

        if options["paths"]:
            print("\n".join(str(tar(config, name)) for name in needed(config)))
            return
        if options["again"]:
            self._compare(config, say)
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

    def _compare(self, config: LabConfig, say: Callable[[str], None]) -> None:
        names = [name for name in (*needed(config), *optional(config), *STAND_INS) if tar(config, name).exists()]
        differ = []
        for name in names:
            try:
                first, second = built_again(config, name)
            except LabError as error:
                raise CommandError(f"{error} {error.detail}".strip()) from error
            say(
                f"{name:12} {first}"
                if first == second
                else f"{name:12} {first} is cached, {second} is what a build gives today"
            )
            differ += [name] if first != second else []
        if differ:
            raise CommandError(
                f"{', '.join(differ)}: not the same bytes. Either Debian's archive has newer packages since then, "
                "or something of this machine went into the image."
            )
