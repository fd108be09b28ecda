"""`manage.py compare …`: does the same work on two to five drivers and measures it. `--json` prints everything the
page shows."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError

from explorer.lab.errors import LabError
from explorer.network.comparison import ROWS, Comparison, all_variants, ready_sets
from explorer.network.comparison.spec import BadSpec, make_spec
from explorer.network.engines import in_order
from explorer.node.management.answering import fail, progress
from explorer.node.operator import actions, comparing
from explorer.node.operator.trouble import Trouble
from explorer.plain import plain
from explorer.sandboxes.limits import Refused


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Compares drivers: the same work on each, measured in sandboxes of its own. Run it on the node's machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        known = ", ".join(all_variants())
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--drivers", default="", help=f"two to five of {known}; bridge@28 names an engine")
        what.add_argument("--set", default="", choices=sorted(ready_sets(in_order(settings.ENGINES))), help="a ready-made set")
        parser.add_argument(
            "--engine", default="", choices=settings.ENGINES, help="version of Docker Engine where none is named"
        )
        parser.add_argument("--no-throughput", action="store_true", help="leave out the runs that fill the wire")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
        parser.add_argument("--out", default="", help="write the JSON to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("explorer").setLevel(max(logging.WARNING, logging.getLogger().level))
        self.as_json: bool = options["json"]
        try:
            drivers = [word.strip() for word in options["drivers"].split(",") if word.strip()]
            throughput = "0" if options["no_throughput"] else "1"
            spec = make_spec(drivers, options["set"] or "", options["engine"], throughput, in_order(settings.ENGINES))
            out = Path(options["out"]) if options["out"] else None
            if out and not out.absolute().parent.is_dir():
                raise Trouble(f"There is no directory {out.absolute().parent} to write to.")
            told = comparing.compare(spec, progress)
            self.answer(told, out)
        except BadSpec as bad:
            self.fail(str(bad), "bad_spec")
        except (Trouble, Refused, LabError) as error:
            self.fail(actions.sentence_of(error), getattr(error, "code", type(error).__name__.lower()))
        except (OperationalError, ProgrammingError) as error:
            self.fail(f"The database is not there yet: {error}. `manage.py migrate` makes it.", "database")
        except OSError as error:
            self.fail(f"{options['out']} cannot be written: {error.strerror or error}.", "out")
        except KeyboardInterrupt:
            os._exit(130)
        sys.stdout.flush()
        sys.exit(0 if all(column.state != "failed" for column in told.columns) else 1)

    def answer(self, told: Comparison, out: Path | None) -> None:
        text = told.model_dump_json()
        if out:
            out.write_text(text)
        print(text if self.as_json else plain(as_text(told)))

    def fail(self, sentence: str, code: str) -> NoReturn:
        fail(sentence, code, as_json=self.as_json)


def as_text(told: Comparison) -> str:
    """The table as text for a terminal."""
    head = ["", *(column.variant.title for column in told.columns)]
    rows = [head]
    for row in ROWS:
        cells = [column.cell(row.key) for column in told.columns]
        if any(cells):
            rows.append([row.title, *(cell.word if cell else "" for cell in cells)])
    widths = [max(len(line[at]) for line in rows) for at in range(len(head))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip() for line in rows]
    lines += [f"{column.variant.title}: {column.error}" for column in told.columns if column.error]
    return "\n".join(lines)
