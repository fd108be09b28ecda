"""The captures as places and Docker state, read the way the product reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from explorer.network.explain import explain
from explorer.network.model import DockerState, Observation, Place, View
from explorer.network.peers import link_peers
from explorer.network.read import read_docker
from explorer.network.views import observe

CAPTURES = Path(__file__).parent.parent / "captures"
ENGINES = ("bridge", "bridge-28")
STAGES = ("1-engine", "2-container", "3-published", "4-networks", "5-traffic", "6-changed")
# view → what was read, and what the plain tool printed at the same moment
FILES: dict[View, tuple[str, str]] = {
    "interfaces": ("ip-d-addr", "ip-addr"),
    "routes": ("ip-route-all", "ip-route"),
    "neighbours": ("ip-neigh", "ip-neigh"),
    "fdb": ("bridge-fdb", "bridge-fdb-show"),
    "nat": ("iptables-save", "iptables-save-nat"),
    "filter": ("iptables-save", "iptables-save-filter"),
    "connections": ("conntrack", "conntrack"),
}


def folders() -> list[Path]:
    return sorted(folder for engine in ENGINES for folder in CAPTURES.glob(f"{engine}/*/*/"))


def text(folder: Path, name: str) -> str:
    return (folder / f"{name}.txt").read_text()


def items(seen: Observation) -> list[Any]:
    """The items, for tests that know which kind they are."""
    return list(seen.items)


@cache
def docker(stage: str, engine: str = "bridge") -> DockerState:
    told = {name: (CAPTURES / engine / stage / f"{name}.json").read_text() for name in ("version", "networks", "containers")}
    return read_docker("h1", told["version"], told["networks"], told["containers"])


@cache
def places(stage: str, engine: str = "bridge") -> dict[str, Place]:
    """Every place of one stage, peers linked and every line explained."""
    found = [_place(folder) for folder in sorted((CAPTURES / engine / stage).glob("*/")) if "own-tools" not in folder.name]
    linked = link_peers({place.id: place for place in found})
    return {name: _explained(place, docker(stage, engine)) for name, place in linked.items()}


def _place(folder: Path) -> Place:
    name = folder.name.replace(".", "/")
    kind = "machine" if name == "outside" else "container" if "/" in name else "host"
    views = {view: observe(view, text(folder, source)) for view, (source, _) in FILES.items()}
    return Place(id=name, kind=kind, host="" if kind == "machine" else "h1", name=name.rpartition("/")[2], views=views)


def _explained(place: Place, told: DockerState) -> Place:
    names = told if place.host else None
    return place.model_copy(update={"views": {view: explain(place, view, seen, names) for view, seen in place.views.items()}})
