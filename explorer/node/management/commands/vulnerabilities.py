"""`manage.py vulnerabilities FILE…`: known vulnerabilities of the parts, from files, without a network."""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from explorer.node.operator import parts
from explorer.node.this_node import lab_config
from explorer.supply.known import Report, UnreadableFile, look_up, records
from explorer.supply.part import Part


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # nothing here needs pages
    help = (
        "Lists the known vulnerabilities of every part of this installation and its images. FILE is in the OSV form: an "
        "ecosystem's all.zip (PyPI, npm, Debian), one record as .json, or a directory of these. "
        "The exit status is 1 when there is a vulnerability."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mine = parts.parts(lab_config())
            found = look_up(mine, _texts(options["files"]))
        except (OSError, ValueError, tarfile.TarError, UnreadableFile) as error:
            raise CommandError(str(error)) from error
        if not found.records:
            raise CommandError("The files hold no record in the OSV form, so nothing is known from them.")
        self.stdout.write(json.dumps(asdict(found), indent=1) if options["json"] else as_text(found, mine))
        sys.exit(1 if found.findings else 0)


def _texts(files: list[Path]) -> Iterator[bytes]:
    for file in files:
        yield from records(file)


def as_text(found: Report, mine: list[Part]) -> str:
    """A line for each finding, then what the answer rests on."""
    lines = []
    for one in found.findings:
        mend = f"mended in {one.fixed}" if one.fixed else "no mended version"
        lines.append(f"{one.part.where:15} {one.part.filed_as} {one.part.filed_version}  {one.id}  {one.severity}  {mend}")
        lines.append(f"{'':15} {one.summary}" if one.summary else f"{'':15} {', '.join(one.aliases)}")
    covered = [part for part in mine if part.ecosystem]
    lines.append(f"{len(found.findings)} known vulnerabilities in {len(covered)} parts, from {found.records} records.")
    lines.append(f"The newest record is of {found.newest or 'an unknown time'}.")
    if rest := len(mine) - len(covered):
        lines.append(f"{rest} parts are of Debian unstable or of another system. OSV has no records about these: not known.")
    if found.unread:
        lines.append(f"{found.unread} records could not be read.")
    lines += [f"Not compared: {word}" for word in found.incomparable[:20]]
    return "\n".join(lines)
