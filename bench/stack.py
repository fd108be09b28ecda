"""An installation of its own for the run: other names, other directories, another port; gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.figures import say

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, STOP_SECONDS = 900, 90


INSTALL = os.environ.get("EXPLORER_INSTALL", "bench")
ENGINE_DIR = Path(os.environ.get("EXPLORER_ENGINE_DIR", f"/var/lib/docker-network-explorer/{INSTALL}"))


@dataclass(frozen=True)
class Stack:
    port: int
    state: Path
    started_in: float

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def database_of(state: Path) -> Path:
    """The file of an installation with this state directory."""
    return state / "database" / "db.sqlite3"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(state: Path, port: int, **more: str) -> dict[str, str]:
    ours = {
        "EXPLORER_INSTALL": INSTALL,
        "EXPLORER_ENGINE_DIR": str(ENGINE_DIR),
        "EXPLORER_STATE": str(state),
        "PORT": str(port),
        "EXPLORER_OPENS_PER_HOUR": "1000",
        "EXPLORER_COMPARISONS_PER_HOUR": "1000",
        "EXPLORER_CAPACITY": "16",
        "EXPLORER_ORIGINS": f"http://127.0.0.1:{port}",
        "EXPLORER_LOG_LEVEL": "WARNING",
        **more,
    }
    kept = {name: value for name, value in os.environ.items() if name not in {"REDIS_URL", "DATABASE_URL"}}
    return kept | ours


@contextmanager
def own_engine_data() -> Iterator[None]:
    """What the engine keeps between starts goes at the end, unless it was there before."""
    was_there = ENGINE_DIR.exists()
    try:
        yield
    finally:
        if not was_there:
            shutil.rmtree(ENGINE_DIR, ignore_errors=True)


@contextmanager
def stack(**more: str) -> Iterator[Stack]:
    """A running installation; `more` are settings. On the way out everything it started is gone."""
    port = int(os.environ.get("BENCH_PORT", "0")) or free_port()
    state = Path(tempfile.mkdtemp(prefix="explorer-bench-"))
    state.chmod(0o755)  # web runs as somebody else and keeps its database here
    settings = environment(state, port, **more)
    before = os.environ.copy()
    os.environ.update(settings)  # what is measured from inside reads the same settings
    began = time.monotonic()
    log = (state / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        cwd=ROOT, env=settings, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        _await_ready(process, port, state)
        yield Stack(port, state, time.monotonic() - began)
    except BaseException:
        _show_logs(state)
        raise
    finally:
        _stop(process)
        log.close()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(state, ignore_errors=True)


def _await_ready(process: subprocess.Popen[bytes], port: int, state: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the installation ended with status {process.returncode}")
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).json()["ready"]:
                return
        except (requests.RequestException, ValueError, KeyError):
            pass
        time.sleep(0.1)
    raise RuntimeError(f"the installation was not ready after {START_SECONDS} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        say("the installation did not stop by itself")
        process.kill()


def _show_logs(state: Path) -> None:
    for path in [state / "up.log", *sorted((state / "logs").glob("*"))]:
        if path.is_file():
            say(f"--- {path.name}\n" + path.read_text(errors="replace")[-3000:])
