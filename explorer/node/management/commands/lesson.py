"""`manage.py lesson`: checks the lessons' files, or plays a lesson on a real sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from explorer.lab.errors import LabError, NoDriver
from explorer.lessons.bundle import ZIP_BYTES, BadBundle, unpack
from explorer.lessons.checks import PREDICATES
from explorer.lessons.choices import BadCases, load_cases
from explorer.lessons.load import CONTENT, LessonError, OnDisk, load_lessons
from explorer.lessons.model import Lesson
from explorer.lessons.recording import RecordedStep, Recording, played, write_recording
from explorer.lessons.sent import Faulty, read_bundle
from explorer.lessons.spoilers import find_spoilers
from explorer.network.engines import usual
from explorer.network.model import Snapshot
from explorer.node.lessons import preview
from explorer.node.lessons.solve import solve_lesson
from explorer.node.this_node import lab_config
from explorer.sandboxes import library

Keep = Callable[[str, Snapshot], None]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
NO_DRIVER = 77  # exit status: not a failure of the lesson, the kernel lacks its driver


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Reads every lesson (check), plays one (solve), lists what may be asked (predicates), imports and previews others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("predicates", help="what a check, hint or prediction may ask, for authors")
        check = actions.add_parser("check", help="reads every lesson")
        check.add_argument("--json", action="store_true", help="one JSON object on standard output")
        solve = actions.add_parser(
            "solve",
            help="plays a lesson with its own commands; fails unless its checks tell the truth",
            epilog=f"Exit status 0: green; 1: not; {NO_DRIVER}: this node's kernel lacks the driver, nothing was played.",
        )
        solve.add_argument("slug")
        solve.add_argument("--json", action="store_true", help="one JSON object on standard output, progress on standard error")
        solve.add_argument(
            "--engine", choices=settings.ENGINES, default=usual(settings.ENGINES), help="version of Docker Engine in its hosts"
        )
        solve.add_argument("--keep", metavar="DIR", help="write what was seen there, one file per step: fixtures for tests")
        solve.add_argument("--record", metavar="FILE", help="write what was seen there, for nodes that cannot play this lesson")
        solve.add_argument("--until", metavar="STEP", default="", help="end after this step")
        solve.add_argument("--skip", metavar="STEP[:N]", help="leave out a step's commands, or its Nth; then it has to fail")

        bring = actions.add_parser("import", help="makes a lesson of a scenario in Killercoda's form, and says what is lost")
        bring.add_argument("source", metavar="DIR|ZIP")
        bring.add_argument("--out", metavar="DIR", help="write the lesson's folder there; else only what is lost is said")
        showing = actions.add_parser("preview", help="shows a folder as a draft that follows it, on a site that runs here")
        showing.add_argument("folder", metavar="DIR")
        showing.add_argument("--as", dest="author", metavar="NAME", default="", help="whose draft it is; the first operator's")

    def handle(self, *args: Any, **options: Any) -> None:
        doors = {"predicates": list_predicates, "import": bring_scenario, "preview": preview_folder}
        if door := doors.get(options["action"]):
            door(options)
            return
        try:
            lessons = load_lessons()
            load_cases()
        except (LessonError, BadCases) as error:
            if options["json"]:
                print(json.dumps({"ok": False, "error": str(error)}))
            print(error, file=sys.stderr)
            sys.exit(1)
        if options["action"] == "check":
            check(lessons, options["json"])
        else:
            solve(lessons, options)


def list_predicates(_: dict[str, Any]) -> None:
    for name, predicate in sorted(PREDICATES.items()):
        fields = predicate.arguments.model_fields.items()
        told = ", ".join(field if one.is_required() else f"{field}={one.default!r}" for field, one in fields)
        print(f"{name}({told})\n    {predicate.about.splitlines()[0]}")


def bring_scenario(options: dict[str, Any]) -> None:
    """Ends with exit status 0 when a lesson was made, even if parts of the scenario were left out."""
    source = Path(options["source"])
    try:
        files = preview.read_folder(source) if source.is_dir() else unpack(read_zip(source))
        bundle = read_bundle(files, source.name)
    except (BadBundle, Faulty) as error:
        raise CommandError(str(error)) from None
    slug = bundle.lesson.slug
    if options["out"]:
        folder = Path(options["out"]) / slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in bundle.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        print(f"{slug}: written to {folder}")
    print(f"{slug}: {len(bundle.lesson.steps)} steps, {len(bundle.lesson.scripts)} scripts that check")
    for sentence in bundle.left_out:
        print(f"not carried over  {sentence}")


def read_zip(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            return file.read(ZIP_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}.") from None


def preview_folder(options: dict[str, Any]) -> None:
    """Runs until it is interrupted. Refused unless the site is a developer's own: on other sites, lessons are uploaded."""
    if settings.PRODUCTION or not (settings.DEBUG or settings.BIND in LOOPBACK):
        raise CommandError("A preview is for a site that only this machine sees. Send the lesson through the site instead.")
    folder = Path(options["folder"])
    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder.")
    following = preview.Preview(folder, find_author(options["author"]))
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell that is no terminal's has it ignore interrupts
        signal.signal(number, signal.default_int_handler)
    seen: object = None
    try:
        while True:
            if (stamp := preview.stamp_of(folder)) != seen:
                seen = stamp
                problem = following.take()
                page = f"http://localhost:{settings.PORT}/learn/_{following.slug}/"
                print(problem or f"shown at {page} to {following.author} and operators", flush=True)
            time.sleep(0.5)
    except KeyboardInterrupt:
        following.end()


def find_author(name: str) -> User:
    users = User.objects.filter(is_active=True).order_by("pk")
    found = users.filter(username=name) if name else users.filter(Q(is_superuser=True) | Q(groups__name="operator"))
    author = found.first()
    if author is None:
        raise CommandError(f"There is no user {name!r}." if name else "There is no operator yet; name a user with --as.")
    return author


def check(lessons: dict[str, Lesson], as_json: bool) -> None:
    """Says what each lesson has, and warns of sentences that may give a question away. A warning is no error."""
    warnings = [
        f"{slug}/{one.file}:{one.line}: {one.what}; a later text says “{one.text}”"
        for slug, lesson in lessons.items()
        for one in find_spoilers(lesson, OnDisk(CONTENT / slug))
    ]
    told = {
        slug: {
            "title": lesson.title,
            "steps": len(lesson.steps),
            "checks": sum(len(step.checks) for step in lesson.steps),
            "predictions": sum(len(step.predictions) for step in lesson.steps),
            "hints": sum(len(step.hints) for step in lesson.steps),
            "commands": sum(len(step.commands) for step in lesson.steps),
        }
        for slug, lesson in lessons.items()
    }
    if as_json:
        print(json.dumps({"ok": True, "lessons": told, "warnings": warnings}))
        return
    for slug, facts in told.items():
        print(f"ok  {slug}: " + ", ".join(f"{count} {name}" for name, count in facts.items() if name != "title"))
    for warning in warnings:
        print(f"warning  {warning}", file=sys.stderr)


def keeper(folder: Path) -> Keep:
    """Returns a function that writes snapshots to files without their printed lines: checks read the typed items only."""
    folder.mkdir(parents=True, exist_ok=True)
    told = count()

    def keep(step: str, snapshot: Snapshot) -> None:
        data = snapshot.model_dump(mode="json", exclude={"places": {"__all__": {"views": {"__all__": {"lines"}}}}})
        (folder / f"{next(told)}-{step or 'start'}.json").write_text(json.dumps(pruned(data), separators=(",", ":")) + "\n")

    return keep


def both(first: Keep, second: Keep | None) -> Keep:
    def keep(step: str, snapshot: Snapshot) -> None:
        first(step, snapshot)
        if second:
            second(step, snapshot)

    return keep


def record(lesson: Lesson, began: float, seen: tuple[RecordedStep, ...], path: Path) -> None:
    engines = sorted({docker.version for one in seen for docker in one.snapshot.docker.values() if docker.version})
    recording = Recording(
        lesson=lesson.slug,
        kernel=os.uname().release,
        engine=", ".join(engines),
        at=began,
        played=played(lesson),
        seen=seen,
    )
    write_recording(path, recording)


def pruned(value: Any) -> Any:
    """The value without empty parts."""
    if isinstance(value, dict):
        return {key: pruned(one) for key, one in value.items() if one not in (None, "", [], {})}
    return [pruned(one) for one in value] if isinstance(value, list) else value


def solve(lessons: dict[str, Lesson], options: dict[str, Any]) -> None:
    slug, stream = options["slug"], sys.stderr if options["json"] else sys.stdout
    lesson = lessons.get(slug) or library.find(slug)
    if lesson is None:
        raise CommandError(f"There is no lesson {slug!r}. There are: {', '.join(lessons)}.")
    known_step(lesson, options["until"], "--until")
    began, snapshots = time.time(), list[tuple[str, Snapshot]]()
    playing = solve_lesson(
        lab_config(),
        lesson,
        lambda line: print(line, file=stream, flush=True),
        engine=options["engine"],
        skip=skipped(lesson, options["skip"]),
        until=options["until"],
        keep=both(lambda *seen: snapshots.append(seen), keeper(Path(options["keep"])) if options["keep"] else None),
    )
    try:
        result = asyncio.run(playing)
    except LabError as error:
        lacks = lesson.driver if isinstance(error, NoDriver) else ""
        if options["json"]:
            print(json.dumps({"lesson": slug, "ok": False, "error": str(error), "lacks": lacks}))
        if lacks:
            print(error, file=sys.stderr)
            sys.exit(NO_DRIVER)
        raise CommandError(f"{error} {error.detail}".strip()) from error
    if options["record"] and result.ok and not options["skip"] and not options["until"]:
        answers = {step.step: step.answers for step in result.steps}
        seen = tuple(RecordedStep(step=step, snapshot=snapshot, answers=answers.get(step, {})) for step, snapshot in snapshots)
        record(lesson, began, seen, Path(options["record"]))
    if options["json"]:
        print(json.dumps(result.as_json()))
    print(f"{slug}: {'every step is green' if result.ok else 'FAILED'} after {result.seconds} s", file=stream)
    if not result.ok:
        sys.exit(1)


def skipped(lesson: Lesson, word: str | None) -> tuple[str, int] | None:
    """Parses `STEP` or `STEP:N` to (step, N). N is 0 for all commands of the step."""
    if word is None:
        return None
    match = re.fullmatch(r"([a-z0-9-]+)(?::([1-9][0-9]{0,2}))?", word)
    if match is None:
        raise CommandError(f"--skip {word!r}: expected STEP or STEP:N.")
    known_step(lesson, match[1], "--skip")
    return match[1], int(match[2] or 0)


def known_step(lesson: Lesson, step: str, option: str) -> None:
    steps = [one.id for one in lesson.steps]
    if step and step not in steps:
        raise CommandError(f"{option} {step!r}: {lesson.slug} has the steps {', '.join(steps)}.")
