"""The wall of a class of a hundred who are all at work: how late a tick is on it, and how much it sends."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import requests
from websockets.asyncio.client import ClientConnection, connect

from bench.figures import Figure, Report, Samples
from bench.stack import ROOT, Stack

SEATS, SECONDS, TABS = 100, 40, 3
LATEST, MOST_KB = 1.0, 60.0  # seconds; KB a second to one page


class Wall:
    """A page that looks at it: when each tick was there, and the bytes of every second."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.green: dict[str, int] = {}
        self.seen: dict[tuple[str, int], float] = {}
        self.seconds: dict[int, int] = {}
        self.first = 0

    async def watch(self) -> None:
        async for text in self.socket:
            now = time.time()
            size = len(text if isinstance(text, bytes) else text.encode())
            message = json.loads(text)
            if message.get("whole"):
                self.first = size
            else:
                self.seconds[int(now)] = self.seconds.get(int(now), 0) + size
            for seat, tile in message.get("tiles", {}).items():
                for green in range(self.green.get(seat, 0) + 1, tile.get("p", 0) + 1):
                    self.seen[seat, green] = now
                self.green[seat] = max(self.green.get(seat, 0), tile.get("p", 0))


def lags(told: list[dict[str, Any]], wall: Wall) -> list[float]:
    """Seconds from each tick to the page. Raises if one never came."""
    missing = [tick for tick in told if (tick["seat"], tick["green"]) not in wall.seen]
    if missing:
        raise RuntimeError(f"{len(missing)} of {len(told)} ticks were never on the wall")
    return [wall.seen[tick["seat"], tick["green"]] - tick["at"] for tick in told]


async def program(*words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.busy_class", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"bench.busy_class {words[0]} ended with status {process.returncode}")
    return out.decode()


def log_in(address: str, username: str, password: str) -> str:
    """The cookies of an instructor's browser."""
    with requests.Session() as browser:
        browser.get(f"{address}/teach/login/", timeout=60).raise_for_status()
        fields = {"username": username, "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        answer = browser.post(f"{address}/teach/login/", data=fields, headers={"Origin": address}, timeout=60)
        answer.raise_for_status()
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)


async def busy_class(site: Stack, report: Report) -> None:
    made = json.loads(await program("make", str(SEATS)))
    address = f"ws://127.0.0.1:{site.port}/ws/wall/{made['class']}/"
    cookie = await asyncio.to_thread(log_in, site.address, made["username"], made["password"])
    page = {"origin": site.address, "additional_headers": {"Cookie": cookie}, "max_size": None}
    sockets = [await connect(address, **page) for _ in range(TABS)]  # type: ignore[arg-type]
    walls = [Wall(socket) for socket in sockets]
    watching = [asyncio.create_task(wall.watch()) for wall in walls]
    await asyncio.sleep(10)  # every stream has been looked back into
    told = [json.loads(line) for line in (await program("move", made["class"], str(SECONDS))).splitlines()]
    await asyncio.sleep(3)
    for task in watching:
        task.cancel()
    for socket in sockets:
        await socket.close()
    late = Samples(f"{SEATS} seats, {TABS} tabs: a check is committed → it is on the wall", tuple(lags(told, walls[0])))
    looked = Samples("half of the time between two looks, which is what waiting for one costs", (0.25,))
    report.add(Figure("tick → wall of a busy class", "s", late, looked, "p95", LATEST))
    each = sorted(walls[0].seconds.items())[1:-1]
    sent = Samples("in each second, to one page", tuple(size / 1000 for _, size in each))
    whole = Samples("the same class sent whole, twice a second", (2 * walls[0].first / 1000,))
    report.add(Figure("wall of a busy class, sent", "KB/s", sent, whole, "p95", MOST_KB))
