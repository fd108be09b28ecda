"""Why one column's answer is what it is: a clause that follows the column's name, chosen by the measured answer.

A driver's package holds its clauses (`Driver.reasons`). A clause stands under a row and an answer, such as "inward yes", or
under the row alone. `SHARED` holds clauses that are true for every driver. The answer in a key is the cell's mark; in rows of
addresses that were seen it is the cell's word; for rows that count something it is `some` or `none`. An answer without a
clause gets a sentence that says so.
"""

from __future__ import annotations

from explorer.network.drivers import DRIVERS
from explorer.network.drivers.compared import Cell, Clause, Variant
from explorer.network.engines import PODMAN
from explorer.network.podman import reasons as podman_reasons

UNEXPLAINED = "that is what came out, and nothing here says why: look at the evidence"
COUNTED = frozenset(("host-interfaces", "host-routes", "host-rules", "host-fdb", "proxies", "rules4", "rules6"))
BY_WORD = frozenset(("seen-as", "seen-as6", "published6-as"))
MEASURED = frozenset(("up", "memory", "trip", "rate", "lan-trip", "lan-rate"))  # the row is explained for all columns together


def reason(variant: Variant, cell: Cell) -> str:
    """The clause for this cell; "" in rows that are explained for all columns together (times and rates)."""
    if cell.mark in ("failed", "unknown", "lacks"):
        return cell.why or UNEXPLAINED
    if cell.row in MEASURED:
        return ""
    clause = _clause(variant, cell)
    return (clause if isinstance(clause, str) else clause(variant, cell)) or UNEXPLAINED


def road(variant: Variant, row: str) -> str:
    """What lies on the path that was measured, in words."""
    clause = DRIVERS[variant.driver].reasons.get("from-lan" if row.startswith("lan-") else "same-host", "")
    return clause if isinstance(clause, str) and clause else "the way in its evidence"


def _clause(variant: Variant, cell: Cell) -> Clause:
    own = DRIVERS[variant.driver].reasons
    podmans = podman_reasons.own(variant) if variant.engine == PODMAN else {}
    keys = (f"{cell.row} {_answer(cell)}", cell.row)
    return next((clauses[key] for clauses in (podmans, own, SHARED) for key in keys if key in clauses), "")


def _answer(cell: Cell) -> str:
    if cell.row in COUNTED:
        return "some" if cell.number else "none"
    return cell.word if cell.row in BY_WORD else cell.mark


def _closed(variant: Variant, cell: Cell) -> str:
    if "--ipv4=false" in variant.options:
        return "its network was made with --ipv4=false, so it has no address of IPv4"
    return "a network made with --internal has no default route" if variant.internal else ""


def _unpublished(variant: Variant) -> str:
    return "nothing of an internal network is published" if variant.internal else DRIVERS[variant.driver].unpublished


def _not_published(variant: Variant, cell: Cell) -> str:
    if variant.publish == "127.0.0.1" and cell.row == "published":
        return "it was published at 127.0.0.1, and outside asked at the host's address on the LAN"
    if "--ipv4=false" in variant.options:
        return "its network was made with --ipv4=false, so nothing of it is published at an IPv4 address"
    if variant.publish == "[::]":
        return "it was published at [::], which is every IPv6 address of the host and none of IPv4"
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
    "by-name yes": "on a user-defined network Docker's name server at 127.0.0.11 knows the containers",
    "outward no": _closed,
    "seen-as none": "none of its requests was answered",
    "published no": _not_published,
    "host-published no": _not_published,
    "host-fdb none": "there is no switch",
    "proxies some": "for the published port, docker-proxy holds it open and serves those whom no rule catches",
    "proxies none": _no_proxy,
}
