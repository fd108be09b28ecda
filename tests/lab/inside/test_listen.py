"""Listening where somebody sends more than can be read."""

import asyncio
from typing import Any, cast

import pytest

from explorer.lab.inside.listen import receive


class Flooded:
    """A socket that always has another packet waiting; after a great many it gives up, for a test must end."""

    def __init__(self):
        self.read = 0

    def gettimeout(self):
        return 0

    def recv(self, size):
        self.read += 1
        if self.read > 2_000_000:
            raise AssertionError("nobody else got a turn")
        return b"x"


async def test_a_flood_does_not_stop_the_clock():
    flooded, turns = Flooded(), 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def listen():
        while True:
            await receive(cast(Any, flooded))

    other = asyncio.create_task(others())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listen(), 0.1)
    other.cancel()
    assert turns > 10
