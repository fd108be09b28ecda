"""Web → node: one order into the stream of the node that has the sandbox."""

from __future__ import annotations

from redis.asyncio import Redis

from explorer.sandboxes.events import ORDERS_KEPT, Order, orders_key, taken_key, typed_key
from explorer.sandboxes.models import Sandbox

TYPED_REMEMBERED = 24 * 3600  # seconds


async def give_order(redis: Redis, sandbox: Sandbox, order: Order) -> bool:
    """False when no node has the sandbox yet. Bounded: a node that is away misses the oldest orders, not the newest."""
    if not sandbox.node_id:
        return False
    await redis.xadd(orders_key(sandbox.node_id), {"m": order.model_dump_json()}, maxlen=ORDERS_KEPT, approximate=True)
    return True


async def count_typed(redis: Redis, terminal: str, more: int) -> int:
    """Counts bytes that were given to the node, and answers how many of this terminal its shell has yet to take."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.incrby(typed_key(terminal), more)
        pipe.expire(typed_key(terminal), TYPED_REMEMBERED)
        pipe.get(taken_key(terminal))
        given, _, taken = await pipe.execute()
    return int(given) - int(taken or 0)
