"""A browser in which a user has logged in before. Its wrong tries are counted apart, so that nobody else's wrong tries keep the
user out of it.

The cookie is signed and names the user and the browser. It logs nobody in.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponseBase

LASTS = 180 * 24 * 3600
COOKIE = "__Host-device" if settings.PRODUCTION else "device"


def remember(response: HttpResponseBase, user: int) -> None:
    value = _signer().sign(f"{user}-{secrets.token_hex(8)}")
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(COOKIE, value, max_age=LASTS, httponly=True, secure=bool(secure), samesite="Lax")


def device_of(request: HttpRequest, user: int | None) -> str:
    """The browser's own name if this user has logged in with it; empty otherwise."""
    try:
        name = _signer().unsign(request.COOKIES.get(COOKIE, "")[:200], max_age=LASTS)
    except BadSignature:
        return ""
    return name if user is not None and name.split("-")[0] == str(user) else ""


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="known.device")
