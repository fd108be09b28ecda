"""Readings of single namespaces → one picture of the sandbox: veth ends joined, every line with its reason.

Work is done again only for what changed: an observation that was explained under the same names is taken as it was.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from explorer.network.elsewhere import Elsewhere, look_elsewhere
from explorer.network.explain import explain
from explorer.network.model import DockerState, Observation, Place, View
from explorer.network.peers import link_peers

log = structlog.get_logger(__name__)


class Picture:
    def __init__(self) -> None:
        self._told: dict[tuple[str, View], tuple[Observation, object, Observation]] = {}

    def take(self, raw: Mapping[str, Place], docker: Mapping[str, DockerState]) -> dict[str, Place]:
        linked = link_peers(dict(raw))
        self._told = {key: told for key, told in self._told.items() if key[0] in linked}
        elsewhere = look_elsewhere(linked, docker)
        return {name: self._explained(place, docker.get(place.host), elsewhere) for name, place in linked.items()}

    def _explained(self, place: Place, docker: DockerState | None, elsewhere: Elsewhere) -> Place:
        views: dict[View, Observation] = {}
        interfaces = place.views.get("interfaces")
        for view, observation in place.views.items():
            known = self._told.get((place.id, view))
            names = (docker, interfaces, elsewhere)
            if known and known[1] == names and known[0] == observation:
                views[view] = known[2]
            else:
                views[view] = reasoned(place, view, observation, docker, elsewhere)
                self._told[place.id, view] = (observation, names, views[view])
        return place.model_copy(update={"views": views})


def reasoned(
    place: Place, view: View, observation: Observation, docker: DockerState | None, elsewhere: Elsewhere
) -> Observation:
    """A line without its reason is worth more than no line: what defeats the explanation is ours to find in the log."""
    try:
        return explain(place, view, observation, docker, elsewhere)
    except Exception:
        log.exception("explanation failed", place=place.id, view=view)
        return observation
