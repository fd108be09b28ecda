"""A learner with a ready sandbox, its stream, sockets to it, and a real server where a real socket is needed."""

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis as redis_package
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from explorer.classroom.people.sessions import SessionStore
from explorer.live.hub import stop_hub
from explorer.live.limits import SOCKETS_OPEN
from explorer.live.routing import application
from explorer.network.model import Snapshot
from explorer.sandboxes import streams
from explorer.sandboxes.events import (
    Happened,
    TerminalFacts,
    events_key,
    snapshot_key,
    terminal_key,
    terminals_key,
)
from explorer.sandboxes.models import Learner, Node, Sandbox
from explorer.sandboxes.orders import Order, orders_key
from tests.live.tickets import protocols_for
from tests.redis_fixture import *  # noqa: F403

ORIGIN = "http://localhost:8000"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def _apart(do):
    """In a thread: a user's session has a row, and the caller may have a running event loop."""

    def done():
        try:
            return do()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(done).result(30)


def cookie_of(who):
    """Of a learner's session, or of a user who is logged in."""
    session = SessionStore()
    if isinstance(who, User):
        known = {SESSION_KEY: str(who.pk), BACKEND_SESSION_KEY: BACKEND, HASH_SESSION_KEY: who.get_session_auth_hash()}
        session.update(known)
        _apart(session.save)
    elif who:
        session["learner"] = str(who.pk)
        session.save()
    return f"{django_settings.SESSION_COOKIE_NAME}={session.session_key or ''}"


def headers_of(learner, origin=ORIGIN):
    pairs = [(b"cookie", cookie_of(learner).encode())]
    return pairs + ([(b"origin", origin.encode())] if origin else [])


class Socket(ApplicationCommunicator):
    """A browser's end of a socket, without a server between."""

    def __init__(self, address, learner, origin=ORIGIN):
        path, _, query = address.partition("?")
        scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers_of(learner, origin)}
        super().__init__(application, scope)

    async def connect(self):
        """Whether the handshake succeeded."""
        await self.send_input({"type": "websocket.connect"})
        return (await self.receive_output(timeout=5))["type"] == "websocket.accept"

    async def opened(self):
        assert await self.connect()
        return self

    async def disconnect(self):
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(timeout=2)

    async def send_to(self, data):
        await self.send_input({"type": "websocket.receive", "bytes" if isinstance(data, bytes) else "text": data})

    async def receive_from(self, seconds=5):
        message = await self.receive_output(timeout=seconds)
        assert message["type"] == "websocket.send", message
        return message["text"] if "text" in message else message["bytes"]

    async def message(self, seconds=5):
        return json.loads(await self.receive_from(seconds))

    async def until(self, kind, seconds=5):
        while True:
            got = await self.receive_from(seconds)
            if isinstance(got, str) and (message := json.loads(got))["type"] == kind:
                return message

    async def numbered(self, count):
        found = []
        while len(found) < count:
            message = await self.message()
            if message.get("number"):
                found.append(message)
        return found

    async def closed(self, seconds=5):
        """The code it was closed with; what came before is let go."""
        while True:
            message = await self.receive_output(timeout=seconds)
            if message["type"] == "websocket.close":
                return message.get("code", 1000)


@pytest.fixture(autouse=True)
def _origins(settings):
    settings.ORIGINS = [ORIGIN]


@pytest.fixture(autouse=True)
def _seats():
    SOCKETS_OPEN.open.clear()
    yield
    SOCKETS_OPEN.open.clear()


@pytest.fixture
async def opens(valkey, redis, transactional_db):
    """Opens sockets and closes them, and the hub, at the end. A terminal's socket gets its ticket."""
    sockets = []

    def open_(address, learner, origin=ORIGIN):
        sockets.append(Socket(address, learner, origin))
        cookies = dict(sockets[-1].scope["headers"])[b"cookie"].decode()
        sockets[-1].scope["subprotocols"] = protocols_for(redis, address, cookies)
        return sockets[-1]

    yield open_
    for one in sockets:
        with contextlib.suppress(asyncio.CancelledError, TimeoutError, AssertionError):
            await one.disconnect()
    await stop_hub()
    await database_sync_to_async(bool)()  # a question that was asked of the database is answered before its tables are emptied


@pytest.fixture
def learner(transactional_db):
    return Learner.objects.create()


@pytest.fixture
def stranger(transactional_db):
    return Learner.objects.create()


@pytest.fixture
def sandbox(learner, valkey):
    node, _ = Node.objects.get_or_create(name="node1", defaults={"seen_at": timezone.now(), "capacity": 4})
    return Sandbox.objects.create(learner=learner, state=Sandbox.State.READY, phase="ready", node=node)


class World:
    """What the node and the web side do to a sandbox's keys."""

    def __init__(self, sandbox, redis):
        self.sandbox, self.redis = sandbox, redis
        self.id = sandbox.pk

    def publish(self, text="something"):
        return streams.publish(self.redis, self.id, Happened(source="sandbox", text=text))

    def publish_many(self, count):
        return [self.publish(f"event {index}") for index in range(count)]

    def snapshot(self, number):
        self.redis.set(snapshot_key(self.id), Snapshot(sandbox=self.id, number=number, at=1.0).model_dump_json())

    def trim(self, keep):
        self.redis.xtrim(events_key(self.id), maxlen=keep, approximate=False)

    def terminal(self, name="t1", open=True, reason=""):
        facts = TerminalFacts(id=name, place="h1", open=open, reason=reason)
        self.redis.hset(terminals_key(self.id), name, facts.model_dump_json())
        return name

    def print(self, data, offset, terminal="t1"):
        self.redis.xadd(terminal_key(terminal), {"o": offset, "d": data})
        return offset + len(data)

    def hang_up(self, reason, terminal="t1"):
        self.redis.xadd(terminal_key(terminal), {"x": reason})

    def orders(self):
        """What the node was ordered: each wish as a dict, with the sandbox and the id that the edge added."""
        orders = [Order.model_validate_json(fields[b"m"]) for _, fields in self.redis.xrange(orders_key("node1"))]
        return [{"sandbox": order.sandbox, "about": order.about, **order.wish.model_dump()} for order in orders]

    @property
    def address(self):
        return f"/ws/sandbox/{self.id}/"

    def terminal_address(self, name="t1", offset=0):
        return f"/ws/terminal/{name}/?sandbox={self.id}&offset={offset}"


@pytest.fixture
def world(sandbox, redis):
    return World(sandbox, redis)


def frame(data):
    """(offset, bytes) of a terminal's binary message."""
    return struct.unpack(">Q", data[:8])[0], data[8:]


@pytest.fixture
def server(valkey, settings):
    """The whole site on a real port, in a thread of its own."""
    import uvicorn

    from explorer.asgi import application as site

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.ORIGINS = [f"http://127.0.0.1:{port}"]
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    config = uvicorn.Config(
        site, port=port, log_level="error", ws_max_size=16 * 1024, loop="asyncio", timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not running.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running.started
    yield f"127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)
    connections.close_all()


__all__ = ["Socket", "World", "cookie_of", "frame", "headers_of", "redis_package"]
