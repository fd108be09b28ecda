"""Who reads a learner's terminals now, so that the learner can see it. Kept in Redis, with an end for a watcher that just
vanishes.

A watcher's socket renews its note while it is open. When Redis does not answer, the error is raised and nothing may be read,
because the learner could not be told.
"""

from __future__ import annotations

import time

from django.contrib.auth.models import User

from explorer.classroom.models import Seat
from explorer.classroom.people import audit
from explorer.classroom.tell import tell_class
from explorer.sandboxes import streams
from explorer.sandboxes.models import Sandbox

LOOK_SECONDS = 20  # a watcher whose note is not renewed for this long counts as gone
SAME_LOOK = 120  # seconds; the audit log does not note the same watcher again within this time


def watched_key(seat: str) -> str:
    """Sorted set: the watching sockets, each with the Unix time at which it counts as gone."""
    return f"seat:{seat}:watched"


def is_watched(seat: str) -> bool:
    return bool(streams.redis().zcount(watched_key(seat), time.time(), "+inf"))


def note_watch(user: User, seat: Seat, sandbox: Sandbox, socket: str) -> None:
    """Notes that this socket reads the seat's terminals. To be repeated at least every `LOOK_SECONDS`. The learner is told
    when the first watcher comes; the audit log notes each user.
    """
    with streams.redis().pipeline(transaction=True) as pipe:
        pipe.zremrangebyscore(watched_key(seat.pk), "-inf", time.time())
        pipe.zcard(watched_key(seat.pk))
        pipe.zadd(watched_key(seat.pk), {socket: time.time() + LOOK_SECONDS})
        pipe.expire(watched_key(seat.pk), LOOK_SECONDS)
        others = pipe.execute()[1]
    if not others:
        tell_class(seat.klass_id, seat)
    if _first(user, seat, "watch"):
        audit.note(user, "watch", seat=seat, sandbox=sandbox)


def end_watch(seat: Seat, socket: str) -> None:
    with streams.redis().pipeline(transaction=True) as pipe:
        pipe.zrem(watched_key(seat.pk), socket)
        pipe.zcount(watched_key(seat.pk), time.time(), "+inf")
        was, left = pipe.execute()
    if was and not left:
        tell_class(seat.klass_id, seat)


def note_typing(user: User, seat: Seat, sandbox: Sandbox) -> None:
    """Notes in the audit log that a watcher types in a learner's terminal."""
    if _first(user, seat, "type"):
        audit.note(user, "type", seat=seat, sandbox=sandbox)


def _first(user: User, seat: Seat, what: str) -> bool:
    """Whether this user did this to that seat for the first time in a while."""
    key = f"seat:{seat.pk}:{what}:{user.pk}"
    with streams.redis().pipeline(transaction=True) as pipe:
        pipe.set(key, 1, nx=True, ex=SAME_LOOK)
        pipe.expire(key, SAME_LOOK)
        return bool(pipe.execute()[0])
