"""Whether what was allowed when a socket was opened is still allowed, asked for many sockets at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import User

from explorer.classroom.models import Login
from explorer.classroom.people.access import classes_of, role_of, sandboxes_of
from explorer.classroom.people.sessions import oldest


@dataclass(frozen=True)
class Right:
    """What a user's socket rests on: the login, the user as they were, and the class or sandbox that it shows."""

    login: str
    user: int
    password: str  # its hash
    role: str | None
    klass: str = ""
    sandbox: str = ""


def lost(rights: Collection[Right]) -> set[Right]:
    """Those that do not hold any more. Makes two queries, and two for each user."""
    alive = Login.objects.filter(key__in={right.login for right in rights}, began_at__gt=oldest())
    logins = set(alive.values_list("key", "user_id"))
    users = User.objects.prefetch_related("groups").in_bulk({right.user for right in rights})
    whose: dict[int, list[Right]] = defaultdict(list)
    for right in rights:
        whose[right.user].append(right)
    kept: set[Right] = set()
    for key, asked in whose.items():
        if user := users.get(key):
            kept |= _kept(user, [right for right in asked if (right.login, key) in logins])
    return set(rights) - kept


def _kept(user: User, rights: list[Right]) -> set[Right]:
    same = [right for right in rights if right.password == user.password and right.role == role_of(user)]
    classes = {klass.pk for klass in classes_of(user).filter(pk__in={right.klass for right in same}) if klass.open}
    watched = set(sandboxes_of(user).filter(pk__in={right.sandbox for right in same}).values_list("pk", flat=True))
    return {
        right
        for right in same
        if (not right.klass or right.klass in classes) and (not right.sandbox or right.sandbox in watched)
    }
