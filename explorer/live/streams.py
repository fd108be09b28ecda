"""Reads Redis streams for `live`: entries whose ids can be compared."""

from __future__ import annotations

from typing import Any, NamedTuple

from redis.asyncio import Redis

BLOCK_MS = 4_000
Id = tuple[int, int]
START: Id = (0, 0)


class Entry(NamedTuple):
    id: Id
    fields: dict[bytes, bytes]

    @property
    def size(self) -> int:
        return sum(len(value) for value in self.fields.values())


def parse_id(raw: bytes | str) -> Id:
    text = raw.decode() if isinstance(raw, bytes) else raw
    first, _, second = text.partition("-")
    return int(first), int(second or 0)


def write_id(position: Id) -> str:
    return f"{position[0]}-{position[1]}"


class Streams:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    async def newest(self, key: str) -> Id:
        found = await self.redis.xrevrange(key, count=1)
        return parse_id(found[0][0]) if found else START

    async def oldest(self, key: str) -> Id:
        found = await self.redis.xrange(key, count=1)
        return parse_id(found[0][0]) if found else START

    async def range(self, key: str, after: Id, count: int) -> list[Entry]:
        found = await self.redis.xrange(key, min=f"({write_id(after)}", count=count)
        return _entries(found)

    async def read(self, key: str, after: Id, count: int) -> list[Entry]:
        """The entries after `after`; waits a while for them."""
        found = await self.redis.xread({key: write_id(after)}, count=count, block=BLOCK_MS)
        return _entries(found[0][1]) if found else []


def _entries(found: list[Any]) -> list[Entry]:
    return [Entry(parse_id(number), fields) for number, fields in found if fields is not None]
