"""A whole node of its own for tests: engine, Redis, database, and when asked a worker and a relay. Only its images stay."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from tests.engine.forked import Server
from tests.redis_fixture import start_valkey

ROOT = Path(__file__).resolve().parents[2]
ENGINE_SECONDS = 300


class Stack:
    """`manage` runs a command of ours against this node; `tell` does it with --json."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="stack-"))
        self.place.chmod(0o755)  # the database is elsewhere when only root may pass to it
        install = f"test-{settings.INSTALL.removeprefix('test-')}-stack"
        self.env = {
            **os.environ,
            "EXPLORER_INSTALL": install,
            "EXPLORER_STATE": str(self.place / "state"),
            "EXPLORER_RUN": f"/run/docker-network-explorer/{install}",
            "EXPLORER_ENGINE_DIR": f"/var/lib/docker-network-explorer/{install}",
            "EXPLORER_WARM": "0",
            "EXPLORER_CAPACITY": "8",
            "EXPLORER_LOG_LEVEL": "INFO",
            "REDIS_URL": f"unix://{self.place / 'socket'}",
            "DJANGO_SETTINGS_MODULE": "explorer.settings",
        }
        self.env.pop("DATABASE_URL", None)
        (self.place / "state").mkdir()
        self.redis = start_valkey(self.place)
        self.parts: dict[str, subprocess.Popen] = {}
        self.commands = Server(self.place, self.env, ROOT)

    def start(self, name: str, *words: str, ready: str, seconds: float = 60) -> None:
        log = self.place / f"{name}.log"
        self.parts[name] = subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.env,
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until = time.monotonic() + seconds
        while ready not in log.read_text():
            if self.parts[name].poll() is not None or time.monotonic() > until:
                pytest.fail(f"{name} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.05)

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        part = self.parts.pop(name)
        part.send_signal(how)
        try:
            part.wait(60)
        finally:  # and what it left in its session: a worker's children outlive one that was killed
            with contextlib.suppress(ProcessLookupError):
                os.killpg(part.pid, signal.SIGKILL)

    def start_engine(self) -> None:
        self.manage("migrate", "-v0")
        self.start("engine", "manage.py", "engine", ready="\nready", seconds=ENGINE_SECONDS)

    @cache  # noqa: B019 (a module's tests have one)
    def await_engine(self, version: str) -> None:
        """Waits until hosts can have this version of Docker Engine. The engine is ready when they can have the first."""
        until = time.monotonic() + ENGINE_SECONDS
        head = "from explorer.lab.hosts import lifecycle; from explorer.node.this_node import lab_config; "
        while version not in self.python(head + "print(*lifecycle.engines(lab_config()))").split():
            assert time.monotonic() < until, self.logs()
            time.sleep(0.5)

    def start_worker(self) -> None:
        queues = "open,node.node1"
        words = ("-m", "celery", "-A", "explorer.celery", "worker", "--beat", "--queues", queues, "--hostname", "worker@node1")
        schedule = ("--schedule", str(self.place / "beat"), "--without-gossip", "--without-mingle", "--loglevel", "INFO")
        self.start("worker", *words, *schedule, ready="[tasks]")
        until = time.monotonic() + 30
        while not self.python("print(bool(nodes.read_nodes().here))").startswith("True"):
            assert time.monotonic() < until, "the worker does not say that it is here"

    def start_relay(self) -> None:
        (self.place / "relay.log").unlink(missing_ok=True)
        self.start("relay", "manage.py", "relay", ready="ready")

    def manage(self, *words: str, stdin: str = "", seconds: float = 120) -> subprocess.CompletedProcess:
        return self.commands.run([*words], stdin, seconds)

    def tell(self, *words: str) -> dict:
        verb, *rest = words
        if verb == "open" and "--engine" in rest:
            self.await_engine(rest[rest.index("--engine") + 1])
        done = self.manage("sandbox", verb, "--json", *rest)
        try:
            return json.loads(done.stdout)
        except ValueError:
            pytest.fail(f"sandbox {words} said {done.stdout!r}\n{done.stderr}")

    def python(self, code: str, seconds: float = 60) -> str:
        """Runs code with the services at hand, in a process of its own, against this node's database."""
        head = (
            "from explorer.sandboxes import changes, events, nodes, opening, streams\nfrom explorer.sandboxes.models import *\n"
        )
        done = self.commands.run(["-c", head + code], "", seconds)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def logs(self) -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text()[-4000:]}" for log in sorted(self.place.glob("*.log")))

    def end(self) -> None:
        for name in ("relay", "worker", "engine"):
            if name in self.parts:
                self.stop(name)
        self.commands.end()
        self.redis.terminate()
        self.redis.wait(10)
        for folder in (self.place, self.env["EXPLORER_RUN"]):  # the engine's images stay between runs
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def bare(request):
    """A node with an engine and nothing else running."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    made = Stack()
    try:
        made.start_engine()
        yield made
    finally:
        if request.session.testsfailed:
            sys.stderr.write(made.logs())
        made.end()


@pytest.fixture(scope="module")
def node(bare):
    """… and with worker and relay."""
    bare.start_worker()
    bare.start_relay()
    return bare
