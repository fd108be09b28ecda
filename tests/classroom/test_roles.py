"""Every URL name, websocket and message × every person × what they are answered. The rows are in `roles.py`.

`pytest tests/classroom/test_roles.py -s` prints the table.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import Client, override_settings
from redis import Redis

from explorer.live.hub import stop_hub
from explorer.live.messages import ToSandbox, ToTerminal
from explorer.live.routing import ROUTES
from explorer.sandboxes.events import orders_key, terminal_key
from tests.classroom.roles import MESSAGE, PAGES, PEOPLE, SOCKETS, TO_SANDBOX, TO_TERMINAL, USERS, WATCHING, Answers
from tests.classroom.walk import METHODS, Cast, Walk, address_of, every_name, fill, knock, say
from tests.live.conftest import ORIGIN, Socket

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
NAMES = every_name()
SOCKET_NAMES = [str(route.pattern) for route in ROUTES]


@pytest.fixture(scope="module")
def walk(django_db_setup, django_db_blocker, valkey_url) -> Iterator[Walk]:
    """One cast for all pages; it is undone as a whole."""
    stores = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": PLAIN}
    show("", {person: person for person in PEOPLE})
    with django_db_blocker.unblock(), override_settings(REDIS_URL=valkey_url, STORAGES=stores), transaction.atomic():
        logging.disable(logging.ERROR)  # a refusal is what we are after, a thousand times
        yield Walk(Cast(), Redis.from_url(valkey_url))
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", NAMES)
def test_page(walk, name):
    assert name in PAGES, f"{name} has no row in tests/classroom/roles.py: who may use it?"
    row = PAGES[name]
    address = address_of(name, walk.cast)
    assert address, f"{name}: tests.classroom.walk.fill does not know all parts of its address"
    for method in METHODS:
        told = {person: walk.ask(person, method, address, row.fields if method == "post" else {}) for person in PEOPLE}
        show(f"{method.upper():4} {name}", told)
        assert differences(told, getattr(row, method)) == "", f"{method} {address}"


def test_no_row_is_of_a_page_that_is_gone():
    assert sorted(PAGES.keys() - set(NAMES)) == []


@pytest.mark.parametrize("kind", SOCKET_NAMES)
def test_socket_has_a_row(kind):
    assert kind in SOCKETS, f"{kind} has no row in tests/classroom/roles.py: who may open it?"


def test_no_row_is_of_a_socket_that_is_gone():
    assert sorted(SOCKETS.keys() - set(SOCKET_NAMES)) == []


@pytest.mark.django_db(transaction=True)
async def test_sockets(redis, settings):
    settings.ORIGINS = [ORIGIN]
    cast = await sync_to_async(Cast)()
    browsers = (await sync_to_async(Walk)(cast, redis)).browsers
    try:
        for kind, expected in SOCKETS.items():
            told: Answers = {}
            for person in PEOPLE:
                told[person] = await knock(socket_of(browsers[person], socket_address(kind, cast)))
            show(f"WS   {kind}", told)
            assert differences(told, expected) == "", kind
    finally:
        await stop_hub()


@pytest.mark.django_db(transaction=True)
async def test_messages(redis, settings):
    """Watching sockets too, and every message over them."""
    settings.ORIGINS = [ORIGIN]
    cast = await sync_to_async(Cast)()
    browsers = (await sync_to_async(Walk)(cast, redis)).browsers
    redis.xadd(terminal_key("t1"), {"o": 0, "d": "$ "})
    try:
        for kind, expected in WATCHING.items():
            told = {who: await knock(socket_of(browsers[who], socket_address(kind, cast) + "&watch=1")) for who in PEOPLE}
            assert differences(told, expected) == "", kind
        for kind, messages in (("ws/sandbox/<slug:sandbox>/", TO_SANDBOX), ("ws/terminal/<slug:terminal>/", TO_TERMINAL)):
            for name, parts in messages.items():
                told = {}
                for who in PEOPLE:
                    redis.delete(orders_key("node1"))
                    address = socket_address(kind, cast) + ("&watch=1" if who in USERS else "")
                    socket = socket_of(browsers[who], address)
                    told[who] = await say(socket, {"type": name, **parts}, lambda: redis.xlen(orders_key("node1")) > 0)
                    await socket.disconnect()
                show(f"SAY  {name}", told)
                assert differences(told, MESSAGE) == "", name
    finally:
        await stop_hub()


def test_every_message_is_walked():
    known = [ToSandbox.json_schema(), ToTerminal.json_schema()]
    assert [set(schema["discriminator"]["mapping"]) for schema in known] == [set(TO_SANDBOX), set(TO_TERMINAL)]


def socket_of(browser: Client, address: str) -> Socket:
    """A websocket with this browser's cookies, whoever it is."""
    socket = Socket(address, None)
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    socket.scope["headers"] = [(b"origin", ORIGIN.encode()), (b"cookie", cookies.encode())]
    return socket


def socket_address(kind: str, cast: Cast) -> str:
    address = "/" + kind
    for part, value in fill(cast).items():
        address = address.replace(f"<slug:{part}>", str(value))
    assert "<" not in address, f"{kind}: tests.classroom.walk.fill does not know all its parts"
    return f"{address}?sandbox={cast.sandbox.pk}"


def differences(told: Answers, expected: Answers) -> str:
    return ", ".join(f"{who} got {told[who]} and not {expected[who]}" for who in PEOPLE if told[who] != expected[who])


def show(name: str, told: Answers) -> None:
    """One line of the table; pytest swallows it unless it is asked not to (-s)."""
    sys.stdout.write(f"{name:44}" + "".join(f"{told[person]!s:>14}" for person in PEOPLE) + "\n")
