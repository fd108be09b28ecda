"""One simulated learner's visit: opens a sandbox, looks, perhaps resets it, closes it, and notes everything the site said."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from websockets.exceptions import WebSocketException

from bench.learner import Learner, is_live
from bench.stack import Stack

OPEN_SECONDS = 150.0  # a learner waits this long for a sandbox before the visit counts as `waited in vain`
CLOSE_SECONDS = 150.0
AGAIN = 1.0
GONE = 4404  # the close code of a socket whose sandbox is over
TROUBLE = (requests.RequestException, OSError, WebSocketException, TimeoutError)
OVER = {"closed", "failed", "expired"}


@dataclass(slots=True)
class Visit:
    """What one learner saw. `end` is one word; `said` is the last sentence that the site gave for it."""

    at: float
    sandbox: str = ""
    opened_in: float = 0.0
    closed_in: float = 0.0
    end: str = ""
    said: str = ""
    dialled: int = 0
    errors: list[str] = field(default_factory=list)


async def visit(site: Stack, dice: random.Random, at: float, may_leave: bool) -> Visit:
    """Never raises: what goes wrong is noted. Some who may leave do not close: then its time ends the sandbox."""
    seen = Visit(round(at, 1))
    try:
        await _go(site, dice, seen, may_leave)
    except Exception as error:
        seen.end, seen.said = "driver failed", repr(error)[:300]
    return seen


async def _go(site: Stack, dice: random.Random, seen: Visit, may_leave: bool) -> None:
    began = time.monotonic()
    learner = await _patiently(lambda: Learner(site), seen, OPEN_SECONDS)
    if learner is None or not await _patiently(learner.click_open, seen, OPEN_SECONDS):
        seen.end = "not let in"
        return
    seen.sandbox = learner.sandbox
    state = await watch(learner, seen, OPEN_SECONDS, lambda message: is_live(message) or _over(message))
    seen.opened_in = round(time.monotonic() - began, 2)
    if state is None or _over(state):
        seen.end = "waited in vain" if state is None else "told that it failed"
        seen.said = (state or {}).get("detail", "")
    else:
        await asyncio.sleep(dice.uniform(0.5, 4))
        if dice.random() < 0.1:
            await _patiently(lambda: learner.post(f"/sandboxes/{learner.sandbox}/reset/"), seen, 20)
        if dice.random() < 0.05 and may_leave:
            seen.end = "left without closing"
            return
    await _close(learner, seen)


async def _close(learner: Learner, seen: Visit) -> None:
    began = time.monotonic()
    await _patiently(learner.click_close, seen, CLOSE_SECONDS)
    state = await watch(learner, seen, CLOSE_SECONDS, _over)
    seen.closed_in = round(time.monotonic() - began, 2)
    if not seen.end:
        told = (state or {}).get("state", "nothing")
        seen.end = "opened and closed" if told in ("closed", "gone") else f"opened, then told {told}"
        seen.said = (state or {}).get("detail", "") if told not in ("closed", "gone") else ""


def _over(message: dict[str, Any]) -> bool:
    return message.get("state") in OVER


async def watch(
    learner: Learner, seen: Visit, seconds: float, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any] | None:
    """The first message that is wanted, over as many sockets as it takes; None after so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen.dialled += 1
        try:
            async with asyncio.timeout(until - time.monotonic()), learner.page() as page:
                async for text in page.socket:
                    if wanted(message := json.loads(text)):
                        return message
                if page.socket.close_code == GONE and wanted({"type": "gone", "state": "closed"}):
                    return {"state": "gone", "detail": "the page was sent away: the sandbox is over"}
        except TROUBLE as error:
            if getattr(getattr(error, "rcvd", None), "code", 0) == GONE and wanted({"type": "gone", "state": "closed"}):
                return {"state": "gone", "detail": "the page was sent away: the sandbox is over"}
            _note(seen, error)
        await asyncio.sleep(AGAIN)
    return None


async def _patiently(do: Callable[[], Any], seen: Visit, seconds: float) -> Any:
    """Clicks again, as a person would, while the site does not answer or says that it has no room."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            return await asyncio.to_thread(do)
        except TROUBLE as error:
            _note(seen, error)
            await asyncio.sleep(AGAIN)
        except RuntimeError as error:
            seen.said = str(error)
            await asyncio.sleep(AGAIN)
    return None


def _note(seen: Visit, error: Exception) -> None:
    status = getattr(getattr(error, "response", None), "status_code", "")
    what = f"{type(error).__name__} {status}".strip()
    if what not in seen.errors:
        seen.errors.append(what)
