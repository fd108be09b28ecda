"""A class as the site sees one: an instructor who opens it, a wall that is watched, learners who join by its code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import requests

from bench.learner import PATIENCE, Learner
from bench.stack import ROOT, Stack

PREPARING = 300.0


class Teacher(Learner):
    """With a class of this lesson."""

    def __init__(self, stack: Stack, lesson: str, seats: int) -> None:
        super().__init__(stack, lesson)
        self.seats = seats
        name, password = f"bench-{secrets.token_hex(3)}", secrets.token_urlsafe(16)
        words = [sys.executable, "manage.py", "instructor", "--name", name, "--password-file", "-"]
        subprocess.run(words, cwd=ROOT, input=password, text=True, check=True, capture_output=True)
        send(self, "/teach/login/", username=name, password=password)
        ends = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 3 * 3600))
        fields = {"title": "Bench", "engine": "26", "sandbox_minutes": "60", "extensions": "3", "ends_at": ends}
        made = send(self, "/teach/new/", seats_expected=str(seats), lessons=lesson, **fields)
        found = re.search(r"/teach/(\w+)/setup/", made.url)
        code = re.search(r"/join/(\w{8})/", made.text)
        if not found or not code:
            raise RuntimeError(f"the class was not made: {made.url}")
        self.klass, self.code = found[1], code[1]

    async def prepare(self) -> float:
        """Seconds until there is a sandbox for every seat, as the page tells it."""
        began = time.perf_counter()
        await asyncio.to_thread(self.post, f"/teach/{self.klass}/do/prepare/", lesson=self.lesson)
        while not await asyncio.to_thread(self.is_prepared):
            if time.perf_counter() - began > PREPARING:
                raise RuntimeError("not every seat has its sandbox")
            await asyncio.sleep(1)
        return time.perf_counter() - began

    def is_prepared(self) -> bool:
        answer = self.http.get(f"{self.stack.address}/teach/{self.klass}/prepared/", timeout=PATIENCE)
        answer.raise_for_status()
        found = re.search(r"(\d+) of (\d+) ready", answer.text)
        return bool(found and int(found[1]) == int(found[2]) == self.seats)

    async def watch_wall(self, wall: Wall) -> None:
        async with self.dial(f"/ws/wall/{self.klass}/") as socket:
            async for text in socket:
                wall.hear(str(text))


class Wall:
    """What the wall was told, and when each learner's first check was green there."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.green: dict[str, float] = {}
        self.bytes, self.began = 0, time.perf_counter()

    def hear(self, text: str) -> None:
        self.bytes += len(text)
        message: dict[str, Any] = json.loads(text)
        for seat, tile in (message.get("tiles") or {}).items():
            if tile and "n" in tile:
                self.names[seat] = tile["n"]
            if tile and tile.get("p") and seat in self.names:
                self.green.setdefault(self.names[seat], time.perf_counter())

    @property
    def rate(self) -> float:
        """kB/s so far."""
        return self.bytes / 1000 / (time.perf_counter() - self.began)


class Pupil(Learner):
    """Comes with nothing but the code."""

    def __init__(self, teacher: Teacher, name: str) -> None:
        self.stack, self.lesson, self.klass, self.code = teacher.stack, teacher.lesson, teacher.klass, teacher.code
        self.http = requests.Session()
        self.sandbox, self.name = "", name

    def join(self) -> None:
        """The code, then the class's page, then its first lesson."""
        answer = send(self, "/join/", code=self.code, name=self.name)
        if f"/learn/{self.lesson}/" not in answer.text:
            raise RuntimeError(f"no seat: {answer.url}")
        self.http.get(f"{self.stack.address}/learn/{self.lesson}/", timeout=PATIENCE).raise_for_status()

    @contextlib.asynccontextmanager
    async def seated(self) -> Any:
        """The socket that every page of a seat has open."""
        async with self.dial(f"/ws/seat/{self.klass}/") as socket:
            listening = asyncio.create_task(drain(socket))
            try:
                yield
            finally:
                listening.cancel()


async def drain(socket: Any) -> None:
    async for _ in socket:
        pass


def send(learner: Learner, path: str, **fields: str) -> requests.Response:
    """A page's form, filled in and sent: the page is fetched first, what is hidden in its form goes along."""
    address = f"{learner.stack.address}{path}"
    page = learner.http.get(address, timeout=PATIENCE)
    page.raise_for_status()
    hidden = dict(hidden_in(page.text))
    answer = learner.http.post(address, data=hidden | fields, headers={"Origin": learner.stack.address}, timeout=PATIENCE)
    answer.raise_for_status()
    return answer


def hidden_in(text: str) -> Iterator[tuple[str, str]]:
    for tag in re.findall(r'<input type="hidden"[^>]*>', text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            yield name[1], value[1] if value else ""
