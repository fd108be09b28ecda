"""Reads what a person sent as a lesson: a lesson, or a scenario in Killercoda's form. An error has a file and a line."""

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
    """What is wrong with what was sent: the file, the line, and the text of that line. Line 0 means the whole file."""

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
    """A lesson that was sent and has no error. `left_out` are sentences about what the import could not convert."""

    lesson: Lesson
    files: dict[str, str]
    left_out: tuple[str, ...] = ()


def read_bundle(given: Mapping[str, bytes], name: str = "") -> Bundle:
    """The lesson in files of bounded size. `name` is the name of the zip. Raises `Faulty`."""
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
    """The slug in the lesson's own file, if it has one; `read_lesson` reports what is wrong with it."""
    try:
        slug = tomllib.loads(main).get("slug")
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    return slug if isinstance(slug, str) and slug and slug == slug_of(slug) else ""
