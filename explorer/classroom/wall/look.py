"""The wall of a class as it is now, made from rows and streams. The functions block."""

from __future__ import annotations

import time

from explorer.classroom.classes import lessons_of
from explorer.classroom.models import Class
from explorer.classroom.wall.lately import Listener
from explorer.classroom.wall.seats import read_seats
from explorer.classroom.wall.tiles import Tile, make_tiles
from explorer.sandboxes import streams

FIRST_LOOK = 12  # events looked back into for a page that is drawn once
AT_ONCE = 500


def look_at_class(klass: Class, listener: Listener) -> dict[str, Tile]:
    """Seat → tile, in the order in which seats were taken. `listener` remembers what was read from the streams before."""
    rows = read_seats(klass)
    lately = listener.read(streams.redis(), rows)
    return make_tiles(rows, lately, lessons_of(klass), time.time())


def look_once(klass: Class) -> dict[str, Tile]:
    """Like `look_at_class`, for a page that the server draws. Without Redis the tiles hold what the rows say."""
    try:
        return look_at_class(klass, Listener(FIRST_LOOK, AT_ONCE))
    except (streams.RedisError, OSError):
        return make_tiles(read_seats(klass), {}, lessons_of(klass), time.time())
