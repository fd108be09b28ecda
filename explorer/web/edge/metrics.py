"""`/metrics`: what Prometheus reads. Rows are counted and Redis is asked at each scrape; what all processes counted comes from
Redis (`sandboxes.figures`); sockets are those of this web process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import redis as redis_package
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from explorer.sandboxes import figures
from explorer.sandboxes.heartbeat import relay_key
from explorer.sandboxes.models import Node, Sandbox
from explorer.sandboxes.nodes import NODE_AWAY

ASKED = 2.0  # seconds until Redis counts as away
MOST_BYTES = 64 * 1024  # of a relay's heartbeat
State = Sandbox.State


@dataclass(frozen=True, slots=True)
class OfNode:
    """A gauge that a node's row says. `counts` makes it a counter."""

    about: str
    value: Callable[[Node], float]
    counts: bool = False


def _here(node: Node) -> bool:
    return timezone.now() - node.seen_at < NODE_AWAY


def _health(name: str, factor: float = 1) -> Callable[[Node], float]:
    def value(node: Node) -> float:
        told = node.health.get(name, 0)
        return told * factor if isinstance(told, int | float) else 0.0

    return value


OF_NODES: Mapping[str, OfNode] = {
    "explorer_node_up": OfNode("1 when the node was heard of in the last 30 seconds", lambda node: float(_here(node))),
    "explorer_node_seen_seconds": OfNode(
        "Seconds since the node was heard of", lambda node: max(0.0, (timezone.now() - node.seen_at).total_seconds())
    ),
    "explorer_node_draining": OfNode("1 when the node takes no new sandboxes", lambda node: float(node.draining)),
    "explorer_node_capacity": OfNode("Sandboxes the node holds", lambda node: float(node.capacity)),
    "explorer_node_engine_up": OfNode(
        "1 when the node's engine answered the last sweep", lambda node: float(_here(node) and not node.health.get("engine"))
    ),
    "explorer_node_findings": OfNode(
        "What labdoctor found that a node must not lack",
        lambda node: float(sum(bool(one.get("must")) for one in node.health.get("doctor", {}).get("findings", []))),
    ),
    "explorer_node_load": OfNode("Load average of one minute", _health("load")),
    "explorer_node_memory_free_bytes": OfNode("Memory that the node has free", _health("memory_free_mb", 2**20)),
    "explorer_node_disk_free_bytes": OfNode("Space on the file system of the engine's data", _health("disk_free_mb", 2**20)),
    "explorer_engine_sandboxes": OfNode("Sandboxes that the engine had at the last sweep", _health("sandboxes")),
    "explorer_reaper_braked": OfNode("Sandboxes whose removal the brake holds back now", _health("braked")),
    "explorer_reaper_kept": OfNode("Sandboxes that an older copy of the database does not know", _health("kept")),
    "explorer_database_older": OfNode(
        "1 when the database is an older copy", lambda node: float(bool(node.health.get("older_database")))
    ),
    "explorer_sweeps_total": OfNode("Sweeps of the node's reconciler", lambda node: float(node.sweeps), counts=True),
}

# metric: (field of the relay's heartbeat, whether it only grows, what it is)
OF_RELAYS: Mapping[str, tuple[str, bool, str]] = {
    "explorer_relay_sandboxes": ("sandboxes", False, "Sandboxes that the relay watches"),
    "explorer_relay_terminals": ("terminals", False, "Terminals that are open"),
    "explorer_relay_sandboxes_late": ("sandboxes_late", False, "Sandboxes that are shown late, because they cost too much"),
    "explorer_relay_loop_late_seconds": ("loop_late", False, "The longest that the relay's loop was held up lately"),
    "explorer_relay_allowance_exceeded_total": ("allowance_exceeded", True, "How often a sandbox used up its allowance"),
    "explorer_relay_output_exceeded_total": ("output_exceeded", True, "How often terminals printed more than is carried"),
    "explorer_relay_lines_dropped_total": ("lines_dropped", True, "Lines of timelines that went by too fast to show"),
    "explorer_relay_commands_lost_total": ("commands_lost", True, "How often commands could not be followed"),
}
OTHERS: Mapping[str, str] = {
    "explorer_sandboxes": "Sandboxes by state and node; those that are over only as long as their rows are kept",
    "explorer_queue_length": "Sandboxes that wait for a node",
    "explorer_queue_age_seconds": "How long the first of them has waited",
    "explorer_nodes": "Nodes heard of in the last 30 seconds",
    "explorer_capacity": "Sandboxes those nodes hold",
    "explorer_database_up": "1 when the database answers",
    "explorer_database_seconds": "Seconds until the database answered a small question",
    "explorer_redis_up": "1 when Redis answers",
    "explorer_redis_seconds": "Seconds until Redis answered a ping",
    "explorer_redis_memory_bytes": "Memory that Redis uses",
    "explorer_redis_memory_limit_bytes": "Memory that Redis may use; 0: no limit",
    "explorer_attacks_noticed_total": "Sandboxes that a guard of the node ended to protect the others, by what they filled",
    "explorer_relay_up": "1 when the node's relay gave a sign of life lately",
}
OF_SOCKETS = (
    *("explorer_sockets_open", "explorer_sockets_refused_total"),
    *("explorer_socket_messages_sent_total", "explorer_socket_messages_refused_total", "explorer_socket_resyncs_total"),
)


def names() -> set[str]:
    """Every metric of ours."""
    return {*OF_NODES, *OF_RELAYS, *OTHERS, *OF_SOCKETS, *figures.FIGURES}


class Metrics:
    """Collects when it is asked. When the database or Redis does not answer, its part is missing and `…_up` says 0."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        nodes: list[Node] = []
        try:
            nodes = list(Node.objects.order_by("name"))
            yield from list(_of_database(nodes))
        except DatabaseError:
            yield _gauge("explorer_database_up", 0)
        try:
            with redis_package.Redis.from_url(settings.REDIS_URL, socket_timeout=ASKED, socket_connect_timeout=ASKED) as client:
                yield from list(_of_redis(client, nodes))
        except (redis_package.RedisError, OSError):
            yield _gauge("explorer_redis_up", 0)


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, OTHERS[name], value=value)


def _of_database(nodes: list[Node]) -> Iterator[Metric]:
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield _gauge("explorer_database_seconds", time.perf_counter() - began)
    yield _gauge("explorer_database_up", 1)
    yield _sandboxes()
    yield _attacks(nodes)
    queue = Sandbox.objects.filter(state=State.QUEUED).aggregate(length=Count("pk"), since=Min("created_at"))
    waited = (timezone.now() - queue["since"]).total_seconds() if queue["since"] else 0.0
    yield _gauge("explorer_queue_length", queue["length"])
    yield _gauge("explorer_queue_age_seconds", max(0.0, waited))
    here = [node for node in nodes if _here(node)]
    yield _gauge("explorer_nodes", len(here))
    yield _gauge("explorer_capacity", sum(node.capacity for node in here))
    for name, of_node in OF_NODES.items():
        family = (CounterMetricFamily if of_node.counts else GaugeMetricFamily)(name, of_node.about, labels=["node"])
        for node in nodes:
            family.add_metric([node.pk], of_node.value(node))
        yield family


def _attacks(nodes: list[Node]) -> Metric:
    name = "explorer_attacks_noticed_total"
    family = CounterMetricFamily(name, OTHERS[name], labels=["node", "kind"])
    for node in nodes:
        told = node.health.get("ended", {})
        for kind, times in sorted(told.items()) if isinstance(told, dict) else ():
            family.add_metric([node.pk, str(kind)], float(times))
    return family


def _sandboxes() -> Metric:
    family = GaugeMetricFamily("explorer_sandboxes", OTHERS["explorer_sandboxes"], labels=["state", "node"])
    rows = Sandbox.objects.order_by("state", "node").values_list("state", "node").annotate(Count("pk"))
    for state, node, counted in rows:
        family.add_metric([state, node or ""], counted)
    return family


def _of_redis(client: redis_package.Redis, nodes: list[Node]) -> Iterator[Metric]:
    began = time.perf_counter()
    client.ping()
    yield _gauge("explorer_redis_seconds", time.perf_counter() - began)
    yield _gauge("explorer_redis_up", 1)
    memory: Any = client.info("memory")
    yield _gauge("explorer_redis_memory_bytes", memory.get("used_memory", 0))
    yield _gauge("explorer_redis_memory_limit_bytes", memory.get("maxmemory", 0))
    beats = {node.pk: _heartbeat(client, node.pk) for node in nodes}
    up = GaugeMetricFamily("explorer_relay_up", OTHERS["explorer_relay_up"], labels=["node"])
    for node, beat in beats.items():
        up.add_metric([node], float(beat is not None))
    yield up
    yield from _of_relays(beats)
    yield from _of_figures(client)


def _heartbeat(client: redis_package.Redis, node: str) -> dict[str, Any] | None:
    raw: Any = client.get(relay_key(node))
    try:
        told = json.loads(raw) if raw and len(raw) <= MOST_BYTES else None
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _of_relays(beats: Mapping[str, dict[str, Any] | None]) -> Iterator[Metric]:
    for name, (field, grows, about) in OF_RELAYS.items():
        family = (CounterMetricFamily if grows else GaugeMetricFamily)(name, about, labels=["node"])
        for node, beat in beats.items():
            value = (beat or {}).get(field)
            if isinstance(value, int | float):
                family.add_metric([node], value)
        yield family


def _of_figures(client: redis_package.Redis) -> Iterator[Metric]:
    told = figures.read_figures(client)
    for name, figure in figures.FIGURES.items():
        some = [one for one in told if one.name == name]
        yield (_histogram if figure.buckets else _counter)(name, figure, some)


def _histogram(name: str, figure: figures.Figure, told: list[figures.Told]) -> Metric:
    family = HistogramMetricFamily(name, figure.about, labels=list(figure.labels))
    for one in told:
        family.add_metric(one.labels, one.buckets, one.value)
    return family


def _counter(name: str, figure: figures.Figure, told: list[figures.Told]) -> Metric:
    family = CounterMetricFamily(name, figure.about, labels=list(figure.labels))
    for one in told:
        family.add_metric(one.labels, one.value)
    return family
