"""`manage.py parts`: the software bill of materials."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from explorer import __version__
from explorer.node.operator import parts
from explorer.node.this_node import lab_config


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # nothing here needs pages
    help = "Lists every Python, npm and Debian part of this installation and its images, as CycloneDX JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, help="the file to write; without it, the list is printed")

        parser.add_argument(
            "--whole-machine",
            action="store_true",
            help="all Debian packages of this machine; for a container image of the product",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = parts.write_bill(lab_config(), __version__, options["whole_machine"])
        except (OSError, ValueError, tarfile.TarError) as error:
            raise CommandError(f"The parts could not be listed: {error}") from error
        if options["out"] is None:
            self.stdout.write(text)
            return
        options["out"].parent.mkdir(parents=True, exist_ok=True)
        options["out"].write_text(text)
        self.stdout.write(f"{options['out']}: {text.count('bom-ref') - 1} parts")
