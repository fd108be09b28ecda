"""Remembers what each network and container has put on its host. When one is removed, this shows what it left behind.

The memory is bounded; `Gone.more` says when something was left out.
"""

from __future__ import annotations

from typing import Literal

from explorer.network.added import owner_of
from explorer.network.cause import KERNEL, container
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Gone, Place, Put, View
from explorer.network.views import owned

PUT_BY_ONE = 100
PUT_BY_ALL = 2_000
KEY_LENGTH = 400
TEXT_LENGTH = 200
Thing = DockerNetwork | DockerContainer
Where = tuple[str, View | Literal["namespaces"], str]  # place, view, key


class Owners:
    def __init__(self) -> None:
        self._put: dict[tuple[str, str], dict[Where, str]] = {}  # (host, owner) → where → text
        self._more: set[tuple[str, str]] = set()

    def see(self, place: Place) -> None:
        for view in owned():
            self.see_view(place, view)

    def see_view(self, place: Place, view: View) -> None:
        seen = place.views.get(view)
        if seen is None or view not in owned():
            return
        host = place.host or place.id
        whose = container(place.name) if place.kind == "container" and not place.shares else ""
        if whose:
            self._keep((host, whose), (place.id, "namespaces", f"netns:{place.netns}"), place.id)
        for line in seen.lines:
            owner = line.about[0] if line.about else ""
            owner = whose if whose and owner == KERNEL else owner
            if owner.startswith(("network:", "container:")):
                self._keep((host, owner), (place.id, view, line.key), line.text)

    def _keep(self, owner: tuple[str, str], where: Where, text: str) -> None:
        put = self._put.get(owner, {})
        if where in put:
            return
        if len(put) >= PUT_BY_ONE or len(where[2]) > KEY_LENGTH or sum(map(len, self._put.values())) >= PUT_BY_ALL:
            if len(self._more) < PUT_BY_ALL:
                self._more.add(owner)
        else:
            self._put.setdefault(owner, {})[where] = text[:TEXT_LENGTH]

    def see_docker(self, before: DockerState | None, after: DockerState, now: float) -> list[Gone]:
        """The networks and containers that were in `before` and are not in `after`. Empty when the daemon did not answer."""
        if before is None or before.error or after.error or not after.networks:
            return []
        old, new = _things(before), _things(after)
        gone = [self._part(after.host, thing, now) for key, thing in old.items() if key not in new]
        for key, thing in old.items():
            if key in new and owner_of(new[key]) != owner_of(thing):
                self._rename((after.host, owner_of(thing)), (after.host, owner_of(new[key])))
        self._forget_strangers(after.host, {owner_of(thing) for thing in new.values()})
        return gone

    def _forget_strangers(self, host: str, known: set[str]) -> None:
        """Forgets owners that Docker no longer lists. Lines may name them a moment after their removal."""
        strangers = {key for key in self._put.keys() | self._more if key[0] == host and key[1] not in known}
        for key in strangers:
            self._put.pop(key, None)
        self._more -= strangers

    def _part(self, host: str, thing: Thing, now: float) -> Gone:
        owner = (host, owner_of(thing))
        put = tuple(Put(place=p, view=v, key=k, text=text) for (p, v, k), text in self._put.pop(owner, {}).items())
        more = owner in self._more
        self._more.discard(owner)
        detail = f"driver {thing.driver}" if isinstance(thing, DockerNetwork) else thing.image
        return Gone(host=host, owner=owner[1], detail=detail, at=now, put=put, more=more)

    def _rename(self, old: tuple[str, str], new: tuple[str, str]) -> None:
        if old in self._put:
            self._put[new] = self._put.pop(old)


def _things(state: DockerState) -> dict[str, Thing]:
    things: list[Thing] = [*state.networks, *state.containers]
    return {thing.id: thing for thing in things if thing.id}
