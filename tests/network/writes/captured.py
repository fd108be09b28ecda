"""The captures of `tests/captures/writes`, read the way the product reads a host."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

from explorer.network.elsewhere import Elsewhere, look_elsewhere
from explorer.network.explain import explain
from explorer.network.model import DockerState, Item, Observation, Place, View
from explorer.network.peers import link_peers
from explorer.network.read import read_docker
from explorer.network.views import observe
from tests.captures.write_situations import TWO_HOSTS
from tests.network.captured import CAPTURES

WRITES = CAPTURES / "writes"
NAMES = sorted(file.name.removesuffix(".json.gz") for file in WRITES.glob("*.json.gz"))
UNFILTERED = "no-iptables"  # the daemon was told to write no rules
Text = dict[str, str]


@cache
def told(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((WRITES / f"{name}.json.gz").read_bytes()))
    return found


@cache
def docker(name: str) -> dict[str, DockerState]:
    return {
        host: read_docker(host, *(said[one] for one in ("version", "networks", "containers")))
        for host, said in told(name)["docker"].items()
    }


def views(text: Text) -> dict[View, Observation]:
    return {
        "interfaces": observe("interfaces", text["addr"]),
        "routes": observe("routes", text["route"]),
        "routes6": observe("routes6", text["route"]),
        "neighbours": observe("neighbours", text["neigh"]),
        "fdb": observe("fdb", text["fdb"]),
        "nat": observe("nat", text["rules"]),
        "filter": observe("filter", text["rules"]),
        "raw": observe("raw", text["rules"], text["rules6"], "", "", text["nft"]),
    }


def place_of(name: str, place: str, text: Text) -> Place:
    """A place without reasons. A namespace of an overlay network gets the name that the product gives it."""
    host, _, own = place.partition("/")
    if not own:
        return Place(id=place, kind="host", host=host, name=host, views=views(text))
    if not own.startswith("ns-"):
        state = docker(name)[host]
        mode = next(one.network_mode for one in state.containers if one.name == own)
        shares = mode.removeprefix("container:") if mode.startswith("container:") else ""
        owner = next((one.name for one in state.containers if shares and one.id == shares), "")
        seen = {} if owner else views(text)
        return Place(id=place, kind="container", host=host, name=own, shares=f"{host}/{owner}" if owner else "", views=seen)
    mount = own.removeprefix("ns-")
    network = next((one for one in docker(name)[host].networks if one.id.startswith(mount[2:]) and "-" in mount), None)
    called = f"{network.name} (overlay)" if network else mount
    return Place(id=place, kind="namespace", host=host, name=called, views=views(text))


@cache
def places(name: str) -> dict[str, Place]:
    """Every place, with the ends of veth pairs joined and without reasons."""
    return link_peers({place: place_of(name, place, text) for place, text in told(name)["places"].items()})


@cache
def elsewhere(name: str) -> Elsewhere:
    return look_elsewhere(places(name), docker(name))


def explained(name: str, place: Place) -> dict[View, Observation]:
    state = docker(name).get(place.host)
    return {view: explain(place, view, seen, state, elsewhere(name)) for view, seen in place.views.items()}


def items(place: Place, *which: View) -> list[Item]:
    return [item for view in which if view in place.views for item in place.views[view].items]


def hosts(name: str) -> list[str]:
    return ["h1", "h2"] if any(name.endswith(f"-{two}") for two in TWO_HOSTS) else ["h1"]
