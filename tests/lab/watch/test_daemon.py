"""Following a daemon that lives, dies and lies."""

import asyncio
import json
import time
from contextlib import suppress

import pytest

from explorer.lab.inside import allowance, unix_http
from explorer.lab.inside.allowance import Account, Exceeded, Rates
from explorer.lab.watch.daemon import Daemon
from tests.attacks import attack
from tests.lab import fakes
from tests.lab.fakes import OK, LyingWithinCaps, answer, daemon

WEB = {"Id": "a" * 64, "Names": ["/web"], "Image": "box", "State": "running"}
START = {"Type": "container", "Action": "start", "Actor": {"ID": "a" * 64, "Attributes": {"name": "web"}}}


def proper(events):
    """A daemon with one container that tells `events` and then waits."""

    async def fake(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/events" in head:
            writer.write(OK + b"Content-Type: application/json\r\n\r\n")
            for event in events:
                writer.write(event)
            await writer.drain()
            await asyncio.sleep(60)
        body = {"Version": "26"} if b"/version" in head else [WEB] if b"/containers" in head else []
        writer.write(answer(body))
        await writer.drain()

    return fake


async def follow(connect, seconds=0.4, until=None):
    """Follows a daemon for some seconds; with `until`, also for as long as that is not so yet, at most a minute."""
    said = []
    following = Daemon("h1", connect, lambda: None, lambda text, detail, deed: said.append(text))
    task = asyncio.create_task(following.run())
    await asyncio.sleep(seconds)
    ends = time.monotonic() + 60
    while until and not until(following) and time.monotonic() < ends:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return following, said


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(unix_http, "SECONDS", 0.2)


async def test_events_are_told_and_the_state_is_read(tmp_path):
    async with daemon(tmp_path, proper([json.dumps(START).encode() + b"\n"])) as connect:
        following, said = await follow(connect, until=lambda one: one.state.containers)
    assert said == ["container web started"]
    assert [container.name for container in following.state.containers] == ["web"]
    assert following.state.error == ""


@attack("junk between a daemon's events", origin="daemon", expected="harmless", held_by="bounded reader of answers")
@pytest.mark.parametrize("junk", [b"x" * 200_000, b"{not json\n", b"[" * 50_000 + b"\n", b"null\n3\n[]\n", b"\n\n\n"])
async def test_junk_between_events_is_survived(tmp_path, junk):
    async with daemon(tmp_path, proper([junk])) as connect:
        following, said = await follow(connect, until=lambda one: one.state.version)
    assert said == []
    assert following.state.version == "26"


@attack("a flood of a daemon's events", origin="daemon", expected="contained", held_by="a rate of events")
async def test_a_flood_of_events_is_told_in_part(tmp_path):
    line = json.dumps(START).encode() + b"\n"
    async with daemon(tmp_path, proper([line] * 5_000)) as connect:
        _, said = await follow(connect)
    assert 0 < len(said) < 100


@attack("a daemon that hangs up, lies or stalls", origin="daemon", expected="harmless", held_by="said on the page, asked again")
@pytest.mark.parametrize("behave", [fakes.silent, fakes.endless_head, fakes.endless_body, fakes.babbling, fakes.hangs_up])
async def test_a_daemon_that_misbehaves_is_said_to_and_followed_on(tmp_path, behave):
    async with daemon(tmp_path, behave) as connect:
        following, said = await follow(connect, 0.6)
    assert "does not answer" in following.state.error
    assert said == []


class StoppedClock:
    """No time passes, so what is used of an allowance does not come back. Work takes what it takes."""

    thread_time = staticmethod(time.thread_time)

    def monotonic(self):
        return 0.0


async def test_a_daemon_that_lies_within_its_caps_costs_no_more_than_its_allowance(tmp_path, monkeypatch):
    monkeypatch.setattr(unix_http, "SECONDS", 20.0)
    monkeypatch.setattr(allowance, "time", StoppedClock())
    rates = Rates(burst=0.05)
    account, pieces = Account(Exceeded(rates)), []
    charge = account.charge

    def counted(seconds: float) -> float:
        pieces.append(seconds)
        return charge(seconds)

    monkeypatch.setattr(account, "charge", counted)
    async with daemon(tmp_path, LyingWithinCaps()) as connect:
        following = Daemon("h1", connect, lambda: None, lambda text, detail, deed: None, account)
        task = asyncio.create_task(following.run())
        while not account.rest():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)  # it asks again and again to be looked at
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert account.spent <= rates.burst + 4 * max(pieces), pieces


async def test_a_daemon_that_dies_leaves_its_names(tmp_path):
    async with daemon(tmp_path, proper([])) as connect:
        following = Daemon("h1", connect, lambda: None, lambda text, detail, deed: None)
        task = asyncio.create_task(following.run())
        await asyncio.sleep(0.3)
    following.refresh()
    await asyncio.sleep(0.3)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert following.state.error
    assert [container.name for container in following.state.containers] == ["web"]
