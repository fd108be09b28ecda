"""How a log record becomes a line, and what every record carries.

A record is one line: time, level, the sentence, then `name=value` for each fact, in the same order in every process: node,
part, request, task, sandbox. A traceback follows on lines that begin with a bar, so no text of a host can look like a record.
Control characters are escaped. With EXPLORER_LOG=json a record is one JSON object.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from explorer.plain import plain

Record = MutableMapping[str, Any]
FIRST = ("node", "part", "request_id", "task_id", "sandbox")
MOST = 2000  # characters of one value
MOST_TRACE = 20_000
PLAIN = re.compile(r"[A-Za-z0-9_./:@+-]+")


def part_of(argv: list[str]) -> str:
    """Which part of an installation a process is, by how it was started: relay, engine, worker, web, or a command's name."""
    program = Path(argv[0]).name if argv else ""
    if program == "manage.py":
        return argv[1] if len(argv) > 1 else "manage"
    whole = f"{Path(argv[0]).parent.name} {program}" if argv else ""
    if program == "__main__.py":
        program = Path(argv[0]).parent.name
    return "worker" if "celery" in whole else "web" if "uvicorn" in whole else program.removesuffix(".py")[:20] or "python"


class Whose:
    """A processor that adds the node and the part to every record."""

    def __init__(self, node: str) -> None:
        self.node, self.part = node, part_of(sys.argv)

    def __call__(self, logger: Any, name: str, record: Record) -> Record:
        if self.part != "web":
            record.setdefault("node", self.node)
        record.setdefault("part", self.part)
        return record


def escape(text: str, most: int = MOST) -> str:
    """The text as one line: bounded, and with every character that cannot be printed as its escape."""
    cut = text[:most] + ("…" if len(text) > most else "")
    return plain(cut).replace("\n", r"\n").replace("\t", r"\t")


def as_line(logger: Any, name: str, record: Record) -> str:
    trace = str(record.pop("exception", "") or "")
    facts = {key: value for key, value in record.items() if key not in ("timestamp", "level", "event", "logger", "_record")}
    ordered = {key: facts.pop(key) for key in FIRST if key in facts} | dict(sorted(facts.items()))
    words = [
        str(record.get("timestamp", "")),
        str(record.get("level", "")).ljust(8),
        escape(str(record.get("event", ""))),
        *(f"{escape(key, 60)}={_value(value)}" for key, value in ordered.items()),
        f"logger={escape(str(record.get('logger', '')), 200)}",
    ]
    return "\n".join([" ".join(words), *_barred(trace)])


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    if PLAIN.fullmatch(text[: MOST + 1]):
        return escape(text)
    quoted = escape(text.replace("\\", "\\\\").replace('"', '\\"')) if isinstance(value, str) else escape(text)
    return f'"{quoted}"'


def _barred(trace: str) -> list[str]:
    return [f"  | {escape(line)}" for line in trace[-MOST_TRACE:].split("\n")] if trace else []


def as_json(logger: Any, name: str, record: Record) -> str:
    """One JSON object; JSON itself escapes control characters, the others are escaped as in `as_line`."""
    record.pop("_record", None)
    return json.dumps(_bounded(record), default=lambda value: escape(repr(value)), ensure_ascii=False)


def _bounded(value: Any, deep: int = 0) -> Any:
    if isinstance(value, str):
        return escape(value, MOST_TRACE)
    if deep < 4 and isinstance(value, Mapping):
        return {escape(str(key), 60): _bounded(one, deep + 1) for key, one in list(value.items())[:100]}
    if deep < 4 and isinstance(value, list | tuple | set):
        return [_bounded(one, deep + 1) for one in list(value)[:100]]
    return value if isinstance(value, int | float | bool) or value is None else escape(repr(value))
