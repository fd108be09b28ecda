"""For monitoring: whether the process is up, whether a learner would get a sandbox, and metrics."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from redis import Redis

from explorer.sandboxes.models import Node, Sandbox

NODE_SEEN = timedelta(seconds=30)
LOOPBACK = {"127.0.0.1", "::1"}


async def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up. It asks no other service, so it answers whatever else is down."""
    return JsonResponse({"ok": True})


def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the database, Redis and at least one node are there, so that a learner may get a sandbox."""
    answers = {name: _answers(check) for name, check in CHECKS.items()}
    ready = all(answers.values())
    return JsonResponse({"ready": ready, **answers}, status=200 if ready else 503)


def _answers(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # any error means no
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _redis() -> bool:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as redis:
        return bool(redis.ping())


def _node() -> bool:
    return Node.objects.filter(seen_at__gt=timezone.now() - NODE_SEEN).exists()


CHECKS: dict[str, Callable[[], bool]] = {"database": _database, "redis": _redis, "node": _node}


class Rows:
    """Metrics that are read from the database whenever they are asked for."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        sandboxes = GaugeMetricFamily("explorer_sandboxes", "Sandboxes by state", labels=["state"])
        counted = dict(Sandbox.objects.order_by().values_list("state").annotate(Count("pk")))
        for state in Sandbox.State.values:
            sandboxes.add_metric([state], counted.get(state, 0))
        yield sandboxes
        here = Node.objects.filter(seen_at__gt=timezone.now() - NODE_SEEN)
        yield GaugeMetricFamily("explorer_nodes", "Nodes seen within 30 seconds", value=here.count())
        room = here.aggregate(room=Sum("capacity"))["room"] or 0
        yield GaugeMetricFamily("explorer_capacity", "Sandboxes those nodes hold", value=room)


REGISTRY.register(Rows())


def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics for Prometheus. With a token in the settings, whoever sends it gets them; without one, only this machine. Others
    get 404.
    """
    if not _may_scrape(request):
        raise Http404
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        return secrets.compare_digest(given.encode(), token.encode())
    # behind a proxy on this machine every request looks local, but the proxy adds one of these headers
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not (
        {"Forwarded", "X-Forwarded-For", "X-Real-Ip"} & set(request.headers)
    )
