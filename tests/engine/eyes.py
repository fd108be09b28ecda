"""A witness that remembers, and waiting for what it should come to see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.hosts.run import run_in
from explorer.lab.watch.observe import Observer


class Eyes:
    def __init__(self) -> None:
        self.seen: list[tuple[float, str, str]] = []
        self.said: list[str] = []
        self.carried: list[tuple[str, tuple[str, ...]]] = []
        self.observer: Any = None

    async def place_seen(self, place):
        self._note("seen", place.id)

    async def place_gone(self, place_id):
        self._note("gone", place_id)

    async def view_changed(self, change):
        self._note("changed", f"{change.place.id} {change.view}")

    async def docker_changed(self, docker):
        self._note("docker", docker.host)

    async def frames_counted(self, place, interfaces):
        self.carried.append((place, interfaces))

    async def happened(self, source, place, text, detail="", deed=None):
        self.said.append(text)

    def _note(self, what: str, which: str) -> None:
        self.seen.append((time.monotonic(), what, which))

    # --- what is there now ---

    @property
    def places(self):
        return self.observer.places

    @property
    def docker(self):
        return self.observer.docker["h1"]

    def lines(self, place: str, view: str) -> str:
        return "\n".join(line.text for line in self.places[place].views[view].lines)

    def interface(self, place: str, name: str):
        items = self.places[place].views["interfaces"].items
        return next((item for item in items if item.name == name), None)

    async def until(self, true: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Waits until it holds; fails with what was seen last."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            with suppress(KeyError):
                if found := true():
                    return found
            await asyncio.sleep(0.005)
        raise AssertionError(f"did not come; last seen: {self.seen[-12:]}, said: {self.said[-5:]}")


@asynccontextmanager
async def watching(config: LabConfig, sandbox: str, facts: dict[str, Any]) -> AsyncIterator[Eyes]:
    eyes = Eyes()
    eyes.observer = Observer(config, sandbox, 1, facts, eyes)
    task = asyncio.create_task(eyes.observer.run())
    try:
        await eyes.until(lambda: {"h1", "outside"} <= eyes.places.keys() and "h1" in eyes.observer.docker)
        yield eyes
        assert not task.done() or task.exception() is None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def do(config: LabConfig, sandbox: str, where: str, *argv: str) -> str:
    """Runs a command in the sandbox; its output. A failing command is the test's failure."""
    out: list[bytes] = []
    words = list(argv) if len(argv) > 1 else ["sh", "-c", argv[0]]
    status = await asyncio.to_thread(run_in, config, sandbox, where, words, lambda _, data: out.append(data), 30)
    text = b"".join(out).decode(errors="replace")
    assert status == 0, text
    return text
