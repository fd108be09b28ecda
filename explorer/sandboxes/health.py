"""Whether each part of an installation works, with a sentence about each that does not. The web side asks no node: it reads
the rows and Redis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from redis import Redis

from explorer.sandboxes.heartbeat import KEPT, relay_key
from explorer.sandboxes.models import Node
from explorer.sandboxes.nodes import read_nodes

ASKED = 1.0  # seconds until Redis counts as away


@dataclass(frozen=True, slots=True)
class Part:
    """`why` is empty when the part works, else a sentence that names no secret and no address."""

    name: str
    why: str = ""

    @property
    def ok(self) -> bool:
        return not self.why


def examine_parts() -> list[Part]:
    """Every part without which a learner gets no sandbox or sees none."""
    return [Part(name, _why(check)) for name, check in CHECKS.items()]


def _why(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # whatever it is, the part does not work
        return f"It does not answer ({type(error).__name__})."


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _redis() -> str:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=ASKED, socket_connect_timeout=ASKED) as redis:
        return "" if redis.ping() else "It does not answer."


def _node() -> str:
    if read_nodes().here:
        return ""
    last = Node.objects.order_by("-seen_at").first()
    heard = f"the last one was heard of at {last.seen_at:%d %b %H:%M:%S} UTC" if last else "none has ever announced itself"
    return f"No node was heard of in the last 30 seconds; {heard}."


def _engine() -> str:
    here = read_nodes().here
    if not here:
        return "No node is here, so no engine is known."
    return "" if any(not node.health.get("engine") for node in here) else "No node's engine answers its worker."


def _relay() -> str:
    here = read_nodes().here
    if not here:
        return "No node is here, so no relay is known."
    with Redis.from_url(settings.REDIS_URL, socket_timeout=ASKED, socket_connect_timeout=ASKED) as redis:
        alive = any(redis.exists(relay_key(node.pk)) for node in here)
    return "" if alive else f"No node's relay gave a sign of life in the last {KEPT} seconds."


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "redis": _redis,
    "node": _node,
    "engine": _engine,
    "relay": _relay,
}
