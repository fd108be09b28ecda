"""How often somebody may do something, counted in Redis so that every web process counts together.

Without Redis nothing is counted and nobody is locked out: it is our fault, and what is throttled needs Redis to happen anyway.
"""

from __future__ import annotations

import logging
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def allow(what: str, who: str, times: int, seconds: int) -> bool:
    """Counts, and is true while `who` did `what` at most `times` in the present window."""
    done = count(what, who, seconds)
    if done > times:
        log.info("throttled: %s by %s, %d of %d in %d s", what, who, done, times, seconds)
    return done <= times


def count(what: str, who: str, seconds: int) -> int:
    """How often `who` did `what` in the present window, this time included. The first begins a window of so many seconds."""
    key = f"throttle:{what}:{who}"
    try:
        pipe = _redis(settings.REDIS_URL).pipeline()
        pipe.set(key, 0, ex=seconds, nx=True)
        pipe.incr(key)
        return int(pipe.execute()[1])
    except RedisError:
        log.warning("throttle: Redis does not answer", exc_info=True)
        return 0


def locked_for(what: str, who: str, times: int) -> int:
    """Seconds until the window ends in which `who` did `what` so often; 0 when it was less. Counts nothing."""
    key = f"throttle:{what}:{who}"
    try:
        pipe = _redis(settings.REDIS_URL).pipeline()
        pipe.get(key)
        pipe.ttl(key)
        done, left = pipe.execute()
    except RedisError:
        log.warning("throttle: Redis does not answer", exc_info=True)
        return 0
    return max(int(left), 1) if int(done or 0) >= times else 0


def first_time(what: str, which: str, seconds: int) -> bool:
    """True for the first who says this within `seconds`, False for everybody after; False too when Redis does not answer:
    what may happen only once had better not happen."""
    try:
        return bool(_redis(settings.REDIS_URL).set(f"once:{what}:{which}", 1, ex=seconds, nx=True))
    except RedisError:
        log.warning("once: Redis does not answer", exc_info=True)
        return False


def address(request: HttpRequest) -> str:
    """Whose request this is by network address, as the server in front of us reports it; a /64 counts as one place."""
    remote = str(request.META.get("REMOTE_ADDR", ""))
    return ":".join(remote.split(":")[:4]) if ":" in remote else remote
