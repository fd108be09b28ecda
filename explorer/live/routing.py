"""The addresses of all websockets. A socket with another address is refused before it is accepted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.routing import URLRouter
from channels.sessions import SessionMiddlewareStack
from django.conf import settings
from django.urls import path, re_path

from explorer.live.capture import CaptureSocket
from explorer.live.comparison import ComparisonSocket
from explorer.live.pcapng import PcapngSocket
from explorer.live.sandbox import SandboxSocket
from explorer.live.seat import SeatSocket
from explorer.live.terminal import TerminalSocket
from explorer.live.wall import WallSocket
from explorer.live.watching import CaptureWatcher, SandboxWatcher, TerminalWatcher, or_watching

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4403})


def exact_origin(application: Application) -> Application:
    """Lets a socket through only if its Origin header, given once, is exactly one of the origins in the settings."""

    async def checked(scope: dict[str, Any], receive: Any, send: Any) -> None:
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        inside = len(origins) == 1 and origins[0] in settings.ORIGINS
        await (application if inside else refuse)(scope, receive, send)

    return checked


ROUTES = [  # consumers in the place of views: channels' own use of Django's routes
    path("ws/sandbox/<slug:sandbox>/", or_watching(SandboxSocket, SandboxWatcher)),  # type: ignore[arg-type]
    path("ws/terminal/<slug:terminal>/", or_watching(TerminalSocket, TerminalWatcher)),  # type: ignore[arg-type]
    path("ws/capture/<slug:capture>/", or_watching(CaptureSocket, CaptureWatcher)),  # type: ignore[arg-type]
    path("ws/pcapng/", PcapngSocket.as_asgi()),  # type: ignore[arg-type]
    path("ws/comparison/<slug:comparison>/", ComparisonSocket.as_asgi()),  # type: ignore[arg-type]
    path("ws/seat/<slug:klass>/", SeatSocket.as_asgi()),  # type: ignore[arg-type]
    path("ws/wall/<slug:class_id>/", WallSocket.as_asgi()),  # type: ignore[arg-type]
]
EVERYTHING_ELSE = re_path(r"", refuse)  # type: ignore[arg-type]

application = exact_origin(SessionMiddlewareStack(URLRouter([*ROUTES, EVERYTHING_ELSE])))
