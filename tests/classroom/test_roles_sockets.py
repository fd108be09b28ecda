"""Every websocket and message × every person × what they are answered. The rows are in `roles.py`; `-s` prints the table.

Apart from the pages: these commit what they make, and those hold one transaction open.
"""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from redis import Redis

from explorer.live.hub import stop_hub
from explorer.live.routing import ROUTES
from explorer.sandboxes.events import terminal_key
from explorer.sandboxes.orders import SANDBOX_WISH, TERMINAL_WISH, orders_key
from tests.attacks import attack
from tests.classroom.roles import (
    FOR_A_TICKET,
    MESSAGE,
    PEOPLE,
    SOCKETS,
    TICKET,
    TO_SANDBOX,
    TO_TERMINAL,
    USERS,
    WATCHING,
    Answers,
)
from tests.classroom.walk import Cast, Walk, differences, fill, knock, say, show
from tests.live.conftest import ORIGIN, Socket
from tests.live.tickets import protocols_for

SOCKET_NAMES = [str(route.pattern) for route in ROUTES]


@pytest.mark.parametrize("kind", SOCKET_NAMES)
def test_socket_has_a_row(kind):
    assert kind in SOCKETS, f"{kind} has no row in tests/classroom/roles.py: who may open it?"


def test_no_row_is_of_a_socket_that_is_gone():
    assert sorted(SOCKETS.keys() - set(SOCKET_NAMES)) == []


@attack(
    "every websocket, opened by every kind of person",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
@pytest.mark.django_db(transaction=True)
async def test_sockets(redis, settings):
    settings.ORIGINS = [ORIGIN]
    cast = await sync_to_async(Cast)()
    browsers = (await sync_to_async(Walk)(cast, redis)).browsers
    try:
        for kind, expected in SOCKETS.items():
            told: Answers = {}
            for person in PEOPLE:
                told[person] = await knock(socket_of(browsers[person], socket_address(kind, cast), redis))
            show(f"WS   {kind}", told)
            assert differences(told, expected) == "", kind
    finally:
        await stop_hub()


@attack(
    "every websocket message, sent by every kind of person",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
@pytest.mark.django_db(transaction=True)
async def test_messages(redis, settings):
    """Watching sockets too, and every message over them."""
    settings.ORIGINS = [ORIGIN]
    cast = await sync_to_async(Cast)()
    browsers = (await sync_to_async(Walk)(cast, redis)).browsers
    redis.xadd(terminal_key("t1"), {"o": 0, "d": "$ "})
    try:
        for kind, expected in WATCHING.items():
            address = socket_address(kind, cast) + "&watch=1"
            told = {who: await knock(socket_of(browsers[who], address, redis)) for who in PEOPLE}
            assert differences(told, expected) == "", kind
        to_sandbox = TO_SANDBOX | FOR_A_TICKET
        for kind, messages in (("ws/sandbox/<slug:sandbox>/", to_sandbox), ("ws/terminal/<slug:terminal>/", TO_TERMINAL)):
            for name, parts in messages.items():
                told = {}
                for who in PEOPLE:
                    redis.delete(orders_key("node1"))
                    address = socket_address(kind, cast) + ("&watch=1" if who in USERS else "")
                    socket = socket_of(browsers[who], address, redis)
                    told[who] = await say(socket, {"type": name, **parts}, lambda: redis.xlen(orders_key("node1")) > 0)
                    await socket.disconnect()
                show(f"SAY  {name}", told)
                assert differences(told, TICKET if name in FOR_A_TICKET else MESSAGE) == "", name
    finally:
        await stop_hub()


def test_every_message_is_walked():
    known = [SANDBOX_WISH.json_schema(), TERMINAL_WISH.json_schema()]
    assert [set(schema["discriminator"]["mapping"]) for schema in known] == [
        set(TO_SANDBOX | FOR_A_TICKET),
        set(TO_TERMINAL),
    ]


def socket_of(browser: Client, address: str, redis: Redis) -> Socket:
    """A websocket with this browser's cookies, whoever it is, and with a ticket where one is needed."""
    socket = Socket(address, None)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    socket.scope["headers"] = [(b"origin", ORIGIN.encode()), (b"cookie", cookies.encode())]
    socket.scope["subprotocols"] = protocols_for(redis, address, cookies)
    return socket


def socket_address(kind: str, cast: Cast) -> str:
    address = "/" + kind
    for part, value in fill(cast).items():
        address = address.replace(f"<slug:{part}>", str(value))
    assert "<" not in address, f"{kind}: tests.classroom.walk.fill does not know all its parts"
    return f"{address}?sandbox={cast.sandbox.pk}"
