"""Malformed messages in a task queue, put there by a taken-over web: the worker's channel drops them and takes the next."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from kombu import Connection, Queue

from explorer.celery import Channel
from tests.attacks import attack
from tests.redis_fixture import *  # noqa: F403

PLAIN: dict[str, Any] = {
    "body": base64.b64encode(b"[[], {}, {}]").decode(),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {"lang": "py", "task": "x", "id": "1"},
    "properties": {
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "q"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": "t",
    },
}
POISON = {
    "no JSON": b"{{{{",
    "a number": b"7",
    "no properties": json.dumps({name: value for name, value in PLAIN.items() if name != "properties"}).encode(),
    "bad base64": json.dumps({**PLAIN, "body": "!!!x"}).encode(),
    "unknown encoding": json.dumps({**PLAIN, "properties": {**PLAIN["properties"], "body_encoding": "rot13"}}).encode(),
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe\x00",
}


@attack("malformed task: {what}", origin="web process", expected="refused", held_by="the worker's channel drops it")
@pytest.mark.parametrize("what", POISON)
def test_a_malformed_message_is_dropped_and_the_next_one_taken(redis, valkey_url, what):
    broker = valkey_url.replace("unix://", "redis+socket://")
    got = []
    with Connection(broker) as connection, connection.channel() as channel:
        assert isinstance(channel, Channel)
        with connection.Consumer(queues=[], channel=channel) as consumer:
            consumer.add_queue(Queue("q"))
            consumer.register_callback(lambda body, message: got.append(body))
            consumer.consume()
            redis.lpush("q", POISON[what])
            redis.lpush("q", json.dumps(PLAIN))
            for _ in range(4):
                if not got:
                    connection.drain_events(timeout=5)
    assert got == [[[], {}, {}]]
