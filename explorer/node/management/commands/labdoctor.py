"""`manage.py labdoctor`: says what this node can do, and for what it cannot do, how to repair that."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from explorer.lab.doctor import examine
from explorer.network.engines.features import in_words
from explorer.node.this_node import lab_config
from explorer.plain import plain

MARKS = {(True, True): "ok  ", (True, False): "ok  ", (False, True): "FAIL", (False, False): "lack"}


class Command(BaseCommand):
    help = "Says what this node can do; exit status 1 when something it must have is missing."
    requires_system_checks: list[str] = []  # a node needs no pages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument(
            "--no-attack", action="store_true", help="only look: open no sandbox to try its borders or to ask it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine(lab_config(), attack=not options["no_attack"])
        print(json.dumps(found) if options["json"] else plain(as_text(found)))
        sys.exit(0 if found["ok"] else 1)


def features_of(engine: str, told: dict[str, Any]) -> list[str]:
    """What a host with this version answered, or why it is not known."""
    if "error" in told:
        return [f"{engine}: {told['error']}"]
    lines = [f"{engine}: what a host with {told['version']} answered"]
    for answer, sign in ((True, "yes"), (False, "no "), (None, "?  ")):
        lines += [f"  {sign}  {about}" for about in in_words(told["found"], answer)]
    return lines


def as_text(found: dict[str, Any]) -> str:
    lines = [f"node {found['node']}, installation {found['install']}", f"isolation   {found['isolation']}", ""]
    for check in found["checks"]:
        lines.append(f"{MARKS[check['ok'], check['must']]} {check['name']:18} {check['found']}")
        if not check["ok"]:
            lines.append(f"{'':23} → {check['cure']}")
    lines += ["", "drivers"]
    for name, driver in found["drivers"].items():
        lines.append(f"  {name:12} {'yes' if driver['usable'] else 'no'}{': ' if driver['lacks'] else ''}{driver['lacks']}")
    lines += ["", "images"]
    lines += [f"  {one['name']:12} {one['version']}  {one['bytes'] / 1e6:.1f} MB" for one in found["images"]]
    lines += ["", f"hosts with Docker Engine {', '.join(found['engines']) or '(none)'}"]
    for engine, told in found["engine_features"].items():
        lines += [f"  {line}" for line in features_of(engine, told)]
    room, limits = found["capacity"], found["limits"]
    lines += [
        "",
        f"one host    {limits['host_memory_mb']} MB of memory, {limits['host_disk_mb']} MB of disk, "
        f"{limits['host_pids']} processes, {limits['host_cpus']} processor(s)",
    ]
    lines.append(f"sandboxes   {room['used']} of {room['sandboxes']}, {room['free']} free")
    return "\n".join(lines)
