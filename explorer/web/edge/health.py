"""For monitoring: whether the process is up, whether each part works, and metrics."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from explorer.sandboxes.health import examine_parts
from explorer.web.edge.metrics import Metrics

LOOPBACK = {"127.0.0.1", "::1"}

REGISTRY.register(Metrics())


async def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up. It asks no other service, so it answers whatever else is down."""
    return JsonResponse({"ok": True})


def readyz(request: HttpRequest) -> JsonResponse:
    """Whether every part works, so that a learner may get a sandbox; `reasons` has a sentence about each part that does not."""
    parts = examine_parts()
    reasons = {part.name: part.why for part in parts if not part.ok}
    told = {part.name: part.ok for part in parts}
    return JsonResponse({"ready": not reasons, **told, "reasons": reasons}, status=503 if reasons else 200)


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
