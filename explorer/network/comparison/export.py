"""A comparison as Markdown: what was compared, the versions, the date, the table, why columns differ, and the figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from explorer.network.comparison.model import Column, Comparison
from explorer.network.comparison.rows import GROUPS, ROWS, Row
from explorer.network.drivers.compared import Cell, Figures, Mark, Transcript

SIGNS: dict[Mark, str] = {
    "yes": "✓",
    "no": "✗",
    "partly": "◐",
    "value": "",
    "same": "=",
    "lacks": "–",
    "failed": "!",
    "unknown": "?",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&$!])")


def to_markdown(comparison: Comparison, sentences: Mapping[str, str]) -> str:
    """The document. `sentences` maps the key of a row to the sentence that says why the row differs."""
    return "\n".join(_document(comparison, sentences)) + "\n"


def _document(comparison: Comparison, sentences: Mapping[str, str]) -> Iterator[str]:
    yield f"# Compared: {', '.join(_plain(column.variant.title) for column in comparison.columns)}"
    yield ""
    yield from _heads(comparison)
    for key, title in GROUPS.items():
        rows = [row for row in ROWS if row.group == key and any(column.cell(row.key) for column in comparison.columns)]
        if rows:
            yield from ["", f"## {title}", "", *_table(comparison.columns, rows)]
            yield from _whys(rows, sentences)
    yield from _figures(comparison)
    yield from ["", "## How it was made"]
    for column in comparison.columns:
        yield from ["", f"### {_plain(column.variant.title)}", "", *_commands(column)]


def _heads(comparison: Comparison) -> Iterator[str]:
    versions = comparison.versions
    engines = sorted(set(versions.engines.values()))
    if comparison.made_at:
        yield f"- Measured on {datetime.fromtimestamp(comparison.made_at, UTC):%d %B %Y at %H:%M UTC}"
    yield f"- Docker Network Explorer {_plain(versions.product or 'of unknown version')}"
    if versions.kernel:
        yield f"- Linux {_plain(versions.kernel)}"
    if engines:
        yield f"- Docker Engine {_plain(', '.join(engines))}"
    if comparison.noise:
        yield f"- Loopback on this machine meanwhile: {_spread(comparison.noise)}"
    for column in comparison.columns:
        if column.state != "done":
            yield f"- {_plain(column.variant.title)}: {_plain(_state(column))}"
        yield from (f"- {_plain(column.variant.title)}: {_plain(note)}" for note in column.notes)


def _state(column: Column) -> str:
    if column.error:
        at = f" (while {column.failed_at})" if column.failed_at and column.state == "failed" else ""
        return column.error + at
    return "not complete"


def _table(columns: tuple[Column, ...], rows: list[Row]) -> Iterator[str]:
    yield "| | " + " | ".join(_plain(column.variant.title) for column in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for row in rows:
        yield f"| {_plain(row.title)} | " + " | ".join(_cell(column.cell(row.key)) for column in columns) + " |"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    beside = f" ({_plain(cell.value)})" if cell.value and cell.value != cell.word else ""
    word = f"{SIGNS[cell.mark]} {_plain(cell.word)}".strip()
    return word + beside


def _whys(rows: list[Row], sentences: Mapping[str, str]) -> Iterator[str]:
    told = [f"- **{_plain(row.title)}**: {_plain(sentences[row.key])}" for row in rows if sentences.get(row.key)]
    yield from ["", *told] if told else []


def _figures(comparison: Comparison) -> Iterator[str]:
    lines = [
        f"| {_plain(row.title)} | {_plain(column.variant.title)} | {_spread(cell.figures)} | {_plain(cell.figures.way)} |"
        for row in ROWS
        for column in comparison.columns
        if (cell := column.cell(row.key)) and cell.figures
    ]
    if lines:
        yield from ["", "## Figures, with their spread", "", "| | | | way |", "|---|---|---|---|", *lines]


def _spread(figures: Figures) -> str:
    p95 = f", p95 {figures.p95:g}" if figures.p95 is not None else ""
    most = "" if figures.p95 == figures.high else f", most {figures.high:g}"
    return f"median {figures.median:g} {figures.unit} (least {figures.low:g}{p95}{most}; {figures.samples} samples)"


def _commands(column: Column) -> Iterator[str]:
    if not column.commands:
        yield "Nothing was run."
        return
    lines = [_command(one) for one in column.commands]
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (fence, *lines, fence)


def _command(one: Transcript) -> str:
    ended = "" if one.status == 0 else f"   # ended with {one.status if one.status is not None else 'no answer in time'}"
    return f"{_line(one.where)}: {_line(one.command)}{ended}"


def _line(text: str) -> str:
    """One line of printable text; Markdown that came out of a host must have no effect in the document."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", _line(text))
