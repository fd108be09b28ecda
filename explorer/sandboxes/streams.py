"""Writes and reads the event stream of a sandbox and the order stream of a node, both in Redis.

One Lua script gives an event its number and adds it, so the numbers of a stream rise in the order of its events. They have no
gaps as long as Redis keeps its data. A stream is bounded in events and in bytes: the oldest events are deleted. A reader whose
next event was deleted is told so (`Stretch.complete`) and takes a snapshot.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import redis as redis_package
import redis.asyncio as redis_asyncio
from django.conf import settings

from explorer.sandboxes.events import (
    EVENT,
    EVENTS_KEPT,
    Event,
    captures_key,
    events_key,
    fresh_key,
    grid_key,
    number_key,
    snapshot_key,
    snapshots_key,
    terminals_key,
)
from explorer.sandboxes.orders import ORDER_BYTES, ORDERS_KEPT, Order, orders_key

RedisError = redis_package.RedisError
EVENT_BYTES_KEPT = 8 * 1024 * 1024  # per sandbox, whatever its hosts do
KEPT_SECONDS = 2 * 24 * 3600  # a stream to which nothing was written for this long expires
KEPT_AFTER_END = 15 * 60

# the names of the Celery tasks: who sends a task need not import the code that does it
TASK_OPEN = "explorer.sandboxes.tasks.open_sandbox"
TASK_RESET = "explorer.sandboxes.tasks.reset_sandbox"
TASK_CLOSE = "explorer.sandboxes.tasks.close_sandbox"
TASK_RECONCILE = "explorer.sandboxes.tasks.reconcile"
TASK_SOLVE = "explorer.sandboxes.tasks.solve_lesson"
TASK_EXAMINE = "explorer.sandboxes.tasks.examine"

# KEYS: number, events, bytes · ARGV: the event's JSON after `{"number":0`, events kept, bytes kept, seconds kept,
# and the seconds a retired stream has left, which a late event does not lengthen
_PUBLISH = """
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local number = redis.call('INCR', KEYS[1])
if last then
  local top = tonumber(string.match(last[1], '^(%d+)-'))
  if number <= top then number = top + 1; redis.call('SET', KEYS[1], number) end
end
local body = '{"number":' .. string.format('%d', number) .. ARGV[1]
redis.call('XADD', KEYS[2], string.format('%d-0', number), 'e', body, 't', ARGV[6])
local total = redis.call('INCRBY', KEYS[3], #body)
local count = redis.call('XLEN', KEYS[2])
while count > 1 and (count > tonumber(ARGV[2]) or total > tonumber(ARGV[3])) do
  local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  total = redis.call('INCRBY', KEYS[3], -#first[2][2])
  redis.call('XDEL', KEYS[2], first[1])
  count = count - 1
end
for _, key in ipairs(KEYS) do
  local left = redis.call('TTL', key)
  if left < 0 or left > tonumber(ARGV[5]) then redis.call('EXPIRE', key, ARGV[4]) end
end
return number
"""
_HEAD = '{"number":0'
BODY = 5  # the index of the event in what `prepare` returns


def bytes_key(sandbox: str) -> str:
    """Integer: how many bytes of JSON the events in the stream have now."""
    return f"sb:{sandbox}:bytes"


@lru_cache(maxsize=8)
def _client(url: str) -> redis_package.Redis:
    return redis_package.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3)


def redis() -> redis_package.Redis:
    """The Redis client of this process for synchronous code, with its pool of connections."""
    return _client(settings.REDIS_URL)


def redis_async() -> redis_asyncio.Redis:
    """A new Redis client for the running event loop. The caller keeps it and closes it."""
    return redis_asyncio.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3)


Publication = tuple[Any, ...]


def prepare(sandbox: str, event: Event) -> Publication:
    """What is sent to Redis to publish an event. Writing a large event as JSON takes a while; any thread may do it."""
    fields: dict[str, Any] = {"number": 0}
    if not event.at:
        fields["at"] = time.time()
    text = event.model_copy(update=fields).model_dump_json()
    keys = (number_key(sandbox), events_key(sandbox), bytes_key(sandbox))
    return (
        _PUBLISH,
        3,
        *keys,
        text.removeprefix(_HEAD),
        EVENTS_KEPT,
        EVENT_BYTES_KEPT,
        KEPT_SECONDS,
        KEPT_AFTER_END,
        event.type,
    )


def publish(client: redis_package.Redis, sandbox: str, event: Event) -> int:
    """Adds an event to a sandbox's stream and returns its number."""
    return int(cast(int, client.eval(*prepare(sandbox, event))))


async def publish_async(client: redis_asyncio.Redis, sandbox: str, event: Event) -> int:
    """Like `publish`."""
    return (await publish_prepared(client, prepare(sandbox, event)))[0]


async def publish_prepared(client: redis_asyncio.Redis, publication: Publication) -> tuple[int, int]:
    """Adds an event and returns (its number, its length as JSON in characters)."""
    return int(await cast(Any, client.eval(*publication))), len(publication[BODY])


_GO_ON = """
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
"""


async def go_on_from(client: redis_asyncio.Redis, sandbox: str, number: int) -> None:
    """Makes the next event's number higher than `number`, also when Redis lost its data: a page that has seen `number` ignores
    events with the same or a lower number.
    """
    await cast(Any, client.eval(_GO_ON, 1, number_key(sandbox), number, KEPT_SECONDS))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Events read from a stream. `complete` is False when an event after `since` is missing: the reader then takes
    a snapshot.
    """

    events: tuple[Event, ...]
    last: int
    complete: bool


def read_since(client: redis_package.Redis, sandbox: str, since: int = 0, limit: int = EVENTS_KEPT) -> Stretch:
    """The events after number `since`, at most `limit`, and whether none is missing."""
    key = events_key(sandbox)
    with client.pipeline(transaction=True) as pipe:
        pipe.get(number_key(sandbox))
        pipe.xrange(key, "-", "+", count=1)
        pipe.xrange(key, f"({max(since, 0)}-0", "+", count=limit)
        raw_last, first, entries = pipe.execute()
    return _stretch(int(raw_last or 0), first, entries, since)


def _stretch(last: int, first: list[Any], entries: list[Any], since: int) -> Stretch:
    events = tuple(EVENT.validate_json(fields[b"e"]) for _, fields in entries)
    oldest = int(first[0][0].split(b"-")[0]) if first else last + 1
    return Stretch(events=events, last=last, complete=oldest - 1 <= since <= last)


def give_order(client: redis_package.Redis, node: str, order: Order) -> bool:
    """Adds an order to the stream of a node. False when the order is too large. When a node is away and more than
    `ORDERS_KEPT` orders wait, the oldest are deleted.
    """
    entry = order.model_dump_json().encode()
    if len(entry) > ORDER_BYTES:
        return False
    client.xadd(orders_key(node), {"m": entry}, maxlen=ORDERS_KEPT, approximate=True)
    return True


async def give_order_async(client: redis_asyncio.Redis, node: str, order: Order) -> bool:
    """Like `give_order`."""
    entry = order.model_dump_json().encode()
    if len(entry) > ORDER_BYTES:
        return False
    await client.xadd(orders_key(node), {"m": entry}, maxlen=ORDERS_KEPT, approximate=True)
    return True


def retire(client: redis_package.Redis, sandbox: str) -> None:
    """Lets the keys of a sandbox that is over expire after 15 minutes, so late readers still get its last events. The snapshot
    and the grid are deleted now.
    """
    with client.pipeline(transaction=False) as pipe:
        for key in (number_key, events_key, bytes_key, snapshots_key, terminals_key, captures_key):
            pipe.expire(key(sandbox), KEPT_AFTER_END)
        pipe.delete(snapshot_key(sandbox), fresh_key(sandbox), grid_key(sandbox))
        pipe.execute()


async def pause_after_trouble(tries: int) -> None:
    """Waits after a failure of Redis: longer after each try, at most five seconds."""
    await asyncio.sleep(min(0.2 * 2 ** min(tries, 5), 5.0))
