"""Known vulnerabilities of the parts, from files in the OSV form (https://ossf.github.io/osv-schema/): no network is used.

A file is an archive (`all.zip` of an ecosystem, as OSV exports it), one JSON record, or a directory of these.
"""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from univers.versions import DebianVersion, PypiVersion, SemverVersion, Version

from explorer.supply.part import DEBIAN, NPM, PYTHON, Part, same_name

LARGEST_RECORD = 8 << 20  # bytes
CLASSES: dict[str, type[Version]] = {PYTHON: PypiVersion, NPM: SemverVersion, DEBIAN: DebianVersion}
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    part: Part
    id: str
    aliases: tuple[str, ...]
    severity: str
    fixed: str  # the smallest later version without it; empty when there is none
    summary: str


@dataclass(slots=True)
class Report:
    """`unread` counts records that are not in the OSV form; `incomparable` names versions that could not be compared."""

    findings: list[Finding] = field(default_factory=list)
    records: int = 0
    newest: str = ""  # the time of the newest record, ISO 8601
    unread: int = 0
    incomparable: list[str] = field(default_factory=list)


class UnreadableFile(Exception):
    """A file that is neither an OSV archive nor an OSV record."""


def records(place: Path) -> Iterator[bytes]:
    """The records of an archive, a file or a directory, as JSON text. Raises UnreadableFile."""
    if place.is_dir():
        for path in sorted(place.iterdir()):
            if path.suffix in (".json", ".zip"):
                yield from records(path)
    elif place.suffix == ".zip":
        yield from _archive(place)
    else:
        try:
            yield place.read_bytes()
        except OSError as error:
            raise UnreadableFile(f"{place} cannot be read: {error.strerror}.") from error


def _archive(place: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(place) as archive:
            for member in archive.infolist():
                if member.filename.endswith(".json"):
                    yield archive.read(member) if member.file_size <= LARGEST_RECORD else b""
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise UnreadableFile(f"{place} is not a zip archive that can be read: {error}.") from error


def look_up(parts: Iterable[Part], texts: Iterable[bytes]) -> Report:
    """Which `parts` are affected by the records in `texts`."""
    report = Report()
    held: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in parts:
        if part.ecosystem:
            held[part.ecosystem, part.filed_as].append(part)
    for text in texts:
        try:
            _record(json.loads(text), held, report)
        except (ValueError, TypeError, AttributeError, KeyError):
            report.unread += 1
    report.findings = sorted(set(report.findings))
    return report


def _record(record: Record, held: dict[tuple[str, str], list[Part]], report: Report) -> None:
    named = str(record["id"])
    report.records += 1
    report.newest = max(report.newest, str(record.get("modified", "")))
    if record.get("withdrawn"):
        return
    for affected in record.get("affected", []):
        package = affected.get("package") or {}
        ecosystem, name = str(package.get("ecosystem", "")), str(package.get("name", ""))
        for part in held.get((ecosystem, same_name(name) if ecosystem == PYTHON else name), []):
            hit, fixed = _hit(part, affected, lambda word: report.incomparable.append(f"{named}: {word}"))
            if hit:
                report.findings.append(_finding(record, affected, part, fixed))


def _finding(record: Record, affected: Record, part: Part, fixed: str) -> Finding:
    aliases = tuple(str(word) for word in [*record.get("aliases", []), *record.get("upstream", [])])
    summary = str(record.get("summary") or record.get("details") or "").strip().partition("\n")[0]
    return Finding(part, str(record["id"]), aliases, _severity(record, affected), fixed, summary[:200])


def _severity(record: Record, affected: Record) -> str:
    """The word of the database (`HIGH`), else the CVSS vector, else `not rated`."""
    for about in (record.get("database_specific"), affected.get("ecosystem_specific")):
        if isinstance(about, dict) and (word := about.get("severity") or about.get("urgency")):
            return str(word)
    rated = record.get("severity") or affected.get("severity") or []
    return str(rated[0].get("score", "not rated")) if rated else "not rated"


def _hit(part: Part, affected: Record, unsure: Callable[[str], None]) -> tuple[bool, str]:
    """Whether the record's entry names the part's version, and the version that mends it."""
    hit, fixed = part.filed_version in affected.get("versions", []), ""
    for span in affected.get("ranges", []):
        if span.get("type") in ("ECOSYSTEM", "SEMVER"):
            try:
                within, until = _within(CLASSES[part.kind], part.filed_version, span["events"])
            except ValueError as error:  # univers' InvalidVersion is one
                unsure(f"{part.name} {part.filed_version}: {error}")
                continue
            hit, fixed = hit or within, fixed or until
    return hit, fixed


def _within(kind: type[Version], version: str, events: list[Record]) -> tuple[bool, str]:
    """OSV's rule: walk the events in the order of their versions; the last one at or before `version` decides."""
    mine, hit, fixed = kind(version), False, ""
    for at, what, word in sorted(
        ((kind(word), what, word) for event in events for what, word in event.items() if _is_event(what))
    ):
        passed = mine > at if what == "last_affected" else mine >= at
        if what == "introduced":
            hit = hit or word == "0" or passed
        elif passed:
            hit = False
        elif hit and what == "fixed" and not fixed:
            fixed = word
    return hit, fixed if hit else ""


def _is_event(what: str) -> bool:
    return what in ("introduced", "fixed", "last_affected")
