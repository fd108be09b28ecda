"""Turns a scenario in Killercoda's form (`index.json`, texts, scripts) into a lesson, and lists what could not be converted.

The form is known from public scenarios: a title, a description, and `details` with `intro`, `steps` and `finish`, each of
which names a text and possibly scripts. `verify` scripts become checks. Every loss is reported in a sentence that begins with
the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from explorer.lessons.bundle import BadBundle, at_home, read_text
from explorer.lessons.killercoda_text import convert_text
from explorer.lessons.load import MAIN, SCRIPT_BYTES

INDEX = "index.json"
MOST_STEPS = 40
MOST_LEFT_OUT = 80
TITLE, SUMMARY, PROMISE = 120, 600, 200  # letters
DOCKER = ("docker", "ubuntu", "debian")  # environments that a Docker host can replace
SCRIPTS = {
    "foreground": "a script that types for the learner when the step opens",
    "background": "a script that runs unseen when the step opens",
    "courseData": "a script that runs unseen when the step opens",
    "code": "a script that types for the learner when the step opens",
}
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")


@dataclass(frozen=True)
class Imported:
    """The result. `slug` is a name for the lesson, `files` are its texts by name, `left_out` are sentences."""

    slug: str
    files: dict[str, str]
    left_out: tuple[str, ...]


def import_scenario(files: Mapping[str, bytes], name: str = "") -> Imported:
    """The lesson from the files of a folder or zip. Raises `BadBundle` when the files hold no scenario."""
    folder, inside = at_home(files, INDEX)
    return Scenario(inside, slug_of(folder or name)).imported()


def is_scenario(files: Mapping[str, bytes]) -> bool:
    """Whether the files are a scenario and not a lesson."""
    names = {name.rpartition("/")[2] for name in files}
    return INDEX in names and MAIN not in names


def slug_of(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower().removesuffix(".zip")).strip("-")
    return plain[:60].rstrip("-") or "imported"


@dataclass
class Scenario:
    """One scenario while it is read."""

    given: Mapping[str, bytes]
    slug: str
    files: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=lambda: {INDEX})
    steps: list[str] = field(default_factory=list)

    def imported(self) -> Imported:
        index = self.read_index()
        details = table(index.get("details"))
        pages = self.pages(details)
        for number, (name, page) in enumerate(pages):
            self.read_page(name, page, first=number == 0, last=number == len(pages) - 1)
        self.files[MAIN] = "\n".join([*self.head(index, len(pages)), *self.steps])
        self.tell_environment(index)
        self.tell_assets(details)
        self.tell_unused()
        told = list(dict.fromkeys(self.left_out))
        if len(told) > MOST_LEFT_OUT:
            told = [*told[:MOST_LEFT_OUT], f"{INDEX}: {len(told) - MOST_LEFT_OUT} more things could not be carried over."]
        return Imported(self.slug, self.files, tuple(told))

    def leave_out(self, file: str, what: str) -> None:
        self.left_out.append(f"{file}: {what}")

    def read_index(self) -> dict[str, Any]:
        try:
            index = json.loads(read_text(INDEX, self.given[INDEX]))
        except json.JSONDecodeError as error:
            raise BadBundle(INDEX, f"is not JSON (line {error.lineno}: {error.msg})") from None
        except (RecursionError, ValueError):
            raise BadBundle(INDEX, "is JSON that cannot be read") from None
        if not isinstance(index, dict) or not isinstance(index.get("details"), dict):
            raise BadBundle(INDEX, 'has no "details"; that is where a scenario has its steps')
        return index

    def pages(self, details: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        steps = details.get("steps")
        numbered = [(f"step-{number}", table(one)) for number, one in enumerate(steps if isinstance(steps, list) else [], 1)]
        if not numbered:
            raise BadBundle(INDEX, 'has no "steps" in its "details"')
        if len(numbered) > MOST_STEPS:
            raise BadBundle(INDEX, f"has more than {MOST_STEPS} steps; make two lessons of it")
        ends = [(name, table(details.get(name))) for name in ("intro", "finish") if table(details.get(name)).get("text")]
        return [*ends[: bool(ends) and ends[0][0] == "intro"], *numbered, *(one for one in ends if one[0] == "finish")]

    # --- one step ---

    def read_page(self, name: str, page: dict[str, Any], *, first: bool, last: bool) -> None:
        title = words(page.get("title"), TITLE) or {"intro": "Introduction", "finish": "The end"}.get(name, f"Step {name[5:]}")
        file = f"{name}.md"
        self.files[file] = self.page_text(page, title)
        self.steps += ["", "[[steps]]", f"id = {quoted(name)}", f"title = {quoted(title)}", f"file = {quoted(file)}"]
        if script := self.verify(page):
            self.files[f"{name}.sh"] = script
            self.steps += [
                *("", "[[steps.checks]]", 'id = "verify"', f"text = {quoted(f'What “{title}” asks for is done')}"),
                f"when = {{ script = {{ file = {quoted(f'{name}.sh')} }} }}",
            ]
        for kind, what in SCRIPTS.items():
            if page.get(kind):
                path = self.find(page[kind])
                self.leave_out(path or INDEX, f"{what} ({name}); put its commands into the step's text if learners need them.")

    def page_text(self, page: dict[str, Any], title: str) -> str:
        asked = page.get("text")
        if not asked:
            return f"{title}\n"
        path = self.find(asked)
        if not path:
            raise BadBundle(words(asked, 80) or INDEX, f"is named by {INDEX} and is not there")
        text, losses = convert_text(read_text(path, self.given[path]))
        for loss in losses:
            self.leave_out(path, loss)
        return text if text.strip() else f"{title}\n"

    def verify(self, page: dict[str, Any]) -> str:
        asked = page.get("verify")
        if not asked:
            return ""
        path = self.find(asked)
        if not path:
            self.leave_out(INDEX, f"the script {words(asked, 80)!r} that verifies a step is not there; the step has no check.")
            return ""
        try:
            text = read_text(path, self.given[path], SCRIPT_BYTES)
        except BadBundle as error:
            self.left_out.append(f"{error}; the step has no check.")
            return ""
        first = text.lstrip().partition("\n")[0]
        if not text.strip() or (first.startswith("#!") and not re.search(r"\b(ba|da)?sh\b", first)):
            self.leave_out(path, "is no script for a shell; the step has no check.")
            return ""
        return text

    def find(self, asked: object) -> str:
        """The file that the scenario names; "" when there is none."""
        path = asked.removeprefix("./") if isinstance(asked, str) else ""
        if path not in self.given:
            return ""
        self.used.add(path)
        return path

    # --- the whole ---

    def head(self, index: dict[str, Any], pages: int) -> Iterator[str]:
        title = words(index.get("title"), TITLE) or self.slug
        summary = words(index.get("description"), SUMMARY) or title
        minutes = re.search(r"\d+", words(index.get("time"), 40))
        yield f"title = {quoted(title)}"
        yield 'driver = "bridge"  # what the lesson is about; change it if it is another'
        yield f"summary = {quoted(summary)}"
        yield f"promise = {quoted(first_sentence(summary))}"
        yield f"minutes = {min(60, max(1, int(minutes[0][:3]))) if minutes else min(60, 3 * pages)}"
        yield 'scenario = "one-host"'

    def tell_environment(self, index: dict[str, Any]) -> None:
        image = words(table(index.get("backend")).get("imageid"), 60)
        if image and not image.lower().startswith(DOCKER):
            self.leave_out(INDEX, f"the environment {image!r} is not here; the lesson has one Docker host, h1, and `outside`.")
        if re.search(r"[2-9]-?nodes?\b", image):
            self.leave_out(INDEX, "a second machine; the lesson has one Docker host.")
        layout = words(table(index.get("interface")).get("layout"), 60)
        if layout and layout not in ("terminal", "editor-terminal-split"):
            self.leave_out(INDEX, f"the layout {layout!r}; a lesson has its text, the map and terminals.")
        for kind in ("credits", "difficulty"):
            if told := words(index.get(kind), 60):
                self.leave_out(INDEX, f"{kind} ({told}).")

    def tell_assets(self, details: dict[str, Any]) -> None:
        for machine, listed in table(details.get("assets")).items():
            for one in listed if isinstance(listed, list) else []:
                file = words(table(one).get("file"), 80)
                target = words(table(one).get("target"), 80)
                self.leave_out(INDEX, f"the file {file!r} is not put on {words(machine, 20)} ({target}).")

    def tell_unused(self) -> None:
        for path in self.given.keys() - self.used:
            what = "a picture" if path.lower().endswith(PICTURES) else "a file that no step's text is made of"
            self.leave_out(path, f"{what}; it was not carried over.")


def table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def words(value: object, most: int) -> str:
    """A text of the scenario on one line that is safe to show; "" when the value is not a text."""
    text = value if isinstance(value, str) else ""
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: 8 * most])
    return " ".join(plain.split())[:most]


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0][:PROMISE]


def quoted(text: str) -> str:
    """A TOML string. A text from `words` needs no other escapes than JSON's."""
    return json.dumps(text, ensure_ascii=False)
