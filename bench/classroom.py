"""A class of thirty who all come within five seconds: real sandboxes, driven through HTTP and websockets alone."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from bench import node
from bench.figures import Figure, Report, Samples, say
from bench.learner import Learner, Typist, is_live
from bench.stack import Stack

SEATS = 30
WITHIN = 5.0  # seconds in which they all come
PATIENCE = 180.0
COMMAND, CHECK = "docker run -d --name web box", "running"  # of the first step of the lesson they open
ROOM = {"EXPLORER_CAPACITY": "34", "EXPLORER_WARM": "0"}


@dataclass
class Day:
    """What one of them met: seconds since their click, and whatever was no page but an error."""

    answer: float = 0.0  # the page that says where they stand
    place: float = 0.0  # and the first word about it on its websocket: a place in the queue, or that it is being opened
    ready: float = 0.0  # the first picture of their own host
    tick: float = 0.0  # of the step's check, since the command's Enter
    wrong: list[str] = field(default_factory=list)


async def thirty(site: Stack, report: Report) -> None:
    """Nothing is prepared: every host starts after its click."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * SEATS))
    lab = node.config()
    alone = await asyncio.gather(*(asyncio.to_thread(node.raw_run, lab) for _ in range(SEATS)))
    before = node.available()
    learners = [Learner(site) for _ in range(SEATS)]
    days = await live_through(learners, "cold", report, alone, 45.0)
    each = (before - node.available()) / SEATS
    report.add(Figure("  memory the machine gave for each", "MB", Samples("host, outside and observing it", (each,))))
    await asyncio.gather(*(learner.close() for learner, day in zip(learners, days, strict=True) if day.ready))


async def live_through(learners: list[Learner], how: str, report: Report, alone: list[float], most: float) -> list[Day]:
    began, load = time.perf_counter(), Load()
    done = asyncio.Event()
    watching = asyncio.create_task(load.watch(done))
    days = await asyncio.gather(*(a_day(one, at * WITHIN / SEATS) for at, one in enumerate(learners)))
    done.set()
    await watching
    for wrong in sorted({word for day in days for word in day.wrong}):
        say(f"  met: {wrong}")
    say(f"  all of it took {time.perf_counter() - began:.1f} s; {load.words()}")
    name = f"{len(learners)} come within {WITHIN:g} s, {how}"

    def told(what: str, title: str, held: str = "p95", most: float | None = None, baseline: Samples | None = None) -> None:
        values = tuple(value for day in days if (value := getattr(day, what)))
        report.add(Figure(f"{name}: {title}", "s", Samples(load.words(), values), baseline, held, most))

    wrong = float(sum(len(day.wrong) for day in days))
    report.add(Figure(f"{name}: met an error", "", Samples("answers and sockets", (wrong,)), None, "max", 0.0))
    told("answer", "click → the page that says where they stand", most=1.0)
    told("place", "click → a place in the queue on the websocket", most=1.5)
    plain = Samples(f"{len(alone)} plain `docker run` at once, each", tuple(alone))
    told("ready", "click → first live snapshot", "max", most, plain)
    told("tick", "command → its check ticked")
    return days


async def a_day(learner: Learner, wait: float) -> Day:
    """Comes, opens the lesson's sandbox, works in its terminal."""
    day = Day()
    await asyncio.sleep(wait)
    try:
        await work(learner, day)
    except Exception as error:  # everything that goes wrong is what is looked for
        day.wrong.append(f"{type(error).__name__}: {error}"[:200])
    return day


async def work(learner: Learner, day: Day) -> None:
    began = time.perf_counter()
    await asyncio.to_thread(learner.click_open)
    day.answer = time.perf_counter() - began
    async with learner.page() as page:
        await page.hear(says_where, PATIENCE)
        day.place = time.perf_counter() - began
        await page.hear(is_live_or_over, PATIENCE)
        day.ready = time.perf_counter() - began
        terminal = await page.open_terminal("h1")
        async with learner.dial(f"/ws/terminal/{terminal}/?sandbox={learner.sandbox}&offset=0") as socket:
            await Typist(socket).settle()
            entered = time.perf_counter()
            await socket.send(f"{COMMAND}\r".encode())
            await page.hear(lambda message: CHECK in message.get("passed", ()), PATIENCE)
            day.tick = time.perf_counter() - entered


def is_live_or_over(message: dict[str, Any]) -> bool:
    if message.get("state") in {"failed", "closed", "expired"}:
        raise RuntimeError(f"the sandbox is {message['state']}: {message.get('reason') or message.get('detail')}")
    return is_live(message)


def says_where(message: dict[str, Any]) -> bool:
    if message["type"] != "sandbox_changed":
        return False
    return bool(message.get("position")) or message["state"] in {"opening", "ready"}


class Load:
    """How busy the machine was meanwhile; others may be part of it."""

    def __init__(self) -> None:
        self.begin, self.most = os.getloadavg()[0], 0.0

    async def watch(self, done: asyncio.Event) -> None:
        while not done.is_set():
            self.most = max(self.most, os.getloadavg()[0])
            await asyncio.sleep(1)

    def words(self) -> str:
        return f"load {self.begin:.1f} before, {self.most:.1f} at most, {os.cpu_count()} cores"
