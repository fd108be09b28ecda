"""Web → node: one order into the stream of the node that has the sandbox."""

from __future__ import annotations

from redis.asyncio import Redis

from explorer.sandboxes.events import ORDERS_KEPT, Order, orders_key
from explorer.sandboxes.models import Sandbox


async def give_order(redis: Redis, sandbox: Sandbox, order: Order) -> bool:
    """False when no node has the sandbox yet. Bounded: a node that is away misses the oldest orders, not the newest."""
    if not sandbox.node_id:
        return False
    await redis.xadd(orders_key(sandbox.node_id), {"m": order.model_dump_json()}, maxlen=ORDERS_KEPT, approximate=True)
    return True
