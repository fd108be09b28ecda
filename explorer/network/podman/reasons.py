"""Why a network of Podman's answers a comparison as it does, where Docker's reason would not be so. The keys are those of
`Driver.reasons`."""

from __future__ import annotations

from explorer.network.drivers import DRIVERS
from explorer.network.drivers.compared import Cell, Clause, Variant

_NAMES = "aardvark-dns, Podman's name server at the bridge's address, serves the networks that one made"


def _address(variant: Variant, cell: Cell) -> str:
    if DRIVERS[variant.driver].on_lan:
        return "it is an address of the LAN itself"
    return "Podman took it from a private subnet that this host alone knows"


def _rules(variant: Variant, cell: Cell) -> str:
    return (
        "all in netavark's table, which nft shows and iptables does not: for its name server, the published port, the way out"
    )


def _not_published(variant: Variant, cell: Cell) -> str:
    if variant.publish == "127.0.0.1" and cell.row == "published":
        return "it was published at 127.0.0.1, and outside asked at the host's address on the LAN"
    if variant.internal:
        return "netavark writes no rules for an internal network; conmon holds the port open, and nobody answers there"
    if DRIVERS[variant.driver].in_host:
        return "-p was discarded, since there is no second namespace to lead to"
    return "-p does nothing here: netavark publishes ports of bridge networks"


def _listens(variant: Variant, cell: Cell) -> str:
    return "netavark's rules in OUTPUT send it on, and mark it so that the answer comes back here; no process hands it on"


def _no_process(variant: Variant, cell: Cell) -> str:
    held = any("conmon" in one.output for one in cell.evidence)
    return "rules do all the work; conmon listens only to keep the port from others" if held else "nobody listens for it"


REASONS: dict[str, Clause] = {
    "netns yes": "Podman made a network namespace for it",
    "address yes": _address,
    "by-name yes": f"{_NAMES}, and knows their containers",
    "by-name no": f"{_NAMES}, and this is none of them",
    "published no": _not_published,
    "host-published no": _not_published,
    "host-published yes": _listens,
    "host-rules some": _rules,
    "proxies none": _no_process,
}
TRANSLATED: dict[str, Clause] = {
    "mtu value": "netavark gives a network without an MTU of its own that of the interface with the host's default route",
    "outward yes": "it goes out by the host, and netavark's masquerade puts the host's address on it",
    "seen-as the host's": "netavark's masquerade replaced the sender on the way out",
    "published yes": "a rule of netavark's (DNAT) sends it on to the container",
}


def own(variant: Variant) -> dict[str, Clause]:
    """The clauses for a variant with Podman, before those of its driver."""
    driver = DRIVERS[variant.driver]
    translated = not (driver.predefined or driver.on_lan)  # behind the host, which translates for it
    return REASONS | TRANSLATED if translated else REASONS
