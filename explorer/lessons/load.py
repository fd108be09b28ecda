"""Reads a lesson from its folder or from texts by name. An error names the file, the line, what is wrong and what to do.

A lesson is checked completely here, so code that has a `Lesson` need not check it again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from explorer.lessons import conditions, render
from explorer.lessons.lines import Lines
from explorer.lessons.model import DONE, Check, Command, Hint, Lesson, Option, Prediction, Step
from explorer.network.scenario import SCENARIOS, Scenario
from explorer.network.weather import DEVICE

CONTENT = Path(__file__).parent / "content"
MAIN = "lesson.toml"
SCRIPT_BYTES = 16 * 1024
NAMED = re.compile(r"--name[ =]([A-Za-z0-9][A-Za-z0-9_.-]+)")
Where = tuple[str | int, ...]
Texted = TypeVar("Texted", Check, Hint, Option)


class LessonError(Exception):
    """A lesson is wrong. `str()` is `file:line: what is wrong and what to do`."""

    def __init__(self, path: Path, line: int, what: str) -> None:
        super().__init__(f"{Path(*path.parts[-2:])}:{line}: {what}")
        self.path, self.line, self.what = path, line, what


def load_lessons(root: Path = CONTENT) -> dict[str, Lesson]:
    """Every lesson below `root`, by slug, in the lessons' order; read once per process. Raises `LessonError`."""
    return _load_lessons(root)


@cache
def _load_lessons(root: Path) -> dict[str, Lesson]:
    words = glossary(root)
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] not in "._")
    lessons = [Reading(folder, OnDisk(folder), words).lesson() for folder in folders]
    return {lesson.slug: lesson for lesson in sorted(lessons, key=lambda lesson: (lesson.order, lesson.slug))}


def read_lesson(slug: str, files: Mapping[str, str]) -> Lesson:
    """The lesson in the files that a person sent: {file name: text}. Raises `LessonError`; its paths begin with the slug."""
    return Reading(Path(slug), InMemory(files), glossary(CONTENT)).lesson()


def glossary(root: Path) -> dict[str, str]:
    """Words and their meanings from `glossary.toml` beside the lessons; empty when the file does not exist."""
    folder = OnDisk(root)
    if "glossary.toml" not in folder.names():
        return {}
    path = root / "glossary.toml"
    words = parsed(path, read(path, folder))
    for word, meaning in words.items():
        if not isinstance(meaning, str):
            raise LessonError(path, Lines(read(path, folder)).find((word,)), f"{word!r} needs a meaning in quotes")
    return words


class Files(Protocol):
    """Access to the files of a lesson in a folder or in memory."""

    def names(self) -> list[str]: ...
    def text(self, name: str) -> str: ...


class OnDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.is_file())

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


class InMemory:
    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def names(self) -> list[str]:
        return sorted(self.files)

    def text(self, name: str) -> str:
        if name not in self.files:
            raise FileNotFoundError(name)
        return self.files[name]


def read(path: Path, files: Files) -> str:
    try:
        return files.text(path.name)
    except FileNotFoundError:
        raise LessonError(path, 1, "is missing; write it, or remove the folder") from None
    except UnicodeDecodeError as error:
        raise LessonError(path, 1, f"is not UTF-8 text ({error.reason}); save it as UTF-8") from None


def parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"line (\d+)", str(error))
        raise LessonError(path, int(where[1]) if where else len(text.splitlines()), f"not valid TOML: {error}") from None
    except RecursionError:
        raise LessonError(path, 1, "is nested too deep to be read; say it in fewer brackets") from None


def is_script(name: str) -> bool:
    return name.endswith(".sh")


class Reading:
    """One lesson while it is read. `path` is its folder; for a lesson in memory it is only a name. The last part
    is the slug."""

    def __init__(self, path: Path, files: Files, words: dict[str, str]) -> None:
        self.path = path
        self.file = path / MAIN
        self.files = files
        self.words = words

    def read(self, name: str) -> str:
        return read(self.path / name, self.files)

    def lesson(self) -> Lesson:
        text = self.read(MAIN)
        data = parsed(self.file, text)
        self.lines = Lines(text)
        if data.setdefault("slug", self.path.name) != self.path.name:
            raise self.wrong(("slug",), f"slug {data['slug']!r} differs from the folder's name {self.path.name!r}")
        scripts = {name: self.script(name) for name in self.files.names() if is_script(name)}
        self.reach = conditions.Reach(self.scenario(data), self.started(), scripts)
        conditions.ConditionParser(self.reach, self.wrong).read_all(data)
        try:
            lesson = Lesson.model_validate(data)
        except ValidationError as error:
            raise self.invalid(error) from None
        self.check_ids(lesson)
        self.check_weather(lesson)
        steps = tuple(self.step(step, ("steps", number)) for number, step in enumerate(lesson.steps))
        return lesson.model_copy(update={"steps": steps, "scripts": scripts})

    def script(self, name: str) -> str:
        text = self.read(name)
        if len(text.encode()) > SCRIPT_BYTES:
            raise LessonError(self.path / name, 1, f"is bigger than {SCRIPT_BYTES // 1024} KiB; a check is a few lines")
        if not text.strip():
            raise LessonError(self.path / name, 1, "is empty; a script that asks nothing is always green")
        first = text.splitlines()[0]
        if first.startswith("#!") and not re.search(r"\b(ba|da)?sh\b", first):
            raise LessonError(self.path / name, 1, f"begins with {first[:40]!r}; scripts are run by bash")
        return text

    def wrong(self, where: Where, what: str, word: str = "") -> LessonError:
        return LessonError(self.file, self.lines.find(where, word), what)

    def invalid(self, error: ValidationError) -> LessonError:
        first = error.errors()[0]
        where = tuple(part for part in first["loc"] if isinstance(part, str | int))
        name = str(where[-1]) if where else "lesson"
        what = {
            "missing": f"{name!r} is missing; add it here",
            "extra_forbidden": f"unknown key {name!r}; remove it or correct its name",
        }.get(first["type"], f"{'.'.join(str(part) for part in where)}: {first['msg']}")
        return self.wrong(where, what, name)

    def scenario(self, data: dict[str, Any]) -> Scenario:
        name = data.get("scenario")
        if not isinstance(name, str) or name not in SCENARIOS:
            raise self.wrong(("scenario",), f"unknown scenario {name!r}; known: {', '.join(SCENARIOS)}")
        return SCENARIOS[name]

    def started(self) -> set[str]:
        """The containers that the lesson's own commands start."""
        texts = [MAIN, *(name for name in self.files.names() if name.endswith(".md"))]
        return {found for name in texts for found in NAMED.findall(self.read(name))}

    def check_ids(self, lesson: Lesson) -> None:
        self.check_unique([(step.id, ("steps", number)) for number, step in enumerate(lesson.steps)])
        predictions: list[tuple[str, Where]] = []
        measures: list[tuple[str, Where]] = []
        for number, step in enumerate(lesson.steps):
            here: Where = ("steps", number)
            self.check_unique([(check.id, (*here, "checks", index)) for index, check in enumerate(step.checks)])
            measures += [(one.id, (*here, "measures", index)) for index, one in enumerate(step.measures)]
            for index, prediction in enumerate(step.predictions):
                place = (*here, "predictions", index)
                predictions.append((prediction.id, place))
                self.check_unique([(one.id, (*place, "options", n)) for n, one in enumerate(prediction.options)])
        self.check_unique(predictions)
        self.check_unique(measures)

    def check_weather(self, lesson: Lesson) -> None:
        """Weather is set before the learner types anything, so it is at a link that the scenario has."""
        scenario = self.reach.scenario
        there = {*scenario.names, *(f"{one.host}/{one.name}" for one in scenario.containers)}
        seen: set[tuple[str, str]] = set()
        for number, one in enumerate(lesson.weather):
            where: Where = ("weather", number)
            if one.place not in there:
                what = f"no {one.place!r} in scenario {lesson.scenario!r} at the start; there are {', '.join(sorted(there))}"
                raise self.wrong((*where, "place"), what, one.place)
            if not DEVICE.fullmatch(one.interface):
                raise self.wrong((*where, "interface"), f"{one.interface[:40]!r} is no name of an interface; such as eth0")
            if (one.place, one.interface) in seen:
                raise self.wrong(where, f"a second weather at {one.place} {one.interface}; say all of it in one")
            seen.add((one.place, one.interface))

    def check_unique(self, ids: list[tuple[str, Where]]) -> None:
        seen: set[str] = set()
        for name, where in ids:
            if name in seen:
                raise self.wrong((*where, "id"), f"a second {name!r}; give it an id of its own")
            seen.add(name)

    # --- texts ---

    def step(self, step: Step, where: Where) -> Step:
        text = self.text(step, where)
        self.check_parts(step, text)
        for number, command in enumerate(step.solution):
            if problem := self.reach.problem(command):
                raise self.wrong((*where, "solution", number), problem, command.place)
        return step.model_copy(
            update={
                "parts": render.render_parts(text, self.words),
                "checks": tuple(self.check(one, (*where, "checks", n)) for n, one in enumerate(step.checks)),
                "hints": tuple(self.hint(one, (*where, "hints", n)) for n, one in enumerate(step.hints)),
                "predictions": tuple(
                    self.prediction(one, (*where, "predictions", n)) for n, one in enumerate(step.predictions)
                ),
            }
        )

    def text(self, step: Step, where: Where) -> str:
        """The step's Markdown, checked."""
        file = self.path / step.file
        if not step.file.endswith(".md") or step.file not in self.files.names():
            raise self.wrong((*where, "file"), f"no file {step.file!r} in this folder; write it, or correct the name")
        text = self.read(step.file)
        if not text.strip():
            raise LessonError(file, 1, "is empty; a step needs a text")
        for fault in render.faults(text):
            raise LessonError(file, fault.line, fault.what)
        for line, command in render.commands(text):
            if problem := self.reach.problem(command):
                raise LessonError(file, line, problem)
        for line, place in render.looked_at(text):
            if problem := self.reach.problem(Command(place=place, command="")):
                raise LessonError(file, line, problem)
        return text

    def check_parts(self, step: Step, text: str) -> None:
        """Each block `!!! after WORD` names a question of this step, or its checks."""
        known = [*(one.id for one in step.predictions), *([DONE] if step.checks else [])]
        for block in render.blocks(text):
            problem = ""
            if block.after and not block.tokens:
                problem = "is empty; indent its text by four spaces"
            elif block.after and block.after not in known:
                problem = f"names nothing of this step that can be settled; there is {', '.join(known) or 'nothing'}"
            elif block.after == DONE and block.commands:
                problem = "has a command, which comes too late when all checks have passed; move the command before the block"
            if problem:
                raise LessonError(self.path / step.file, block.line, f"`!!! after {block.after}` {problem}")

    def check(self, one: Check, where: Where) -> Check:
        found = self.with_line(one, where)
        return found.model_copy(update={"done_html": self.line(one.done, (*where, "done"))})

    def hint(self, one: Hint, where: Where) -> Hint:
        found = self.with_line(one, where)
        place, tool = self.line(one.where, (*where, "where")), self.line(one.tool, (*where, "tool"))
        return found.model_copy(update={"where_html": place, "tool_html": tool})

    def prediction(self, one: Prediction, where: Where) -> Prediction:
        for number, option in enumerate(one.options):
            if not (one.explain or option.explain):
                raise self.wrong((*where, "options", number), "nothing explains it when this option proves true; add `explain`")
        return one.model_copy(
            update={
                "html": self.line(one.question, (*where, "question")),
                "explain_html": self.block(one.explain, (*where, "explain")),
                "options": tuple(self.option(option, (*where, "options", n)) for n, option in enumerate(one.options)),
            }
        )

    def option(self, one: Option, where: Where) -> Option:
        found = self.with_line(one, where)
        explain, feedback = (
            self.block(text, (*where, name)) for name, text in (("explain", one.explain), ("feedback", one.feedback))
        )
        return found.model_copy(update={"explain_html": explain, "feedback_html": feedback})

    def block(self, text: str, where: Where) -> str:
        return render.render(self.clean(text, where))

    def with_line(self, one: Texted, where: Where) -> Texted:
        return one.model_copy(update={"html": self.line(one.text, (*where, "text"))})

    def line(self, text: str, where: Where) -> str:
        return render.render_line(self.clean(text, where))

    def clean(self, text: str, where: Where) -> str:
        for fault in render.faults(text):
            raise self.wrong(where, fault.what)
        return text
