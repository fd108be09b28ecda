"""Limits the length of a request's body before Django reads it. Django itself would first store the body and then
look at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

USUAL_BYTES = 128 * 1024  # forms: settings hold their fields to half of it
UPLOAD_BYTES = 2560 * 1024  # files of a lesson, and what a browser writes round each
UPLOAD_PATHS = ("/teach/bring/",)
DRAINED_BYTES = 64 * 1024 * 1024  # read and thrown away, because a browser shows the answer only after it has sent the body
WORDS = "This is more than may be sent at once: {most} KiB. A lesson is text. Go back and send less; nothing was kept."


def bounded(application: Application) -> Application:
    """Wraps the application. A longer body is answered with status 413. If its length is announced, the application is not
    called.
    """

    async def http(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        most = UPLOAD_BYTES if scope["path"].startswith(UPLOAD_PATHS) else USUAL_BYTES
        if told_length(scope) > most:
            await drain(receive)
            await refuse(send, most)
            return
        await Counted(receive, send, most).run(application, scope)

    return http


def told_length(scope: dict[str, Any]) -> int:
    told = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    return int(told) if told.isdigit() else 0


class Counted:
    """Counts the bytes of a body as it arrives, because its length may not be announced."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self.receive, self.send, self.most = receive, send, most
        self.got, self.begun = 0, False

    async def run(self, application: Application, scope: dict[str, Any]) -> None:
        await application(scope, self.take, self.answer)
        if self.got > self.most and not self.begun:
            await drain(self.receive)
            await refuse(self.send, self.most)

    async def take(self) -> Message:
        message = await self.receive()
        self.got += len(message.get("body", b""))
        return message if self.got <= self.most else {"type": "http.disconnect"}

    async def answer(self, message: Message) -> None:
        self.begun = True
        await self.send(message)


async def drain(receive: Receive) -> None:
    left = DRAINED_BYTES
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


async def refuse(send: Send, most: int) -> None:
    body = WORDS.format(most=most // 1024).encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
