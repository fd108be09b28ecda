"""Why one column's answer is what it is: a clause that follows the column's name, chosen by what was really answered.

A driver's package holds its clauses (`Driver.reasons`), each under a row and an answer, "inward yes", or under the row alone;
what is true whatever the driver stands in `SHARED`. The answer is the cell's mark, for `seen-as` its word, and for rows that
count something `some` or `none`. An answer that no clause explains gets one that says so; a reason is never given to an answer
it does not fit.
"""

from __future__ import annotations

from explorer.network.drivers import DRIVERS
from explorer.network.drivers.compared import Cell, Clause, Variant

UNEXPLAINED = "that is what came out, and nothing here says why: look at the evidence"
COUNTED = frozenset(("host-interfaces", "host-routes", "host-rules", "host-fdb", "proxies"))
MEASURED = frozenset(("up", "memory", "trip", "rate", "lan-trip", "lan-rate"))  # explained for all columns together


def reason(variant: Variant, cell: Cell) -> str:
    """ "" where a row explains all its columns together (times and rates)."""
    if cell.mark in ("failed", "unknown", "lacks"):
        return cell.why or UNEXPLAINED
    if cell.row in MEASURED:
        return ""
    clause = _clause(variant, cell)
    return (clause if isinstance(clause, str) else clause(variant, cell)) or UNEXPLAINED


def road(variant: Variant, row: str) -> str:
    """What lies on the way that was measured."""
    clause = DRIVERS[variant.driver].reasons.get("from-lan" if row.startswith("lan-") else "same-host", "")
    return clause if isinstance(clause, str) and clause else "the way in its evidence"


def _clause(variant: Variant, cell: Cell) -> Clause:
    own = DRIVERS[variant.driver].reasons
    keys = (f"{cell.row} {_answer(cell)}", cell.row)
    return next((clauses[key] for clauses in (own, SHARED) for key in keys if key in clauses), "")


def _answer(cell: Cell) -> str:
    if cell.row in COUNTED:
        return "some" if cell.number else "none"
    return cell.word if cell.row == "seen-as" else cell.mark


def _closed(variant: Variant, cell: Cell) -> str:
    return "a network made with --internal has no default route" if variant.internal else ""


def _unpublished(variant: Variant) -> str:
    return "nothing of an internal network is published" if variant.internal else DRIVERS[variant.driver].unpublished


def _not_published(variant: Variant, cell: Cell) -> str:
    if variant.publish == "127.0.0.1" and cell.row == "published":
        return "it was published at 127.0.0.1, for the host alone"
    told = _unpublished(variant)
    started = [one for one in cell.evidence if one.command.startswith("docker run")]
    if not told or not started:
        return told
    warned = any("WARNING" in one.output for one in started)
    return f"{told}; Docker {'warned of it' if warned else 'did not say so'}"


def _no_proxy(variant: Variant, cell: Cell) -> str:
    if variant.daemon.get("userland-proxy") is False:
        held = any("dockerd" in one.output for one in cell.evidence)
        told = "it is switched off in daemon.json, and rules do all the work"
        return f"{told}; the daemon listens there only to keep the port from others" if held else told
    return "nothing is published" if _unpublished(variant) else ""


SHARED: dict[str, Clause] = {
    "netns yes": "Docker made a network namespace for it",
    "mac yes": "its end of the cable is an Ethernet card of its own",
    "mtu value": "as much as the LAN carries, since nothing is put around a packet",
    "by-name yes": "on a network that one made, Docker's name server at 127.0.0.11 knows the containers",
    "outward no": _closed,
    "seen-as none": "no request of its was answered",
    "published no": _not_published,
    "host-published no": _not_published,
    "host-fdb none": "there is no switch",
    "proxies some": "for the published port, docker-proxy holds it open and serves those whom no rule catches",
    "proxies none": _no_proxy,
}
