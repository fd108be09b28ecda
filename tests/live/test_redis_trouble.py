"""Redis goes away, and comes back empty: sockets say so or go on, and nothing else falls over."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
import redis as redis_package

from tests.live.conftest import World
from tests.redis_fixture import start_valkey

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_socket_opened_while_redis_is_away_is_told_to_try_later(opens, world, learner, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    socket = opens(world.address, learner)
    await socket.connect()
    assert await socket.closed(15) == 1013


async def test_an_open_socket_outlives_a_redis_that_comes_back_empty(opens, sandbox, learner, settings):
    place = Path(tempfile.mkdtemp(prefix="valkey-"))
    process = start_valkey(place)
    settings.REDIS_URL = f"unix://{place / 'socket'}"
    try:
        client = redis_package.Redis.from_url(settings.REDIS_URL)
        world = World(sandbox, client)
        world.publish_many(5)
        world.snapshot(5)
        socket = await opens(world.address, learner).opened()
        assert (await socket.until("snapshot_taken"))["number"] == 5
        process.kill()
        process.wait()
        await asyncio.sleep(0.5)
        process = start_valkey(place)
        world.publish("after")
        world.snapshot(1)
        assert (await socket.until("snapshot_taken", 15))["resync"] is True
        world.publish("and on")
        assert (await socket.until("happened", 10))["text"] == "and on"
        await socket.disconnect()
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place, ignore_errors=True)
