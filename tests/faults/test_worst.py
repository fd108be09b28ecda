"""The worst interleavings on a real engine: real containers and networks, and processes that die between two calls."""

from __future__ import annotations

import time
from typing import Any

import pytest

import docker
from explorer.lab.engine.client import session
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.seeds import SCRATCH
from explorer.node.reconcile import sweep
from explorer.node.work import work
from explorer.sandboxes.models import Sandbox
from tests.engine.conftest import lab_config, running
from tests.faults.worst import WORST, Worst
from tests.node.faulty_node import SETTLE, FaultyNode
from tests.redis_fixture import redis, valkey, valkey_url

__all__ = ["lab_config", "redis", "running", "valkey", "valkey_url"]
pytestmark = pytest.mark.timeout(900)


class RealNode(FaultyNode):
    """The node of `faulty_node.py` with the lab's own code and a real engine. Each call of the engine's API is a step."""

    def __init__(self, patch: Any, config: Any) -> None:
        super().__init__(patch)
        self.config = config
        self.clock.at = time.time()
        for module in (work, sweep):
            patch.setattr(module, "lifecycle", lifecycle)
            patch.setattr(module, "lab_config", lambda: config)
        real = docker.APIClient.send

        def send(client: Any, *words: Any, **more: Any) -> Any:
            self.steps()
            return real(client, *words, **more)

        patch.setattr(docker.APIClient, "send", send)

    def there(self) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        """(generations of which anything is there, those of which something runs)."""
        with session(self.config) as client:
            filters = {"label": f"explorer.install={self.config.install}"}
            containers = client.api.containers(all=True, filters=filters)
            others = [*client.api.networks(filters=filters), *(client.api.volumes(filters=filters)["Volumes"] or ())]
        key = lambda one: (one["Labels"]["explorer.sandbox"], int(one["Labels"]["explorer.generation"]))  # noqa: E731
        there = {key(one) for one in (*containers, *others)} - {(SCRATCH, 0)}  # a host that makes an engine's seed
        return there, there & {key(one) for one in containers if one["State"] == "running"}

    def begin(self) -> None:
        lifecycle.close_everything(self.config)
        super().begin()
        self.clock.at = time.time()
        sweep.reconcile()

    def check(self) -> None:
        super().check()
        _, up = self.there()
        assert len(up) == len({sandbox for sandbox, _ in up}), f"two generations at once: {up}"

    def deliver_again(self) -> None:
        name, args = self.last
        self.tasks.append((name, args))
        self.deliver(len(self.tasks) - 1, keep=False)

    def take(self, at: int = 0, happens: Any = None) -> int:
        """Does the oldest task. Returns its steps."""
        self.last = self.tasks[0]
        counted = [0]

        def act() -> None:
            try:
                self.deliver(0, keep=True)
            finally:
                counted[0] = self.steps.count

        self.during(act, at, happens)
        return counted[0]


@pytest.fixture
def node(transactional_db, redis, lab_config, worker, monkeypatch):
    made = RealNode(monkeypatch, lab_config)
    monkeypatch.setattr("django.conf.settings.WARM_SANDBOXES", 0)
    yield made
    lifecycle.close_everything(lab_config)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(sweep, "_taking", set())
    for verb in ("add", "cancel"):
        monkeypatch.setattr(f"explorer.sandboxes.changes.app.control.{verb}_consumer", lambda queue, destination: None)


STEPS: dict[str, int] = {}  # of each act, when nothing happens


def prepare(node: RealNode, act: str) -> None:
    """Everything up to the task of this act, which waits as the only one."""
    node.begin()
    node.open(0)
    if act != "open":
        node.take()
        node.tasks.clear()
        getattr(node, act)(0)


@pytest.mark.parametrize("worst", WORST, ids=lambda worst: worst.name)
def test_the_worst(node: RealNode, worst: Worst, told):
    if worst.act not in STEPS:
        prepare(node, worst.act)
        STEPS[worst.act] = node.take()
    prepare(node, worst.act)
    happens = {"die": node.steps.die, "close": lambda: node.close(0)}.get(worst.happens) or getattr(node, worst.happens)
    node.take(max(1, round(worst.share * STEPS[worst.act])), happens)
    node.check()
    node.calm(SETTLE)
    node.check()
    there, up = node.there()
    wanted = {(row.pk, row.generation) for row in Sandbox.objects.filter(state__in=["ready", "warm"])}
    assert (there, up) == (wanted, wanted)
    node.check_intents()
    states = ", ".join(Sandbox.objects.values_list("state", flat=True))
    how = f"{worst.happens.replace('_', ' ')} at {worst.share:.0%} of its steps: {worst.why}"
    told(injected="interleaving", how=how, phase=worst.act, whole=None, saw=states, leaks=[])
