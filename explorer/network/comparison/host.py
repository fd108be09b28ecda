"""What the work added to the host: the host's views before and after, compared by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from explorer.network.comparison.model import LINE, LINES
from explorer.network.differ import diff
from explorer.network.drivers.compared import OUTPUT, Cell, Transcript
from explorer.network.model import FdbEntry, Interface, Line, Observation, Place, Rule, View
from explorer.network.read.nft_rule import split_words
from explorer.network.views import lasting

_ROWS: dict[str, tuple[View, ...]] = {
    "host-interfaces": ("interfaces",),
    "host-routes": ("routes",),
    "host-rules": ("nat", "filter", "raw"),
    "host-fdb": ("fdb",),
}
HIDDEN = "In a namespace of the network's own, out of sight of the host."


def views_of(place: Place) -> dict[View, Observation]:
    return {view: bounded(place.views[view]) for view in lasting() if view in place.views}


def bounded(seen: Observation) -> Observation:
    """The first lines of the view, as many as a comparison keeps, and the items that belong to these lines."""
    lines = tuple(line if len(line.text) <= LINE else line.model_copy(update={"text": line.text[:LINE]}) for line in seen.lines)
    kept = lines[:LINES]
    keys = {line.key for line in kept}
    return seen.model_copy(
        update={
            "lines": kept,
            "items": tuple(item for item in seen.items if item.key in keys),
            "since": {},
            "changed": {},
            "truncated": seen.truncated or len(kept) < len(lines),
        }
    )


def added_cells(before: Mapping[str, Place], after: Mapping[str, Place], by_family: bool = False) -> list[Cell]:
    """The cells about the host. `before` and `after` are all places of the host; the places of containers are not counted.
    With `by_family`, the rules of IPv4 and of IPv6 are also counted apart."""
    places = [place for place in after.values() if "h1" in (place.host, place.id)]
    ours = [place for place in places if place.kind in ("host", "namespace") and not place.shares]
    cells = [_cell(row, views, before, ours) for row, views in _ROWS.items()]
    rules = _ROWS["host-rules"]
    return cells + [_cell(f"rules{version}", rules, before, ours, version) for version in ((4, 6) if by_family else ())]


def _cell(row: str, views: tuple[View, ...], before: Mapping[str, Place], places: list[Place], version: int = 0) -> Cell:
    """One cell; with a `version` of IP, about the rules of that family alone. Entries that a switch learned from passing frames
    are shown but not counted: they expire, and they depend on who talked."""
    count, hidden, learned, by_table, evidence = 0, 0, 0, Counter[str](), []
    for place in sorted(places, key=lambda place: (place.id != "h1", place.id)):
        for view in views:
            seen = place.views.get(view)
            if seen is None or seen.error:
                continue
            lines = _added(before.get(place.id), view, seen)
            lines = [line for line in lines if line.key in _family(seen, version)] if version else lines
            passing = _learned(seen)
            found = {line.key for line in lines} - passing
            things = len(found)
            learned += len({line.key for line in lines} & passing)
            count += things
            tables = {item.key: item.table for item in seen.items if isinstance(item, Rule)}
            by_table.update(tables.get(key, view).removeprefix("ip6 " if version else "") for key in found)
            hidden += things if place.id != "h1" else 0
            if lines or place.id == "h1":
                evidence.append(_evidence(place, seen, lines))
    parts = [f"{table} {number}" for table, number in by_table.items()] if len(views) > 1 else []
    parts += [f"{hidden} in a hidden namespace"] if hidden else []
    parts += [f"{learned} more learned from passing frames"] if learned else []
    word = str(count) if count else "none"
    return Cell(row=row, mark="value", word=word, value=", ".join(parts), number=count, evidence=tuple(evidence[:8]))


def _family(seen: Observation, version: int) -> set[str]:
    return {item.key for item in seen.items if isinstance(item, Rule) and version in _versions(item)}


def _versions(rule: Rule) -> set[int]:
    """The versions of IP whose packets a rule is for. In a table of nft for both (`inet`), the addresses in the rule say it."""
    if not rule.table.startswith("inet "):
        return {6 if rule.table.startswith("ip6 ") else 4}
    words = set(split_words(rule.spec))
    named = {version for version, word in ((4, "ip"), (6, "ip6")) if word in words}
    return named if len(named) == 1 else {4, 6}


def _learned(seen: Observation) -> set[str]:
    return {item.key for item in seen.items if isinstance(item, FdbEntry) and "permanent" not in item.flags}


def _added(before: Place | None, view: View, after: Observation) -> list[Line]:
    """The lines that are there now and were not there before. For rules: without chains and without the tool's own comments."""
    was = before.views.get(view) if before else None
    keys = set(diff(was, after).added) if was else {line.key for line in after.lines}
    items = {item.key: item for item in after.items}
    if view in ("nat", "filter", "raw"):
        keys = {key for key in keys if isinstance(items.get(key), Rule)}
    loops = {key for key, item in items.items() if isinstance(item, Interface) and item.kind == "loopback"}
    return [line for line in after.lines if line.key in keys and line.key in items and line.key not in loops]


def _evidence(place: Place, seen: Observation, lines: Iterable[Line]) -> Transcript:
    text = "\n".join(f"+ {line.text}" for line in lines)
    return Transcript(
        kind="lines",
        where=place.id,
        command=seen.command,
        output=text[:OUTPUT],
        cut=len(text) > OUTPUT,
        note=HIDDEN if place.id != "h1" else "" if text else "Nothing is there that was not there before.",
    )
