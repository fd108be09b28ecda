"""A real engine of the tests' own, once per run, and what is needed to understand a failure in it.

Its installation is never that of a `make run` on the same machine; its images stay between runs, nothing else does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from docker.errors import APIError

import docker
from explorer.lab import serve
from explorer.lab.config import LabConfig
from explorer.lab.engine import leftovers
from explorer.lab.engine.client import session
from explorer.lab.errors import LabError
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.lab.images.recipes import ENGINES
from explorer.network.engines import DEFAULT_ENGINE
from explorer.network.scenario import SCENARIOS
from explorer.node import this_node

START_SECONDS = 600
STOP_SECONDS = 60
TOP = Path(__file__).resolve().parents[2]
BUILDERS = {
    "test_stand_ins.py": "EXPLORER_STAND_INS",
    "test_registry.py": "EXPLORER_STAND_INS",
    "test_engine_sources.py": "EXPLORER_REPACKED",
}
collect_ignore = [file for file, asked in BUILDERS.items() if os.environ.get(asked) != "1"]  # they build images


def test_installation() -> LabConfig:
    """This process and its children become an installation of their own."""
    name = settings.INSTALL if settings.INSTALL.startswith("test") else f"test-{settings.INSTALL}"
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        name = f"{name}-{worker}"
    settings.ENGINE_DIR = settings.ENGINE_DIR.parent / name
    settings.RUN_DIR = settings.RUN_DIR.parent / name
    settings.INSTALL = name
    os.environ |= {
        "EXPLORER_INSTALL": name,
        "EXPLORER_ENGINE_DIR": str(settings.ENGINE_DIR),
        "EXPLORER_RUN": str(settings.RUN_DIR),
        "REDIS_URL": settings.REDIS_URL,  # its default lies in the run directory
    }
    this_node.lab_config.cache_clear()
    return this_node.lab_config()


test_installation.__test__ = False  # type: ignore[attr-defined]


class Engine:
    """`manage.py engine` as a child."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ready = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "engine"], cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.strip() == "ready":
                self.ready.set()

    def wait_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while not self.ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                pytest.fail("the engine did not get ready:\n" + "\n".join(self.lines[-20:]))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail("the engine did not stop:\n" + "\n".join(self.lines[-20:]))


@pytest.fixture(scope="session")
def running() -> Iterator[tuple[LabConfig, Engine]]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    config = test_installation()
    child = Engine()
    child.wait_ready()
    yield config, child
    child.stop()
    leftovers.sweep(config)


@pytest.fixture(scope="session")
def lab_config(running: tuple[LabConfig, Engine]) -> LabConfig:
    """The configuration of a running engine with its images."""
    return running[0]


@pytest.fixture(scope="session")
def await_engine(running: tuple[LabConfig, Engine]) -> Callable[[str], None]:
    """Waits until hosts can have this version of Docker Engine; without it the test has nothing to say here."""
    config, child = running

    def wait(version: str) -> None:
        until = time.monotonic() + START_SECONDS
        while version not in lifecycle.engines(config):
            if left_out := [line for line in child.lines if line.startswith("left out")]:
                pytest.skip(left_out[-1])
            assert time.monotonic() < until, "\n".join(child.lines[-20:])
            time.sleep(0.2)

    return wait


@pytest.fixture
def new_name() -> Callable[[], str]:
    return lambda: uuid.uuid4().hex[:12]


def aside(work: Callable[..., Any], *words: Any, **named: Any) -> Any:
    """What `work` returns, done in a thread: running something in a host takes a loop of its own, and a test may be in one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *words, **named).result()


@pytest.fixture
def open_one(lab_config: LabConfig, new_name: Callable[[], str]) -> Iterator[Callable[..., tuple[str, dict[str, Any]]]]:
    """Opens sandboxes that go with the test. Returns (name, facts)."""
    opened: list[str] = []

    def open_it(
        scenario: str = "one-host", seconds: float = 3600, generation: int = 1, engine: str = DEFAULT_ENGINE
    ) -> tuple[str, dict[str, Any]]:
        opened.append(name := new_name())
        ends, chosen = time.time() + seconds, SCENARIOS[scenario]
        return name, aside(
            lifecycle.open_sandbox, lab_config, name, generation, chosen, ends, lambda phase, detail: None, engine=engine
        )

    yield open_it
    for name in opened:
        lifecycle.close_sandbox(lab_config, name)


@pytest.fixture(scope="session")
def sandbox(lab_config: LabConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    """One sandbox with one host for tests that leave it as it was. (name, facts)."""
    name = "shared-" + uuid.uuid4().hex[:8]
    facts = lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["one-host"], time.time() + 3600, lambda phase, detail: None)
    yield name, facts
    lifecycle.close_sandbox(lab_config, name)


@pytest.fixture(params=ENGINES)
def engine_version(lab_config: LabConfig, request: pytest.FixtureRequest) -> str:
    """Each version of Docker Engine there is. All but the first are prepared while the node serves already."""
    until = time.monotonic() + 120
    while request.param not in lifecycle.engines(lab_config):
        if time.monotonic() > until:
            pytest.skip(f"no hosts with Docker Engine {request.param} here")
        time.sleep(0.5)
    return str(request.param)


Shell = Callable[..., tuple[int, str]]


@pytest.fixture
def shell(lab_config: LabConfig, sandbox: tuple[str, dict[str, Any]]) -> Shell:
    """Runs shell text somewhere in a sandbox (the shared one unless told). Returns (status, both outputs)."""

    def run(where: str, text: str, name: str = sandbox[0], timeout: float = 30, stdin: bytes = b"") -> tuple[int, str]:
        out: list[bytes] = []
        argv = ["bash", "-c", text]
        status = aside(run_in, lab_config, name, where, argv, lambda _, data: out.append(data), timeout, stdin)
        return status, b"".join(out).decode(errors="replace")

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report: Any = yield
    if report.failed and "lab_config" in getattr(item, "fixturenames", ()):
        report.sections.append(("engine", state_of_everything()))
    return report


def last_words(client: docker.DockerClient, container: str) -> str:
    try:
        return client.api.logs(container, tail=10).decode(errors="replace")
    except APIError:  # hosts keep no log
        return ""


def state_of_everything() -> str:
    """Every container of the tests' engine with its last words."""
    config = this_node.lab_config()
    try:
        with session(config) as client:
            told = [
                f"{one['Names'][0]} {one['Status']}\n{last_words(client, one['Id'])}" for one in client.api.containers(all=True)
            ]
    except LabError as error:
        told = [f"{error} {error.detail}"]
    return "\n".join([*told, serve.log_file(config).read_text(errors="replace")[-2000:]])
