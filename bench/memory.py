"""The relay under all at once: kernel and engine events, a flooded capture, an endless terminal, journeys, grids."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import node
from bench.figures import Figure, Report, Samples
from bench.journeys import follow
from bench.learner import Learner, Page, Typist
from bench.stack import Stack

SECONDS = 150
LOOPS = (
    "while :; do ip addr add 10.99.1.1/32 dev docker0; ip addr del 10.99.1.1/32 dev docker0; done",
    "while :; do docker network create churn; docker network rm churn; done",
    "while :; do docker run --rm box true; done",
)
FLOOD = "ping -q -f -c 100000000 {host}"


async def bounded(site: Stack, report: Report) -> None:
    """Resident memory, once a second: what it has come to at the end is held against its first third."""
    lab, learner = node.config(), Learner(site)
    await learner.open_and_see()
    for name in ("near", "far"):
        await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1", f"docker run -d --name {name} box")
    found = re.search(r"inet (\S+)/", await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1", "ip -4 addr show eth0"))
    assert found
    relay = relay_of(site)
    idle = resident(relay)
    for where, command in (*(("h1", loop) for loop in LOOPS), ("outside", FLOOD.format(host=found[1]))):
        await asyncio.to_thread(node.in_host, lab, learner.sandbox, where, f"({command}) >/dev/null 2>&1 &")
    samples: list[float] = []
    asked = {"journeys": 0, "captures": 0, "grids": 0}
    async with learner.page() as page, learner.page() as other, learner.page() as third:
        work = [
            asyncio.create_task(part)
            for part in (follow_on(page, asked), capture_on(other, asked), grid_on(third, asked), read_on(learner))
        ]
        try:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                await asyncio.sleep(1)
                samples.append(resident(relay))
                for task in work:
                    if task.done():
                        task.result()
                        raise RuntimeError("a part of the load ended by itself")
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
    third_of = len(samples) // 3
    first, last = samples[:third_of], samples[-third_of:]
    counted = ", ".join(f"{times} {what}" for what, times in asked.items())
    report.add(
        Figure(
            "memory of the relay after a flood of everything", "MB",
            Samples(f"resident, last {third_of} s of {SECONDS}", tuple(last)),
            Samples(f"resident, first {third_of} s; idle {idle:.0f}", tuple(first)),
            "max", round(max(first) * 1.15 + 10, 1), counted,
        )
    )  # fmt: skip
    await learner.close()


def relay_of(site: Stack) -> int:
    """The process id of the relay of this installation."""
    mark = f"EXPLORER_STATE={site.state}".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if b"relay" in path.read_bytes().split(b"\0") and mark in (path.parent / "environ").read_bytes().split(b"\0"):
                return int(path.parent.name)
    raise RuntimeError("no relay runs here")


def resident(pid: int) -> float:
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def follow_on(page: Page, asked: dict[str, int]) -> None:
    while True:
        with suppress(RuntimeError):  # under such a flood a ping may be late
            await follow(page)
        asked["journeys"] += 1
        await asyncio.sleep(0.4)


async def capture_on(page: Page, asked: dict[str, int]) -> None:
    """One after the other on the flooded interface, each stopped after five seconds."""
    while True:
        await say(page, type="start_capture", place="h1", interface="eth0", expression="")
        begun = await page.hear(lambda message: message["type"] in {"capture_begun", "refused"})
        asked["captures"] += 1
        await idle_on(page, 5)
        if "capture" in begun:
            await say(page, type="stop_capture", capture=begun["capture"])
            await idle_on(page, 1)


async def grid_on(page: Page, asked: dict[str, int]) -> None:
    while True:
        await say(page, type="measure_grid")
        await page.hear(lambda message: message["type"] in {"grid_told", "refused"})
        asked["grids"] += 1
        await idle_on(page, 3)


async def read_on(learner: Learner) -> None:
    """A terminal that says more than anybody can read."""
    async with learner.page() as own:
        terminal = await own.open_terminal("h1")
    async with learner.terminal(terminal) as socket:
        typist = Typist(socket)
        await typist.settle()
        await socket.send(b"yes\n")
        while True:
            await typist.read()


async def say(page: Page, **message: Any) -> None:
    await page.socket.send(json.dumps(message))


async def idle_on(page: Page, seconds: float) -> None:
    """Reads what comes, so that the socket stays alive."""
    with suppress(TimeoutError):
        await page.hear(lambda message: False, seconds)
