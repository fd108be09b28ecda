"""Health: up, ready, and the numbers for those who may see them."""

import json
import re
from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.http import Http404
from django.utils import timezone

from explorer.sandboxes import figures
from explorer.sandboxes import health as parts
from explorer.sandboxes.heartbeat import RelayCounts, relay_key, to_json
from explorer.sandboxes.models import Node, Sandbox
from explorer.web.edge import health, metrics

pytestmark = pytest.mark.django_db


async def test_up_needs_nothing(rf, settings):
    settings.REDIS_URL = "unix:///nowhere"
    assert (await health.healthz(rf.get("/healthz"))).status_code == 200


def answer(rf):
    response = health.readyz(rf.get("/readyz"))
    return response.status_code, json.loads(response.content)


def test_ready_when_every_part_works(rf, redis):
    Node.objects.create(name="n", seen_at=timezone.now())
    redis.set(relay_key("n"), "{}")
    told = {"ready": True, "database": True, "redis": True, "node": True, "engine": True, "relay": True, "reasons": {}}
    assert answer(rf) == (200, told)


def test_not_ready_when_the_node_has_not_been_seen(rf, valkey):
    Node.objects.create(name="n", seen_at=timezone.now() - timedelta(minutes=2))
    status, told = answer(rf)
    assert (status, told["ready"], told["node"], told["engine"]) == (503, False, False, False)
    assert told["reasons"]["node"].startswith("No node was heard of in the last 30 seconds; the last one was heard of at ")


def test_not_ready_when_no_relay_gives_a_sign_of_life(rf, valkey):
    Node.objects.create(name="n", seen_at=timezone.now())
    status, told = answer(rf)
    assert (status, told["reasons"]) == (503, {"relay": "No node's relay gave a sign of life in the last 20 seconds."})


def test_not_ready_when_the_engine_does_not_answer_its_worker(rf, redis):
    redis.set(relay_key("n"), "{}")
    Node.objects.create(name="n", seen_at=timezone.now(), health={"engine": "The engine does not answer."})
    status, told = answer(rf)
    assert (status, told["engine"], told["node"]) == (503, False, True)
    Node.objects.create(name="m", seen_at=timezone.now())
    assert answer(rf)[0] == 200


def test_not_ready_without_redis(rf, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    _, told = answer(rf)
    assert told["redis"] is False
    assert told["reasons"]["redis"] == "It does not answer (ConnectionError)."


def test_not_ready_without_a_database(rf, valkey, monkeypatch):
    def broken():
        raise OSError("disk gone at /secret/path")

    monkeypatch.setitem(parts.CHECKS, "database", broken)
    status, told = answer(rf)
    assert status == 503
    assert "secret" not in told["reasons"]["database"]


# --- /metrics ---


def scraped(rf):
    return health.metrics(rf.get("/metrics", REMOTE_ADDR="127.0.0.1")).content.decode()


HEALTH = {"disk_free_mb": 3, "braked": 4, "ended": {"memory": 2, "disk": 0}}


def test_numbers_for_this_machine(rf, valkey):
    node = Node.objects.create(name="n", seen_at=timezone.now(), capacity=7, sweeps=12, health=HEALTH)
    Sandbox.objects.create(state="ready", node=node)
    Sandbox.objects.create(state="queued", created_at=timezone.now() - timedelta(seconds=90))
    text = scraped(rf)
    for line in (
        'explorer_sandboxes{node="n",state="ready"} 1.0',
        'explorer_sandboxes{node="",state="queued"} 1.0',
        "explorer_queue_length 1.0",
        "explorer_capacity 7.0",
        'explorer_node_up{node="n"} 1.0',
        'explorer_node_engine_up{node="n"} 1.0',
        'explorer_node_disk_free_bytes{node="n"} 3.145728e+06',
        'explorer_reaper_braked{node="n"} 4.0',
        'explorer_attacks_noticed_total{kind="memory",node="n"} 2.0',
        'explorer_sweeps_total{node="n"} 12.0',
        'explorer_relay_up{node="n"} 0.0',
        "explorer_database_up 1.0",
        "explorer_redis_up 1.0",
    ):
        assert line in text
    assert 90 <= float(re.search(r"^explorer_queue_age_seconds (\S+)", text, re.M)[1]) < 150


def test_what_the_processes_counted_is_there(rf, redis):
    figures.count("explorer_reaper_removed_total", node="n", why="its row is over")
    figures.figures.observe("explorer_opening_seconds", 1.7, phase="whole")
    figures.figures.flush()
    text = scraped(rf)
    assert 'explorer_reaper_removed_total{node="n",why="its_row_is_over"} 1.0' in text
    assert 'explorer_opening_seconds_bucket{le="1.0",phase="whole"} 0.0' in text
    assert 'explorer_opening_seconds_bucket{le="2.0",phase="whole"} 1.0' in text
    assert 'explorer_opening_seconds_sum{phase="whole"} 1.7' in text


def test_what_a_relay_says_of_itself_is_there(rf, redis):
    Node.objects.create(name="n", seen_at=timezone.now())
    redis.set(relay_key("n"), to_json(RelayCounts(at=1, sandboxes=3, loop_late=0.5, allowance_exceeded=2, lines_dropped=9)))
    text = scraped(rf)
    assert 'explorer_relay_up{node="n"} 1.0' in text
    assert 'explorer_relay_loop_late_seconds{node="n"} 0.5' in text
    assert 'explorer_relay_lines_dropped_total{node="n"} 9.0' in text


@pytest.mark.parametrize("beat", ["", "no json", "[1]", '{"sandboxes": "many"}', '{"sandboxes": ' + "9" * 70_000 + "}"])
def test_a_heartbeat_that_is_none_spoils_nothing(rf, redis, beat):
    Node.objects.create(name="n", seen_at=timezone.now(), health={"load": "high", "doctor": {"findings": []}})
    redis.set(relay_key("n"), beat)
    assert 'explorer_node_up{node="n"} 1.0' in scraped(rf)


def test_what_is_asked_of_a_heartbeat_is_in_it():
    assert {field for field, _, _ in metrics.OF_RELAYS.values()} <= {field.name for field in fields(RelayCounts)}


def test_without_redis_the_rest_is_there(rf, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    text = scraped(rf)
    assert "explorer_redis_up 0.0" in text
    assert "explorer_database_up 1.0" in text


def test_without_a_database_the_rest_is_there(rf, redis, monkeypatch):
    def broken(nodes):
        raise DatabaseError("locked")
        yield

    monkeypatch.setattr(metrics, "_of_database", broken)
    text = scraped(rf)
    assert "explorer_database_up 0.0" in text
    assert "explorer_redis_up 1.0" in text


def test_a_database_that_fails_in_the_middle_is_told_once(rf, redis, monkeypatch):
    def broken():
        raise DatabaseError("locked")

    monkeypatch.setattr(metrics, "_sandboxes", broken)
    told = [line for line in scraped(rf).splitlines() if line.startswith("explorer_database_up ")]
    assert told == ["explorer_database_up 0.0"]


def test_every_metric_that_is_listed_is_told_and_no_other(rf, redis):
    told = set(re.findall(r"^# TYPE (explorer_\w+) ", scraped(rf), re.M))
    assert {name for name in told if not name.endswith("_created")} == metrics.names()


def test_a_scrape_asks_the_database_little_however_many_sandboxes_there_are(rf, redis, django_assert_max_num_queries):
    node = Node.objects.create(name="n", seen_at=timezone.now())
    Sandbox.objects.bulk_create(Sandbox(state="ready", node=node) for _ in range(100))
    with django_assert_max_num_queries(4):
        scraped(rf)


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
