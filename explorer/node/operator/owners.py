"""`manage.py sandbox added`: what one network, container or Compose project put on its host, or how many things each of them
put there."""

from __future__ import annotations

from typing import Any

from explorer.network import added
from explorer.network.model import Gone, Snapshot


class NotThere(Exception):
    """The network, container or host that was asked about does not exist. The text is one sentence."""


def tell(snapshot: Snapshot, what: str) -> dict[str, Any]:
    """Answers for `what`: `h1` for everything on that host, or `h1/web`, `network:town`, `container:web`, `project:shop`,
    `h2/network:town`, `daemon`. Raises `NotThere`.
    """
    host, owner = _asked(snapshot, what)
    if not owner:
        return {"host": host, "owners": [one.model_dump() for one in added.owners(snapshot, host)]}
    gone = next((one for one in reversed(snapshot.gone) if (one.host, one.owner) == (host, owner)), None)
    there = any(one.owner == owner for one in added.owners(snapshot, host))
    if there:
        found = added.added(snapshot, host, owner)
        return {**found.model_dump(mode="json"), "count": found.count}
    if gone:
        return _removed(snapshot, gone)
    raise NotThere(
        f"There is no {owner.replace(':', ' ')} on {host}, and none is remembered. `sandbox added ID {host}` lists all."
    )


def _asked(snapshot: Snapshot, what: str) -> tuple[str, str]:
    hosts = [place.id for place in snapshot.places.values() if place.kind == "host"]
    first, slash, rest = what.partition("/")
    host, owner = (first, rest) if slash and first in hosts else ("", what)
    if not slash and what in hosts:
        return what, ""
    if not host:
        host = _only(snapshot, hosts, owner)
    return host, owner if ":" in owner or owner in (
        "daemon",
        "kernel",
        "lan",
        "not-docker",
        added.UNKNOWN,
    ) else f"container:{owner}"


def _only(snapshot: Snapshot, hosts: list[str], owner: str) -> str:
    if len(hosts) == 1:
        return hosts[0]
    having = [host for host in hosts if any(one.owner == owner for one in added.owners(snapshot, host))]
    if len(having) == 1:
        return having[0]
    raise NotThere(f"Say on which host, as in h1/{owner}: there are {', '.join(hosts) or 'none to be seen'}.")


def _removed(snapshot: Snapshot, gone: Gone) -> dict[str, Any]:
    left = added.left_behind(snapshot, gone)
    told = gone.model_dump(mode="json")
    return {**told, "removed": True, "left": [entry.model_dump(mode="json") for entry in left]}


def as_text(told: dict[str, Any]) -> str:
    if "owners" in told:
        return "\n".join(f"{one['count']:>4}  {one['owner']:<30}{one['detail']}" for one in told["owners"])
    if told.get("removed"):
        of = f"{len(told['put'])}{' or more' if told['more'] else ''}"
        lines = [f"{told['owner']} was removed; of {of} things seen of it on {told['host']}, {len(told['left'])} are left."]
        return "\n".join([*lines, *_entries(told["left"])])
    lines = [
        f"{told['owner']} on {told['host']} ({told['detail'] or 'no Docker name'}): {told['count']} things",
        *told["notes"],
    ]
    for group in told["groups"]:
        lines += [f"--- {group['cause'] or 'itself'}", *_entries(group["entries"])]
    for title, key in PARTS:
        if told[key]:
            lines += [f"--- {title}", *_entries(told[key])]
    return "\n".join(lines + [f"{one['owner']} put {one['count']} more for its sake." for one in told["others"]])


PARTS = (
    ("changed at the same moment", "changed"),
    ("appeared at the same time, cause unknown", "unknown"),
    ("fits it, but was there before it", "before"),
)


def _entries(entries: list[dict[str, Any]]) -> list[str]:
    shown: list[str] = []
    for entry in entries:
        shown += [f"{entry['place']:<10} {entry['kind']:<11} {line}" for line in entry["lines"]]
        shown += [f"{'':<23}{entry['why']}"] if entry["why"] else []
    return shown
