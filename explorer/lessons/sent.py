"""What somebody sent, read as a lesson: one of ours, or a scenario in Killercoda's form. What is wrong has file and line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from explorer.lessons.bundle import BadBundle, lesson_files
from explorer.lessons.killercoda import import_scenario, is_scenario, slug_of
from explorer.lessons.load import MAIN, LessonError, read_lesson
from explorer.lessons.model import Lesson


@dataclass(frozen=True)
class Fault:
    """What is wrong with what was sent: in which file, on which line, and what stands there. Line 0: all of it."""

    file: str
    line: int
    what: str
    text: str = ""


class Faulty(Exception):
    def __init__(self, fault: Fault) -> None:
        where = f"{fault.file}:{fault.line}" if fault.line else fault.file
        super().__init__(f"{where}: {fault.what}")
        self.fault = fault


@dataclass(frozen=True)
class Bundle:
    """A lesson as it was sent, and found good. `left_out`: what its import could not carry over."""

    lesson: Lesson
    files: dict[str, str]
    left_out: tuple[str, ...] = ()


def read_bundle(given: Mapping[str, bytes], name: str = "") -> Bundle:
    """A lesson of ours or a scenario of Killercoda's, from bounded files. `name` is the zip's. Raises `Faulty`."""
    left_out: tuple[str, ...] = ()
    try:
        if is_scenario(given):
            found = import_scenario(given, name)
            slug, files, left_out = found.slug, found.files, found.left_out
        else:
            folder, files = lesson_files(given)
            slug = named_slug(files[MAIN]) or slug_of(folder or name)
    except BadBundle as error:
        raise Faulty(Fault(error.entry, 0, str(error).removeprefix(f"{error.entry}: "))) from None
    try:
        return Bundle(read_lesson(slug, files), files, left_out)
    except LessonError as error:
        raise Faulty(fault_of(error, files)) from None


def fault_of(error: LessonError, files: Mapping[str, str]) -> Fault:
    lines = files.get(error.path.name, "").split("\n")
    text = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
    return Fault(error.path.name, error.line, error.what, text[:300])


def named_slug(main: str) -> str:
    """The slug that the lesson gives itself, if it does; whoever reads it all says what is wrong with it."""
    try:
        slug = tomllib.loads(main).get("slug")
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    return slug if isinstance(slug, str) and slug and slug == slug_of(slug) else ""
