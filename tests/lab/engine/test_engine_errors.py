"""Engines that misbehave: each answer is a NodeError within seconds, and nothing half-made is forgotten."""

from __future__ import annotations

import json
import math
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from explorer.lab import images, serve
from explorer.lab.config import LabConfig
from explorer.lab.engine import client
from explorer.lab.errors import NodeError
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.scenario import SCENARIOS

ONE = SCENARIOS["one-host"]
NOBODY_WAITS_ANY_MORE = threading.Event()


class SilentEngine(BaseHTTPRequestHandler):
    """Takes the call and never answers."""

    def handle(self) -> None:
        NOBODY_WAITS_ANY_MORE.wait(60)


class NonsenseEngine(BaseHTTPRequestHandler):
    """Answers something that is no HTTP."""

    def handle(self) -> None:
        self.wfile.write(b"\0\xff" * 100)


class TalkingEngine(BaseHTTPRequestHandler):
    """Knows the calls that every client begins with; holds nothing."""

    asked: list[str] = []
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.asked.append(f"GET {path}")
        self.answer(200, {"ApiVersion": "1.41"} if path == "/version" else {"Volumes": []} if path.endswith("/volumes") else [])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(f"POST {self.path.split('?')[0]}")
        self.answer(500, {"message": "no space left on device"})

    def address_string(self) -> str:
        return ""

    def log_message(self, format: str, *words: Any) -> None:
        pass


class FullEngine(TalkingEngine):
    """Whatever is to be made, there is no space for it."""


@contextmanager
def engine_that_is(kind: type[BaseHTTPRequestHandler], config: LabConfig) -> Iterator[None]:
    config.socket.parent.mkdir(parents=True)

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Server(str(config.socket), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


def every_call(config: LabConfig) -> list[Any]:
    return [
        lambda: lifecycle.open_sandbox(config, "s", 1, ONE, time.time() + 60, lambda phase, detail: None),
        lambda: lifecycle.close_sandbox(config, "s"),
        lambda: lifecycle.list_sandboxes(config),
        lambda: run_in(config, "s", "h1", ["true"], lambda *words: None, 5),
    ]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("kind", [SilentEngine, NonsenseEngine, None])
def test_an_engine_that_answers_nothing_is_said(config, kind, number, monkeypatch):
    monkeypatch.setattr(client, "PING_SECONDS", 0.5)
    NOBODY_WAITS_ANY_MORE.clear()
    if kind is None:
        with pytest.raises(NodeError, match="does not answer"):
            every_call(config)[number]()
    else:
        with engine_that_is(kind, config), pytest.raises(NodeError, match="does not answer"):
            every_call(config)[number]()
    NOBODY_WAITS_ANY_MORE.set()


def test_a_full_engine_is_the_nodes_fault_and_everything_is_looked_for(config, monkeypatch):
    monkeypatch.setattr(images, "engines", lambda config, client: config.engines)
    FullEngine.asked.clear()
    with engine_that_is(FullEngine, config), pytest.raises(NodeError, match="engine failed") as caught:
        lifecycle.open_sandbox(config, "s", 1, ONE, time.time() + 60, lambda phase, detail: None)
    assert "no space left" in caught.value.detail
    after = FullEngine.asked[FullEngine.asked.index("POST /v1.41/networks/create") :]
    for kind in ("containers/json", "volumes", "networks"):
        assert f"GET /v1.41/{kind}" in after, "what was half made is looked for and removed"


def test_waiting_for_an_engine_that_never_comes_ends(config):
    with pytest.raises(NodeError, match="did not start"):
        serve.wait_ready(config, 0.2)


def test_waiting_ends_when_its_process_is_dead(config):
    with pytest.raises(NodeError):
        serve.wait_ready(config, math.inf, lambda: False)
