"""Names, answers and errors that a host chose cannot steer a terminal or pass for an entry of our own in a log."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from explorer import settings
from explorer.plain import plain
from tests.attacks import attack

TOP = Path(__file__).resolve().parents[1]
WEAPONS = {
    "colours and erasing": "\x1b[31m\x1b[2J",
    "a window's title": "\x1b]0;owned\x07",
    "the clipboard: OSC 52": "\x1b]52;c;ZXZpbA==\x07",
    "a question the terminal answers": "\x1b[6n\x1b[c",
    "one byte for all of it: C1": "\x9b31m\x9d0;owned\x9c",
    "text turned round: U+202E": "\u202egnp.exe",
    "no letters at all": "a\u200bb\u2060\ufeff",
    "back to the line's beginning": "harmless\rFAKE",
    "the end of the text": "a\0b",
}


@attack(
    "{name}, in a name for an operator's terminal", origin="output", expected="harmless", held_by="escapes: explorer/plain.py"
)
@pytest.mark.parametrize(("name", "text"), WEAPONS.items(), ids=WEAPONS)
def test_what_steers_a_terminal_is_shown_as_its_escape(name, text, seen):
    told = plain(text)
    seen(told)
    assert told.isprintable()
    assert told.encode().decode("unicode_escape") == text


@pytest.mark.parametrize("text", ["", "eth0: <UP>", "Ünïcode ✓ 日本", "two\nlines\tand a tab", "a \\x1b that was typed"])
def test_what_people_write_stays_as_it_is(text):
    assert plain(text) == text


def entry(message, *words, error=None):
    """One entry of the log as text."""
    line: dict[str, Any] = settings.LOGGING["formatters"]["line"]  # type: ignore[index]
    formatter = line["()"](**{name: value for name, value in line.items() if name != "()"})
    info = (type(error), error, None) if error else None
    return formatter.format(logging.LogRecord("explorer", logging.ERROR, __file__, 1, message, words, info))


@attack(
    "a second entry in the operator's log, {how}",
    origin="output",
    expected="harmless",
    held_by="one line; a traceback is barred",
)
@pytest.mark.parametrize("how", ["by a word", "by an error"])
def test_one_entry_cannot_pass_for_two(how, seen):
    forged = "x\n2026-01-01T00:00:00Z [error] forged \x1b[31m"
    text = entry("%s is lost", forged) if how == "by a word" else entry("lost", error=ValueError(forged))
    seen(text)
    assert "forged" in text
    assert "\x1b" not in text
    assert [line for line in text.splitlines()[1:] if not line.startswith("  | ")] == []


def test_the_logs_of_the_processes_are_written_this_way(tmp_path):
    code = "import django; django.setup(); import logging; logging.getLogger('x').error('a%sb', '\\x1b[31m\\nFAKE')"
    env = {"DJANGO_SETTINGS_MODULE": "explorer.settings", "EXPLORER_STATE": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, env=env, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert "a\\x1b[31m\\nFAKEb" in line
