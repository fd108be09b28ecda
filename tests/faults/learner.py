"""A learner during a fault: clicks, and a page that writes down what it was told and when it had to say that it may be old."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, WebSocketException

from bench.learner import Learner, Page, is_live
from tests.faults.site import OVER, WHOLE, Site

SILENCE = 4.5  # as in static/js/stream/heartbeat.js
LOOK_EVERY = 0.5
OVER_CODES = {4403, 4404}  # as in static/js/stream/stream.js: the page then asks once what became of the sandbox
TITLES = {"Closed": "closed", "Its time was over": "expired", "The sandbox could not be kept": "failed"}
TROUBLE = (requests.RequestException, OSError, WebSocketException, TimeoutError)


class Seen:
    """What the page of one sandbox hears, over as many sockets as it takes."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.told: list[str] = []
        self.detail, self.live, self.old, self.old_since, self.old_for = "", False, True, 0.0, 0.0
        self.fresh, self.sent = False, 0.0  # the newest beat: when it was sent
        self.heard: list[tuple[float, float]] = []  # when something happened, and when the page was told
        self.old_times: list[tuple[float, float]] = []  # the times in which the page said that it may be old
        self.old_at: list[float] = []  # when the page began to say so
        self.task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        while not self.task.done():  # a request to end may be lost in the middle of a closing socket
            self.task.cancel()
            await asyncio.wait({self.task}, timeout=2)

    async def until(self, *states: str, seconds: float = 90) -> None:
        async with asyncio.timeout(seconds):
            while not self.told or self.told[-1] not in states:  # noqa: ASYNC110 - the page tells nobody
                await asyncio.sleep(0.05)

    async def until_live(self, seconds: float = 90) -> None:
        async with asyncio.timeout(seconds):
            while not self.live or self.old:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _look(self) -> None:
        while True:
            try:
                async with self.learner.page() as page:
                    await self._listen(page)
            except ConnectionClosed as closed:
                if closed.rcvd and closed.rcvd.code in OVER_CODES:
                    with suppress(*TROUBLE):
                        return await asyncio.to_thread(self._ask)
            except TROUBLE:
                pass
            self._be(old=True)
            await asyncio.sleep(0.4)

    async def _listen(self, page: Page) -> None:
        """Until the socket ends or is silent. A silence is said at once: closing a socket takes time when nobody answers."""
        opened = time.monotonic()
        self.fresh = False
        next_one = asyncio.ensure_future(page.socket.recv())
        heard, beats = opened, False
        try:
            while not beats or time.monotonic() - heard < SILENCE:
                await asyncio.wait({next_one}, timeout=LOOK_EVERY)
                if next_one.done():
                    message = json.loads(next_one.result())
                    heard, next_one = time.monotonic(), asyncio.ensure_future(page.socket.recv())
                    if message["type"] == "beat":
                        beats, self.sent = True, opened + message["at"]
                    else:
                        self._hear(message)
                self._be(old=not self.fresh or time.monotonic() - self.sent > SILENCE)
        finally:
            next_one.cancel()
            self._be(old=True)

    def _hear(self, message: dict[str, Any]) -> None:
        if "state" in message and "phase" in message:
            self.detail = message["detail"] or self.detail
            if not self.told or self.told[-1] != message["state"]:
                self.told.append(message["state"])
                self.live = self.live and message["state"] == "ready"
        self.live = self.live or is_live(message)
        if message["type"] == "fresh":
            self.fresh = message["ok"]
        elif "number" in message and message.get("at") and message["type"] != "snapshot_taken":
            self.heard.append((message["at"], time.time()))

    def _ask(self) -> None:
        """What the page shows instead of the sandbox."""
        address = f"{self.learner.stack.address}/sandboxes/{self.learner.sandbox}/"
        answer = self.learner.http.get(address, headers={"HX-Request": "true"}, timeout=30)
        answer.raise_for_status()
        title, text = re.search(r'<div class="start-card">\s*<h2>(.*?)</h2>\s*<p>(.*?)</p>', answer.text, re.S).groups()
        if self.told[-1:] != [TITLES[title]]:
            self.told.append(TITLES[title])
        self.detail = html.unescape(text).removeprefix("Nothing is left of it. ") if TITLES[title] == "failed" else self.detail

    def _be(self, old: bool) -> None:
        now = time.monotonic()
        if old and not self.old:
            self.old_at.append(now)
            self.old_since = now
        elif self.old and not old and self.old_since:
            self.old_for += now - self.old_since
            self.old_times.append((self.old_since, now))
            self.old_since = 0.0
        self.old = old

    def said(self) -> str:
        """For the table: the states in order, how long the page said that it may be old, and the reason of a failure."""
        words = " → ".join(self.told) or "nothing"
        if self.old_for > 0.5:
            words += f", “reconnecting” for {self.old_for:.0f} s"
        return words + (f" (“{self.detail}”)" if self.told[-1:] == ["failed"] else "")


async def patiently(do: Any, seconds: float = WHOLE) -> Any:
    """Clicks again, as a person does whom the site does not answer."""
    until = time.monotonic() + seconds
    while True:
        try:
            return await asyncio.to_thread(do)
        except (*TROUBLE, RuntimeError):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(1)


async def settled(is_so: Callable[[], bool], seconds: float) -> bool:
    """Waits until it is so, at most so many seconds."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.2)
    return True


async def whole(site: Site, since: float) -> float:
    """Seconds from `since` until everything agrees, twice in a row. Fails after WHOLE."""
    agreed = 0.0
    while True:
        lack = await asyncio.to_thread(site.lacks)
        now = time.monotonic() - since
        if not lack and agreed:
            return agreed
        agreed = now if not lack else 0.0
        assert now < WHOLE or agreed, f"not whole after {now:.0f} s: {lack}\n{site.logs()}"
        await asyncio.sleep(0.5)


def truth(site: Site, seen: Seen, sandbox: str) -> None:
    """What the page says last is what the row says, with its reason."""
    state, _, reason = site.row(sandbox)
    assert seen.told[-1:] == [state], f"the page says {seen.told}, the row {state} ({reason})"
    assert state != "failed" or (reason and reason[:500] in seen.detail), f"“{seen.detail}” is not the reason “{reason}”"


async def leave(site: Site, learner: Learner, seen: Seen) -> None:
    """Closes what is still open and waits until it is over."""
    if site.row(learner.sandbox)[0] not in OVER:
        await patiently(learner.click_close)
        await settled(lambda: site.row(learner.sandbox)[0] in OVER, WHOLE)
    await seen.stop()
