"""Whoever follows a packet knows what was not watched, whatever went wrong."""

from __future__ import annotations

import asyncio
import os

from explorer.lab.ask import kernel
from explorer.lab.ask.trace import Trace
from explorer.lab.ask.watching import Watch
from explorer.lab.inside.netns import Namespace
from explorer.network.journeys.kernel import Answers
from explorer.network.journeys.questions import Question


async def test_drop_reasons_that_could_not_be_heard_are_said_to_be_missing(monkeypatch):
    watch = Watch([])

    async def broken():
        raise AttributeError("undefined symbol: ring_buffer__new")

    monkeypatch.setattr(watch._drops, "begin", broken)
    await watch.begin(())
    told = watch.gathered({}, True, "", 0)
    await watch.end()
    assert "drop reasons are not known here, because listening to them failed" in told.deaf
    assert told.deaf in told.notes


def link(name):
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""


async def test_a_thread_asks_the_namespace_it_was_given_whatever_becomes_of_its_number(monkeypatch):
    given = Namespace(os.getpid(), -1, os.open("/proc/self/ns/net", os.O_RDONLY))
    asked = []

    def ask(place, namespace, *rest, **named):
        """The namespace ended, and the next thing that was opened got its number."""
        another = os.open("/dev/null", os.O_RDONLY)
        os.dup2(another, number)
        os.close(another)
        asked.append(os.fstat(namespace.fd).st_ino)
        return Answers(place=place)

    def links():
        """What our descriptors lead to, without the one that the test holds."""
        return [link(name) for name in os.listdir("/proc/self/fd") if name != str(number)]

    number, target = given.fd, f"net:[{given.inode}]"
    before = links().count(target)
    monkeypatch.setattr(kernel, "ask", ask)
    watch = Watch([Trace("h1", given)])
    try:
        assert set(await watch.ask([Question("h1", (), ())], whole=True)) == {"h1"}
        assert asked == [given.inode]
        async with asyncio.timeout(60):  # the thread lets go a moment after it has answered
            while links().count(target) > before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        given.close()
