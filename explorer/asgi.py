"""ASGI: static files and HTTP to Django, websockets to `live`, and the hub's life to the server's."""

from __future__ import annotations

import os
import re
from typing import Any

from blacknoise import BlackNoise
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")
django_application = get_asgi_application()

from django.conf import settings  # noqa: E402

from explorer.live.hub import get_hub, stop_hub  # noqa: E402
from explorer.live.routing import application as websockets  # noqa: E402
from explorer.web.edge.body import bounded  # noqa: E402

HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z0-9.]+$")  # how manifest storage names a file by its content
NOSNIFF = (b"x-content-type-options", b"nosniff")
EMBED_SCRIPT = "/embed.js"  # for pages of other sites, which write the address down: it stays the same

static_files = BlackNoise(django_application, immutable_file_test=lambda path: bool(HASHED.search(path)))
static_files.add(settings.STATIC_ROOT, settings.STATIC_URL)


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    shared = scope["path"] == EMBED_SCRIPT
    if shared:
        scope = {**scope, "path": f"{settings.STATIC_URL}embed-script.js"}
    elif not scope["path"].startswith(settings.STATIC_URL):
        await static_files(scope, receive, send)
        return
    whose = (b"cross-origin-resource-policy", b"cross-origin" if shared else b"same-origin")

    async def send_static(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"access-control-allow-origin"]
            message = {**message, "headers": [*kept, NOSNIFF, whose]}
        await send(message)

    await static_files(scope, receive, send_static)


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            get_hub()
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop_hub()
            await send({"type": "lifespan.shutdown.complete"})
            return


application = ProtocolTypeRouter({"http": bounded(http), "websocket": websockets, "lifespan": lifespan})
