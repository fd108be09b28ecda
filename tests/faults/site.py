"""A whole installation to do harm to: started as `make run` does it, and asked from outside what its rows and engine hold."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, cast

import requests
from django.conf import settings

from bench import stack
from bench.churn import census
from bench.churn.parts import PARTS, Parts, send
from bench.learner import Learner
from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.errors import LabError

WHOLE = 120.0  # the promise, in seconds after a fault has cleared
MORE = {"EXPLORER_WARM": "0", "EXPLORER_CAPACITY": "6", "EXPLORER_ENGINES": "26", "EXPLORER_SANDBOX_MINUTES": "60"}
START = 240.0  # seconds
OVER = ("closed", "expired", "failed")


class Site:
    parts_of_it = "all"  # as `manage.py up --parts` names them

    def __init__(self, place: Path) -> None:
        install = f"{settings.INSTALL}-site"
        self.state, self.port = place / "state", stack.free_port()
        self.lab = LabConfig(
            install,
            "node1",
            Path("/var/lib/docker-network-explorer") / install,
            Path("/run/docker-network-explorer") / install,
            settings.CACHE_DIR,
        )
        self.database = stack.database_of(self.state)
        own = {"EXPLORER_INSTALL": install, "EXPLORER_ENGINE_DIR": str(self.lab.engine_dir)}
        self.settings = stack.environment(self.state, self.port, **own, **MORE)
        self.settings.pop("EXPLORER_RUN", None)
        self.parts = Parts(self.lab)
        self.log = place / "up.log"
        self.process: subprocess.Popen[bytes]
        self.baseline: dict[str, float] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.state.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(stack.ROOT / "manage.py"), "up", "--parts", self.parts_of_it],
                cwd=stack.ROOT,
                env=self.settings,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + START
        while not self.is_ready():
            assert self.process.poll() is None, self.logs()
            assert time.monotonic() < until, self.logs()
            time.sleep(0.5)

    def warm_up(self) -> None:
        """The first sandbox leaves what stays for good, such as rules of the engine's own."""
        learner = Learner(cast(Any, self))
        learner.click_open()
        self._await(lambda: self.row(learner.sandbox)[0] == "ready")
        learner.click_close()
        self._await(lambda: self.row(learner.sandbox)[0] == "closed")
        self.baseline = census.take(self.parts, self.state)

    def _await(self, so: Callable[[], bool]) -> None:
        until = time.monotonic() + WHOLE
        while not so():
            assert time.monotonic() < until, self.logs()
            time.sleep(0.5)

    def end(self) -> None:
        self.parts.go_on()
        self.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(90)
        self.process.kill()
        shutil.rmtree(self.lab.engine_dir, ignore_errors=True)

    def close_all(self) -> None:
        argv = [sys.executable, "manage.py", "sandbox", "close", "--all"]
        subprocess.run(argv, cwd=stack.ROOT, env=self.settings, check=False, capture_output=True, timeout=WHOLE)

    def every_process(self) -> set[int]:
        """All that this installation runs: the supervisor, its parts, the engine and what runs in sandboxes."""
        inside = {pid for group in self.parts.hosts() for pid in self.parts.inside(group)}
        ours = {pid for part in PARTS for pid in self.parts.session(part)}
        return inside | ours | self.parts.shims() | {self.process.pid}

    def cut_power(self) -> None:
        """Every process at once, and what a reboot empties. The disk stays as it is."""
        for _ in range(5):
            for pid in self.every_process():
                send(pid, signal.SIGKILL)
            time.sleep(0.2)
        self.process.wait(10)
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if str(self.lab.run_dir) in line or str(self.lab.engine_dir) in line:
                subprocess.run(["umount", "-l", line.split()[4]], check=False, capture_output=True)
        shutil.rmtree(self.lab.run_dir, ignore_errors=True)

    # --- what it says of itself ---

    def is_ready(self) -> bool:
        try:
            return bool(requests.get(f"{self.address}/readyz", timeout=3).json()["ready"])
        except (requests.RequestException, ValueError, KeyError):
            return False

    def rows(self, query: str, *words: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(query, words).fetchall()

    def write(self, query: str, *words: Any) -> None:
        with closing(sqlite3.connect(self.database, timeout=60, isolation_level=None)) as database:
            database.execute(query, words)

    def row(self, sandbox: str) -> tuple[str, int, str]:
        """(state, generation, reason)."""
        found = self.rows("SELECT state, generation, reason FROM sandboxes_sandbox WHERE id = ?", sandbox)
        return found[0] if found else ("", 0, "")

    def wanted(self) -> set[tuple[str, int]]:
        return set(self.rows("SELECT id, generation FROM sandboxes_sandbox WHERE state IN ('ready', 'warm')"))

    def unfinished(self) -> list[str]:
        rows = self.rows("SELECT kind, sandbox_id, state FROM sandboxes_action WHERE state IN ('accepted', 'running')")
        rows += self.rows(
            "SELECT state, id, phase FROM sandboxes_sandbox WHERE state NOT IN ('ready','warm','closed','expired','failed')"
        )
        return [" ".join(map(str, row)) for row in rows]

    def on_engine(self) -> tuple[set[tuple[str, int]], set[tuple[str, int]]]:
        """(generations of which anything is there, generations of which a host runs). Raises LabError."""
        with session(self.lab) as client:
            containers = client.api.containers(all=True)
            networks = [one for one in client.api.networks() if (one["Labels"] or {}).get("explorer.sandbox")]
        found = {_key(one["Labels"]) for one in (*containers, *networks)}
        return found, {_key(one["Labels"]) for one in containers if one["State"] == "running" and _is_host(one)}

    def host(self) -> list[int]:
        """The processes of a running host, the oldest first."""
        with suppress(LabError), session(self.lab) as client:
            ids = [one["Id"] for one in client.api.containers() if _is_host(one)]
            return next((self.parts.inside(group) for group in self.parts.hosts() if ids and ids[0] in group.name), [])
        return []

    def lacks(self) -> str:
        """What is not whole yet, in words; "" when the engine holds what live rows expect and every action has ended."""
        try:
            there, running = self.on_engine()
            if twice := len(running) - len({sandbox for sandbox, _ in running}):
                raise AssertionError(f"{twice} sandboxes run in two generations: {running}")
            wanted, open_ends = self.wanted(), self.unfinished()
        except (LabError, sqlite3.Error) as error:
            return f"{error}"
        if open_ends:
            return "; ".join(open_ends)
        if there != wanted or running != wanted:
            return f"the engine has {there}, {running} of it running, wanted is {wanted}"
        if away := [part for part in PARTS if not self._is_back(part)]:
            return f"not back: {', '.join(away)}"
        return "" if self.is_ready() else "not ready"

    def _is_back(self, part: str) -> bool:
        log = self.log.read_text()
        back = max(log.rfind(f"✓ {part} is back"), log.rfind("✓ up in"))
        return bool(self.parts.pid(part)) and back > log.rfind(f"• {part} ended by itself")

    def leaks(self, seconds: float = 60.0) -> list[str]:
        """What is there more than at the beginning, once nothing is open; looked at again for so long."""
        until = time.monotonic() + seconds
        while True:
            now = census.take(self.parts, self.state)
            found = [line for line in census.leaks(self.baseline, now) if line.split(":")[0] not in PARTS]
            found += [line for line in census.leaks(self.baseline, now) if ": processes" in line or ": descriptors" in line]
            if not found or time.monotonic() > until:
                return found
            time.sleep(3)

    def logs(self) -> str:
        paths = [self.log, *sorted((self.state / "logs").glob("*.log"))]
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-2500:]}" for path in paths if path.is_file())


def _is_host(container: dict[str, Any]) -> bool:
    return (container["Labels"] or {}).get("explorer.role") == "host"


def _key(labels: dict[str, str]) -> tuple[str, int]:
    return labels["explorer.sandbox"], int(labels["explorer.generation"])
