"""`manage.py engine`: runs the node's Docker engine in the foreground."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from explorer.lab.errors import LabError
from explorer.lab.serve import run_engine
from explorer.node.this_node import lab_config


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Runs the node's Docker engine until it is told to stop; prints `ready` when sandboxes can be opened."

    def handle(self, *args: Any, **options: Any) -> None:
        def say(line: str) -> None:
            print(line, flush=True)

        try:
            status = run_engine(lab_config(), say, lambda: say("ready"))
        except LabError as error:
            say(f"{error} {error.detail}".strip())
            status = 1
        sys.exit(status)
