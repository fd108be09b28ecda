"""The site's sessions: a signed cookie, and for a user also a row in the database.

A learner's session needs no row: the cookie says which learner it is, for months. A user's session has a `Login`. It holds only
while the row is there, so a logout also ends a copy of the cookie. A cookie of an earlier version, which names a user without a
row, keeps its learner and loses its user.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends import signed_cookies
from django.utils import timezone

from explorer.classroom.models import Login

LOGIN = "login"  # in the session: the key of its row
OF_A_USER = (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, LOGIN)
LOGIN_LASTS = timedelta(days=14)


class SessionStore(signed_cookies.SessionStore):
    """Django finds it by this name in `SESSION_ENGINE`."""

    def load(self) -> dict[str, Any]:
        data: dict[str, Any] = super().load()
        if SESSION_KEY in data and not is_alive(data):
            return {name: value for name, value in data.items() if name not in OF_A_USER}
        return data

    def save(self, must_create: bool = False) -> None:
        """A session that has just got a user gets its row."""
        if SESSION_KEY in self and LOGIN not in self:
            self[LOGIN] = begin(self[SESSION_KEY])
        super().save(must_create)

    def flush(self) -> None:
        end(self.get(LOGIN, ""))
        super().flush()

    def cycle_key(self) -> None:
        """Django calls it at a change of password: from then on no older cookie is valid."""
        end(self.pop(LOGIN, ""))
        super().cycle_key()


def begin(user: Any) -> str:
    return Login.objects.create(key=secrets.token_urlsafe(24), user_id=int(user)).key


def end(key: str) -> None:
    if key:
        Login.objects.filter(key=key).delete()


def is_alive(session: Mapping[str, Any]) -> bool:
    """Whether the row of this session is there, is of its user, and is not too old."""
    key, user = session.get(LOGIN), str(session.get(SESSION_KEY, ""))
    if not isinstance(key, str) or not user.isdecimal():
        return False
    return Login.objects.filter(key=key, user=int(user), began_at__gt=oldest()).exists()


def oldest() -> datetime:
    return timezone.now() - LOGIN_LASTS


def end_all(user: int) -> None:
    """Ends all sessions of a user."""
    Login.objects.filter(user=user).delete()


def drop_old() -> None:
    Login.objects.filter(began_at__lt=oldest()).delete()
