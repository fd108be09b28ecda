"""Whoever follows a packet knows what was not watched, whatever went wrong."""

from __future__ import annotations

from explorer.lab.ask.watching import Watch


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
