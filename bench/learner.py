"""A learner as the site sees one: a cookie, a click with its CSRF token, a websocket that hears the stream."""

from __future__ import annotations

import asyncio
import json
import re
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

import requests
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.stack import Stack

PATIENCE = 60.0
OFFSET = struct.Struct(">Q")


class Learner:
    def __init__(self, stack: Stack, lesson: str = "bridge") -> None:
        self.stack, self.lesson = stack, lesson
        self.http = requests.Session()
        self.sandbox = ""
        self.http.get(f"{stack.address}/learn/{lesson}/", timeout=PATIENCE).raise_for_status()

    def post(self, path: str, **fields: str) -> requests.Response:
        token = self.http.cookies.get("csrftoken") or ""
        headers = {"X-CSRFToken": token, "HX-Request": "true", "Origin": self.stack.address}
        answer = self.http.post(f"{self.stack.address}{path}", data=fields, headers=headers, timeout=PATIENCE)
        answer.raise_for_status()
        return answer

    def click_open(self) -> str:
        return self._named(self.post("/sandboxes/open/", lesson=self.lesson))

    def open_playground(self, layout: str) -> str:
        return self._named(self.post("/playground/open/", layout=layout))

    def _named(self, answer: requests.Response) -> str:
        found = re.search(r'data-sandbox="([a-z0-9]+)"', answer.text)
        if not found:
            raise RuntimeError("the page does not name the sandbox")
        self.sandbox = found[1]
        return self.sandbox

    def click_close(self) -> None:
        self.post(f"/sandboxes/{self.sandbox}/close/")

    def dial(self, path: str, *offered: str) -> connect:
        return dial(self.stack, {cookie.name: cookie.value or "" for cookie in self.http.cookies}, path, *offered)

    def page(self) -> Page:
        return Page(self)

    @asynccontextmanager
    async def terminal(self, terminal: str, offset: int = 0) -> AsyncIterator[ClientConnection]:
        """The websocket of a terminal, for one who has no page open at the moment."""
        async with self.page() as page:
            dialled = await page.dial_terminal(terminal, offset)
        async with dialled as socket:
            yield socket

    async def open_and_see(self) -> float:
        """Seconds from the click to the first snapshot that shows the host's own interfaces."""
        began = time.perf_counter()
        await asyncio.to_thread(self.click_open)
        async with self.page() as page:
            await page.hear(is_live)
            return time.perf_counter() - began

    async def close(self) -> None:
        """Closes the sandbox and waits until it is said to be over."""
        async with self.page() as page:
            await asyncio.to_thread(self.click_close)
            await page.hear(lambda message: message.get("state") in {"closed", "failed", "expired"})


def dial(stack: Stack, cookies: dict[str, str], path: str, *offered: str, **more: Any) -> connect:
    """A websocket of the site for the one who has these cookies; `offered` are its subprotocols."""
    return connect(
        f"ws://127.0.0.1:{stack.port}{path}",
        origin=stack.address,  # type: ignore[arg-type]
        additional_headers={"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())},
        subprotocols=[Subprotocol(one) for one in offered] or None,
        max_size=None,
        ping_interval=None,  # a browser sends none
        **more,
    )


async def open_terminal(page: ClientConnection, place: str) -> str:
    """Opens a shell over the websocket of its sandbox, and waits until it is there."""
    await page.send(json.dumps({"type": "open_terminal", "place": place, "columns": 80, "rows": 24}))
    terminal = ""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = json.loads(await page.recv())
            if message["type"] == "terminal_opened":
                terminal = message["terminal"]
            if message["type"] == "terminals_changed" and terminal in {one["id"] for one in message["terminals"]}:
                return terminal


async def ask_ticket(page: ClientConnection, terminal: str) -> tuple[str, str]:
    """The subprotocols with which this terminal's websocket opens once."""
    await page.send(json.dumps({"type": "ask_ticket", "terminal": terminal}))
    async with asyncio.timeout(PATIENCE):
        while (message := json.loads(await page.recv()))["type"] != "ticket_given":
            pass
    return "explorer", f"ticket.{message['ticket']}"


def is_live(message: dict[str, Any]) -> bool:
    """In the first picture, or as the first sight of the host where the picture came before there was one."""
    if message["type"] == "place_seen":
        host = message["place"] if message["place"]["id"] == "h1" else None
    else:
        host = message["snapshot"]["places"].get("h1") if message["type"] == "snapshot_taken" else None
    return bool(host and host["views"].get("interfaces", {}).get("items"))


def shows(message: dict[str, Any], place: str, text: str) -> bool:
    """Whether this is the message that the interfaces of `place` now show `text`."""
    if message["type"] != "view_changed" or message["place"] != place or message["view"] != "interfaces":
        return False
    return any(text in line["text"] for line in message["observation"]["lines"])


class Page:
    """The websocket of a sandbox page."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.dialled = learner.dial(f"/ws/sandbox/{learner.sandbox}/")
        self.socket: ClientConnection

    async def __aenter__(self) -> Page:
        self.socket = await self.dialled.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.dialled.__aexit__(kind, error, trace)

    async def hear(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if wanted(message):
                    return message

    async def netns_of(self, place: str) -> int:
        """The inode of a place's network namespace, once the place is seen."""

        def inode(message: dict[str, Any]) -> int:
            if message["type"] == "snapshot_taken":
                return int(message["snapshot"]["places"].get(place, {}).get("netns", 0))
            seen = message["type"] == "place_seen" and message["place"]["id"] == place
            return int(message["place"]["netns"]) if seen else 0

        return inode(await self.hear(lambda message: bool(inode(message))))

    async def open_terminal(self, place: str) -> str:
        return await open_terminal(self.socket, place)

    async def dial_terminal(self, terminal: str, offset: int = 0) -> connect:
        """Its websocket, to be entered before the ticket is too old."""
        path = f"/ws/terminal/{terminal}/?sandbox={self.learner.sandbox}&offset={offset}"
        return self.learner.dial(path, *await ask_ticket(self.socket, terminal))


class Typist:
    """The websocket of a terminal, for one who types and waits for the echo."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def read(self, seconds: float = PATIENCE) -> bytes:
        while True:
            message = await asyncio.wait_for(self.socket.recv(), seconds)
            if isinstance(message, bytes):
                offset = OFFSET.unpack(message[:8])[0] + len(message) - 8
                await self.socket.send(json.dumps({"type": "acknowledge_terminal", "offset": offset}))
                return message[8:]
            if json.loads(message)["type"] == "closed":
                raise RuntimeError(f"the terminal closed: {message!r}")

    async def settle(self) -> None:
        """Waits until the shell has said all it has to say."""
        try:
            while True:
                await self.read(1.0)
        except TimeoutError:
            return

    async def prompt(self) -> None:
        """Waits until the shell is there: what is typed before may be lost to it."""
        seen = b""
        while b"# " not in seen:
            seen += await self.read()

    async def echo(self, key: bytes) -> float:
        began = time.perf_counter()
        await self.socket.send(key)
        while key not in await self.read():
            pass
        return time.perf_counter() - began
