"""A lesson folder to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.lessons.load import LessonError, load_lessons

GOOD = """\
title = "A lesson"
driver = "bridge"
summary = "A summary."
promise = "A promise."
minutes = 5
scenario = "one-host"

[[steps]]
id = "one"
title = "One"
file = "1.md"

[[steps.checks]]
id = "runs"
text = "`web` runs"
when = { container_running = { name = "web" } }

[[steps.hints]]
text = "Start it."
when = [
  { container_stopped = {} },
  { not = { container_running = {} } },
]

[[steps.predictions]]
id = "guess"
question = "Will it?"
explain = '''
It **did**.
'''

[[steps.predictions.options]]
id = "yes"
text = "Yes"
when = { interface = { place = "h1/web", name = "eth0" } }

[[steps.predictions.options]]
id = "no"
text = "No"
when = { container_stopped = {} }

[[steps]]
id = "two"
title = "Two"
file = "2.md"
solution = [
  { place = "h1", command = "docker rm -f web" },
]
"""
TEXT = """\
Start *it*:

```run h1
docker run -d --name web box
```

Then look:

```run h1/web
ip addr
```
"""


class Lessons:
    """One good lesson on disk, `pages`; change a file, then `load`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "pages"
        self.folder.mkdir()
        (self.folder / "lesson.toml").write_text(GOOD)
        (self.folder / "1.md").write_text(TEXT)
        (self.folder / "2.md").write_text("And now?\n")

    def change(self, old: str, new: str, file: str = "lesson.toml") -> None:
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) >= 1, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))

    def load(self):
        return load_lessons(self.root)["pages"]

    def error(self) -> str:
        with pytest.raises(LessonError) as caught:
            load_lessons(self.root)
        return str(caught.value)


@pytest.fixture
def lessons(tmp_path: Path) -> Lessons:
    return Lessons(tmp_path)
