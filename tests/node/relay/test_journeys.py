"""Journeys on request: one at a time in a sandbox, a bounded number on a node, a failed one told as failed."""

import asyncio

import pytest

from explorer.network.journeys import Asked, Journeys
from explorer.node.relay import journeys
from explorer.node.relay.journeys import FULL, JourneyDesk
from explorer.sandboxes.orders import FollowJourney

PING = Asked(source="h1", target="outside", kind="ping")


async def told_by(desk_of, orders, wanted):
    told: list = []
    done = asyncio.Event()

    async def tell(event):
        told.append(event)
        if len(told) == wanted:
            done.set()

    desk = desk_of(tell)
    for journey in orders:
        desk.follow_journey(journey, FollowJourney(source="h1", target="outside"))
    task = asyncio.create_task(desk.run())
    try:
        await asyncio.wait_for(done.wait(), 5)
    finally:
        task.cancel()
    return told


async def test_one_after_the_other_and_too_many_are_left_out():
    running = 0

    async def follow(asked):
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.01)
        running -= 1
        return Journeys(asked=asked, at=1.0)

    told = await told_by(lambda tell: JourneyDesk(follow, tell, asyncio.Semaphore(9)), "abcdef", journeys.WAITING)
    assert [event.journey for event in told] == list("abcd")
    assert not any(event.told.error for event in told)


async def test_a_failure_is_told_and_gives_its_room_back():
    room = asyncio.Semaphore(1)

    async def breaks(asked):
        raise RuntimeError("x")

    told = await told_by(lambda tell: JourneyDesk(breaks, tell, room), "ab", 2)
    assert all("our fault" in event.told.error for event in told)
    assert not room.locked()


async def test_a_node_that_is_full_says_so(monkeypatch):
    monkeypatch.setattr(journeys, "PATIENCE", 0.05)
    room = asyncio.Semaphore(1)
    await room.acquire()

    async def never(asked):
        pytest.fail("there was no room for it")

    told = await told_by(lambda tell: JourneyDesk(never, tell, room), "a", 1)
    assert told[0].told.error == FULL
    room.release()

    async def follow(asked):
        return Journeys(asked=asked, at=1.0)

    told = await told_by(lambda tell: JourneyDesk(follow, tell, room), "b", 1)
    assert told[0].told.error == ""
