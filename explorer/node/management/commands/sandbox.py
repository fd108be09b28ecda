"""`manage.py sandbox …`: opens, uses and closes sandboxes by hand. `--json` prints one JSON object on standard output."""

from __future__ import annotations

import json
import logging
import os
import select
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn, get_args

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, ProgrammingError

from explorer.lab.errors import LabError
from explorer.network.engines import usual
from explorer.network.grid import Cell, Grid, Told
from explorer.network.journeys import Asked, Journeys
from explorer.network.journeys.model import Kind
from explorer.network.model import Snapshot
from explorer.network.views import rank
from explorer.network.weather import Weather
from explorer.node.management.answering import fail, progress
from explorer.node.operator import actions, capturing, owners, weather
from explorer.node.operator.trouble import Trouble
from explorer.plain import plain
from explorer.sandboxes.limits import Refused

WEATHER = (
    ("delay", "milliseconds", float),
    ("jitter", "milliseconds", float),
    ("loss", "percent", float),
    ("rate", "kbit/s", int),
    ("mtu", "bytes", int),
)


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a node needs no pages
    help = "Opens, lists, uses, shows, resets and closes sandboxes. Run it on the node's machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)

        def verb(name: str, about: str, *, sandbox: bool = True) -> ArgumentParser:
            added: ArgumentParser = verbs.add_parser(name, help=about)
            if sandbox:
                added.add_argument("id")
            added.add_argument("--json", action="store_true", help="one JSON object on standard output")
            return added

        opened = verb("open", "open a sandbox of your own", sandbox=False)
        which = opened.add_mutually_exclusive_group()
        which.add_argument("--scenario", default="", help="a scenario by name")
        which.add_argument("--hosts", type=int, default=1, help="how many hosts (1 to 3)")
        opened.add_argument(
            "--engine", choices=settings.ENGINES, default=usual(settings.ENGINES), help="version of Docker Engine in its hosts"
        )
        verb("list", "every sandbox that is not over", sandbox=False).add_argument("--all", action="store_true")
        ran = verb("exec", "run a command: exec ID WHERE -- COMMAND… ; WHERE is h1, h1/web or outside")
        ran.add_argument("where")
        ran.add_argument("command", nargs="+")
        verb("snapshot", "every view of every place now")
        asked = verb(
            "added", "what a network or container put on its host: added ID h1/web, network:town, project:shop, or h1 for all"
        )
        asked.add_argument("what")
        went = verb("journey", "the way of a packet: journey ID --from h1/web --to outside --kind http")
        went.add_argument("--from", dest="source", required=True, help="a place: h1, h1/web, outside")
        went.add_argument(
            "--to",
            dest="target",
            default="*",
            help="a place (h1 or h1:8080), a name or an address ([fd00::11]:8080); for dns, the name",
        )
        went.add_argument("--kind", choices=get_args(Kind), default="ping")
        went.add_argument("--port", type=int, default=80)
        went.add_argument("--family", type=int, choices=(4, 6), default=4, help="the version of IP to ask a place or name by")
        went.add_argument("--explain", action="store_true", help="with what each end rests on")
        heard = verb("capture", "frames of an interface as pcapng: capture ID h1 --interface eth0 --filter 'udp port 4789'")
        heard.add_argument("where", help="a place: h1, h1/web, outside")
        heard.add_argument("--interface", default="eth0")
        heard.add_argument("--filter", default="", help="a filter expression, as tcpdump takes it")
        heard.add_argument("--seconds", type=float, help="10 for a file; to standard output until the reader leaves")
        heard.add_argument("--out", required=True, help="the file to write, or - for standard output: … | wireshark -k -i -")
        sky = verb(
            "weather", "delay, jitter, loss, rate and MTU of a link: weather ID h1/web --delay 50 --loss 1; without any: none"
        )
        sky.add_argument("where", help="a place: h1, h1/web, outside")
        sky.add_argument("--interface", default="eth0")
        for name, unit, kind in WEATHER:
            sky.add_argument(f"--{name}", type=kind, default=0, help=unit)
        grid = verb("reach", "who reaches whom, by address and by name: every place pings every other")
        grid.add_argument("--explain", action="store_true", help="with what each answer rests on")
        verb("events", "what has been told to browsers").add_argument("--since", type=int, default=0)
        verb("reset", "rebuild it from its scenario")
        closed = verb("close", "remove it", sandbox=False)
        target = closed.add_mutually_exclusive_group(required=True)
        target.add_argument("id", nargs="?")
        target.add_argument("--all", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("explorer").setLevel(max(logging.WARNING, logging.getLogger().level))
        self.as_json: bool = options["json"]
        try:
            status = getattr(self, f"do_{options['verb']}")(options)
        except (Trouble, Refused, LabError) as error:
            self.fail(actions.sentence_of(error), getattr(error, "code", type(error).__name__.lower()))
        except (OperationalError, ProgrammingError) as error:
            self.fail(f"The database is not there yet: {error}. `manage.py migrate` makes it.", "database")
        except (BrokenPipeError, KeyboardInterrupt):
            os._exit(130)
        sys.stdout.flush()
        sys.exit(status or 0)

    # --- verbs; each returns an exit status ---

    def do_open(self, options: dict[str, Any]) -> int:
        scenario = actions.scenario_of(options["scenario"], options["hosts"])
        opened = actions.open_sandbox(scenario, progress, options["engine"])
        return self.answer(opened, lambda: f"{opened['id']} is ready after {opened['seconds']} s: {addresses(opened)}")

    def do_list(self, options: dict[str, Any]) -> int:
        rows = actions.list_sandboxes(options["all"])
        return self.answer({"sandboxes": rows}, lambda: "\n".join(map(row_line, rows)) or "none")

    def do_exec(self, options: dict[str, Any]) -> int:
        sandbox = actions.find(options["id"])
        stdin = b"" if sys.stdin.isatty() or self.as_json else read_stdin()
        if not self.as_json:
            return actions.execute(sandbox, options["where"], options["command"], stream, stdin)
        kept = {"out": bytearray(), "err": bytearray()}

        def keep(which: Literal["out", "err"], data: bytes) -> None:
            kept[which] += data

        status = actions.execute(sandbox, options["where"], options["command"], keep, stdin)
        out, err = (kept[name].decode(errors="replace") for name in ("out", "err"))
        self.answer({"id": sandbox.pk, "where": options["where"], "status": status, "stdout": out, "stderr": err}, str)
        return status

    def do_snapshot(self, options: dict[str, Any]) -> int:
        snapshot = actions.read_snapshot(actions.find(options["id"]))
        return self.answer({"id": snapshot.sandbox, **snapshot.model_dump(mode="json")}, lambda: snapshot_text(snapshot))

    def do_added(self, options: dict[str, Any]) -> int:
        snapshot = actions.read_snapshot(actions.find(options["id"]))
        try:
            told = {"id": snapshot.sandbox, **owners.tell(snapshot, options["what"])}
        except owners.NotThere as error:
            self.fail(str(error), "not_there")
        return self.answer(told, lambda: owners.as_text(told))

    def do_journey(self, options: dict[str, Any]) -> int:
        told = actions.follow_journey(actions.find(options["id"]), {name: options[name] for name in Asked.model_fields})
        self.answer(told.model_dump(mode="json"), lambda: journeys_text(told, options["explain"]))
        return 1 if told.error else 0

    def do_capture(self, options: dict[str, Any]) -> int:
        sandbox = actions.find_ready(options["id"])
        where, seconds = (options["where"], options["interface"], options["filter"]), options["seconds"]
        if options["out"] == "-":
            if self.as_json or sys.stdout.isatty():
                self.fail("With --out - the packets are the output: give them to a program, without --json.", "no_reader")
            told = capturing.stream(sandbox, *where, seconds, sys.stdout.buffer)
            left_out = f", {told['left_out']} left out" if told["left_out"] else ""
            progress(f"{told['kept']} packets{left_out}. {told['ended']}")
            return 0
        told = capturing.capture(sandbox, *where, seconds, options["out"])
        return self.answer(told, lambda: capture_text(told))

    def do_weather(self, options: dict[str, Any]) -> int:
        values = {field: options[name] for (name, _, _), field in zip(WEATHER, Weather.model_fields, strict=True)}
        sandbox = actions.find_ready(options["id"])
        told = weather.set_weather(sandbox, options["where"], options["interface"], values)
        return self.answer(told, lambda: weather.as_text(told))

    def do_reach(self, options: dict[str, Any]) -> int:
        sandbox = actions.find(options["id"])
        grid = actions.measure_reach(sandbox)
        self.answer({"id": sandbox.pk, **grid.model_dump(mode="json")}, lambda: grid_text(grid, options["explain"]))
        return 1 if grid.error else 0

    def do_events(self, options: dict[str, Any]) -> int:
        sandbox = actions.find(options["id"])
        stretch = actions.read_events(sandbox, options["since"])
        events = [event.model_dump(mode="json") for event in stretch.events]
        told = {"id": sandbox.pk, "last": stretch.last, "complete": stretch.complete, "events": events}
        return self.answer(told, lambda: "\n".join(map(actions.write_line, stretch.events)))

    def do_reset(self, options: dict[str, Any]) -> int:
        done = actions.reset_sandbox(actions.find(options["id"]), progress)
        return self.answer(done, lambda: f"{done['id']} is as new after {done['seconds']} s")

    def do_close(self, options: dict[str, Any]) -> int:
        sandboxes = actions.all_open() if options["all"] else [actions.find(options["id"])]
        closed = [actions.close_sandbox(sandbox, progress) for sandbox in sandboxes]
        told = {"closed": closed} if options["all"] else closed[0]
        return self.answer(told, lambda: f"{len(closed)} closed")

    # --- saying ---

    def answer(self, told: dict[str, Any], text: Callable[[], str]) -> int:
        print(json.dumps(told) if self.as_json else plain(text()))
        return 0

    def fail(self, sentence: str, code: str) -> NoReturn:
        fail(sentence, code, as_json=self.as_json)


def stream(which: Literal["out", "err"], data: bytes) -> None:
    to = sys.stdout.buffer if which == "out" else sys.stderr.buffer
    to.write(data)
    to.flush()


def read_stdin() -> bytes:
    """What was piped into the command. Empty when standard input is closed, is a terminal, or has nothing to read."""
    try:
        piped = select.select([sys.stdin], [], [], 0)[0]
        return sys.stdin.buffer.read(1024 * 1024) if piped else b""
    except (OSError, ValueError):
        return b""


def addresses(opened: dict[str, Any]) -> str:
    made = {**opened["hosts"], **opened["machines"]}
    return ", ".join(f"{name} {facts['address']}" for name, facts in made.items())


def row_line(row: dict[str, Any]) -> str:
    ends = datetime.fromtimestamp(row["expires_at"], UTC).strftime("%H:%M UTC") if row["expires_at"] else "-"
    compared = f", of comparison {row['comparison']}" if row["comparison"] else ""
    what = f"{row['scenario']:<14}{row['engine']:<4}{row['node']:<10}"
    return f"{row['id']:<14}{row['state']:<11}{what}until {ends:<11}{row['phase']}{compared}"


def journeys_text(told: Journeys, explain: bool = False) -> str:
    lines = [told.error or f"{told.asked.kind} from {told.asked.source} to {told.asked.target} ({told.address}): {told.result}"]
    for journey in filter(None, (told.request, told.answer)):
        lines.append(f"--- {journey.way}")
        lines += [f"{number:>3}  {hop.ms:>8.3f} ms  {hop.text}" for number, hop in enumerate(journey.hops, start=1)]
        lines += [f"{'because':>17}  {one.place}: {one.text}" for one in journey.evidence if explain]
    return "\n".join((*lines, *told.notes))


def capture_text(told: dict[str, Any]) -> str:
    lines = [f"{row['number']:>5}  {row['way']:3}  {row['length']:>5} bytes  {row['summary']}" for row in told["rows"]]
    left_out = f", {told['left_out']} left out" if told["left_out"] else ""
    return "\n".join((*lines, f"{told['kept']} packets in {told['file']}{left_out}. {told['ended']}"))


def grid_text(grid: Grid, explain: bool = False) -> str:
    def told_lines(cell: Cell, how: str, told: Told) -> list[str]:
        line = f"{cell.source:<14}{cell.target:<14}{how:<9}{told.address:<20} {told.outcome:<11}{told.why}"
        return [line, *(f"{'because':>17}  {one.place}: {one.text}" for one in told.evidence if explain)]

    lines = [grid.error or f"{len(grid.places)} places in {grid.seconds} s"]
    for cell in grid.cells:
        lines += told_lines(cell, "address", cell.by_address)
        lines += told_lines(cell, "IPv6", cell.by_address6) if cell.by_address6 else []
        lines += told_lines(cell, "name", cell.by_name)
    return "\n".join((*lines, *grid.left_out))


def snapshot_text(snapshot: Snapshot) -> str:
    lines: list[str] = []
    for place in snapshot.places.values():
        lines.append(f"=== {place.id} ({place.kind}){' unreadable: ' + place.error if place.error else ''}")
        for view, seen in sorted(place.views.items(), key=lambda pair: rank(pair[0])):
            lines.append(f"--- {view}: {seen.command}{' ! ' + seen.error if seen.error else ''}")
            lines += [line.text for line in seen.lines]
    return "\n".join(lines)
