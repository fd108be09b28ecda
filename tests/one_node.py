"""A real Valkey for streams, an engine that exists only in memory, and one node that is here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from django.utils import timezone

from explorer.lab.errors import HostError, NodeError
from explorer.node import this_node
from explorer.node.reconcile import decide, sweep
from explorer.node.work import work
from explorer.sandboxes.models import Learner, Node
from tests.asking import open_for
from tests.redis_fixture import redis, valkey, valkey_url

__all__ = [
    "alice",
    "bob",
    "engine",
    "host_trouble",
    "node1",
    "ready",
    "redis",
    "run_dir",
    "sent",
    "valkey",
    "valkey_url",
    "worker",
]


@pytest.fixture
def run_dir(settings):
    folder = Path(tempfile.mkdtemp(prefix="run"))
    settings.RUN_DIR = folder
    settings.ENGINE_DIR = folder / "engine"
    this_node.lab_config.cache_clear()
    yield folder
    this_node.lab_config.cache_clear()
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Standing:
    sandbox: str
    generation: int
    expires_at: float
    objects: int = 3
    running: bool = True


@dataclass
class Engine:
    """Stands in for `lab.hosts`. Set `trouble` to make it fail, `meanwhile` to do something while it builds."""

    room: int = 4
    versions: tuple[str, ...] = ("26",)
    standing: dict[tuple[str, int], Standing] = field(default_factory=dict)
    opened: list[tuple[str, int]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    closed: list[tuple[str, int | None]] = field(default_factory=list)
    trouble: Exception | None = None
    dead: bool = False
    meanwhile: Callable[[], object] | None = None

    def capacity(self, config):
        return self.room

    def engines(self, config):
        if self.dead:
            raise NodeError("The engine does not answer.")
        return self.versions

    def open_sandbox(self, config, sandbox, generation, scenario, expires_at, say, engine="26"):
        if self.dead:
            raise NodeError("The engine does not answer.")
        self.opened.append((sandbox, generation))
        self.given.append(engine)
        assert not [key for key in self.standing if key[0] == sandbox and key[1] != generation], "two generations at once"
        for phase in ("reserved", "starting host", "loading images", "building scenario"):
            say(phase, "h1")
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.trouble:
            raise self.trouble
        self.standing[sandbox, generation] = Standing(sandbox, generation, expires_at)
        say("ready", "")
        return {
            "subnet": "10.77.3.0/24",
            "hosts": {name: {"container": f"c-{name}", "address": "10.77.3.11"} for name in scenario.hosts},
            "machines": {"outside": {"container": "c-o", "address": "10.77.3.100"}},
        }

    def close_sandbox(self, config, sandbox, generation=None):
        if self.dead:
            raise NodeError("The engine does not answer.")
        self.closed.append((sandbox, generation))
        keys = [key for key in self.standing if key[0] == sandbox and generation in (None, key[1])]
        for key in keys:
            del self.standing[key]
        return 3 * len(keys)

    def extend_sandbox(self, config, sandbox, expires_at):
        for key, standing in self.standing.items():
            if key[0] == sandbox:
                self.standing[key] = replace(standing, expires_at=expires_at)

    def read_facts(self, config, sandbox, generation):
        if (sandbox, generation) not in self.standing:
            raise NodeError("Nothing of this sandbox runs here.")
        return {"subnet": "10.77.9.0/24", "hosts": {"h1": {"container": "c-h1", "address": "10.77.9.11"}}, "machines": {}}

    def list_sandboxes(self, config):
        if self.dead:
            raise NodeError("The engine does not answer.")
        return list(self.standing.values())


KERNEL = {"kernel": "6.1.0", "drivers": {"bridge": True, "macvlan": False}}


@pytest.fixture
def engine(monkeypatch, run_dir, worker):
    fake = Engine()
    monkeypatch.setattr(work, "lifecycle", fake)
    monkeypatch.setattr(sweep, "lifecycle", fake)
    monkeypatch.setattr(decide, "lifecycle", fake)
    monkeypatch.setattr(decide, "labelled", fake)
    monkeypatch.setattr(sweep, "_asked_kernel", lambda: KERNEL)
    return fake


@pytest.fixture
def worker(monkeypatch):
    """The queues the worker was told to take from, or to leave."""
    told = []
    monkeypatch.setattr(sweep, "_taking", set())
    for verb in ("add", "cancel"):
        monkeypatch.setattr(
            f"explorer.sandboxes.changes.app.control.{verb}_consumer",
            lambda queue, destination, verb=verb: told.append((verb, queue, *destination)),
        )
    return told


@pytest.fixture
def sent(monkeypatch):
    """Every task asked for, as (name, queue, args); nothing is carried anywhere."""
    seen = []
    monkeypatch.setattr(
        "explorer.sandboxes.changes.app.send_task",
        lambda name, args=(), queue="", **_: seen.append((name.rsplit(".", 1)[1], queue, *args)),
    )
    return seen


@pytest.fixture
def node1(db, settings):
    return Node.objects.create(name=settings.NODE_NAME, seen_at=timezone.now(), capacity=4)


@pytest.fixture
def alice(db):
    return Learner.objects.create()


@pytest.fixture
def bob(db):
    return Learner.objects.create()


@pytest.fixture
def host_trouble():
    return HostError("The Docker daemon of h1 did not start.")


@pytest.fixture
def ready(redis, engine, sent, node1, alice, django_capture_on_commit_callbacks):
    """Alice's sandbox, built and usable."""

    with django_capture_on_commit_callbacks(execute=True):
        sandbox = open_for(alice)
    with django_capture_on_commit_callbacks(execute=True):
        work.open_sandbox(sandbox.actions.get().pk)
    sandbox.refresh_from_db()
    return sandbox
