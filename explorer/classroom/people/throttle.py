"""Limits how often somebody may do something. The counts are in Redis, so all web processes count together.

When Redis does not answer, `allow` lets everything through, because the fault is ours.
"""

from __future__ import annotations

import logging
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from redis import Redis
from redis.exceptions import RedisError

from explorer.sandboxes import figures

log = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def allow(what: str, who: str, times: int, seconds: int) -> bool:
    """Counts, and returns whether `who` has done `what` at most `times` in the present window of `seconds`."""
    done = count(what, who, seconds)
    if done > times:
        figures.count("explorer_throttled_total", what=what)
        log.info("throttled: %s by %s, %d of %d in %d s", what, who, done, times, seconds)
    return done <= times


def count(what: str, who: str, seconds: int) -> int:
    """Counts, and returns how often `who` has done `what` in the present window. A window begins with the first time and lasts
    `seconds`. 0 when Redis does not answer.
    """
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
    """Seconds until the present window ends, if `who` has done `what` at least `times` in it; else 0. Counts nothing."""
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


def waits_for(what: str, who: str, times: int) -> bool:
    """Whether `who` has done `what` as often as allowed. Counts nothing: see `count`."""
    return locked_for(what, who, times) > 0


def first_time(what: str, which: str, seconds: int) -> bool:
    """True for the first call within `seconds`, False for later ones. False too when Redis does not answer, because what may
    happen only once should then not happen.
    """
    try:
        return bool(_redis(settings.REDIS_URL).set(f"once:{what}:{which}", 1, ex=seconds, nx=True))
    except RedisError:
        log.warning("once: Redis does not answer", exc_info=True)
        return False


def address(request: HttpRequest) -> str:
    """The network address of the request, as the server in front of us reports it. Of an IPv6 address only the first 64 bits
    count.
    """
    remote = str(request.META.get("REMOTE_ADDR", ""))
    return ":".join(remote.split(":")[:4]) if ":" in remote else remote
