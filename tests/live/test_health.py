"""Health: up, ready, and the numbers for those who may see them."""

from datetime import timedelta

import pytest
from django.http import Http404
from django.utils import timezone

from explorer.sandboxes.models import Node, Sandbox
from explorer.web.edge import health

pytestmark = pytest.mark.django_db


async def test_up_needs_nothing(rf, settings):
    settings.REDIS_URL = "unix:///nowhere"
    assert (await health.healthz(rf.get("/healthz"))).status_code == 200


def answer(rf):
    import json

    response = health.readyz(rf.get("/readyz"))
    return response.status_code, json.loads(response.content)


def test_ready_with_a_database_redis_and_a_node(rf, valkey):
    Node.objects.create(name="n", seen_at=timezone.now())
    assert answer(rf) == (200, {"ready": True, "database": True, "redis": True, "node": True})


def test_not_ready_when_the_node_has_not_been_seen(rf, valkey):
    Node.objects.create(name="n", seen_at=timezone.now() - timedelta(minutes=2))
    assert answer(rf) == (503, {"ready": False, "database": True, "redis": True, "node": False})


def test_not_ready_without_redis(rf, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    assert answer(rf)[1]["redis"] is False


def test_not_ready_without_a_database(rf, valkey, monkeypatch):
    def broken():
        raise OSError("disk gone")

    monkeypatch.setitem(health.CHECKS, "database", broken)
    assert answer(rf)[0] == 503


def test_numbers_for_this_machine(rf):
    Node.objects.create(name="n", seen_at=timezone.now(), capacity=7)
    Sandbox.objects.create(state="ready")
    text = health.metrics(rf.get("/metrics", REMOTE_ADDR="127.0.0.1")).content.decode()
    assert 'explorer_sandboxes{state="ready"} 1.0' in text
    assert "explorer_capacity 7.0" in text


@pytest.mark.parametrize(
    "who", [{"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1"}]
)
def test_no_numbers_for_others_nor_through_a_proxy(rf, who):
    with pytest.raises(Http404):
        health.metrics(rf.get("/metrics", **who))


def test_with_a_token_only_the_token_counts(rf, settings):
    settings.METRICS_TOKEN = "secret"
    assert health.metrics(rf.get("/metrics", REMOTE_ADDR="192.0.2.1", HTTP_AUTHORIZATION="Bearer secret")).status_code == 200
    for wrong in ("", "Bearer", "Bearer wrong", "Bearer sécret"):
        with pytest.raises(Http404):
            health.metrics(rf.get("/metrics", REMOTE_ADDR="127.0.0.1", HTTP_AUTHORIZATION=wrong))
