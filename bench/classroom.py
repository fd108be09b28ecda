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
from bench.learner import Page, Typist, is_live
from bench.school import Pupil, Teacher, Wall
from bench.stack import Stack

SEATS = 30
WITHIN = 5.0  # seconds in which they all come
PATIENCE = 180.0
LESSON, COMMAND, CHECK = "bridge", "docker run -d --name web box", "running"
ROOM = {"EXPLORER_CAPACITY": "34", "EXPLORER_WARM": "0"}  # of one machine for all


@dataclass
class Day:
    """What one of them met: seconds, and whatever was no page but an error."""

    joined: float = 0.0  # code → the class's page → the lesson's
    answer: float = 0.0  # click → the page that says where they stand
    place: float = 0.0  # click → the first word on its websocket: a place in the queue, or that it is being opened
    ready: float = 0.0  # click → the first picture of their own host
    tick: float = 0.0  # Enter → the step's check is green
    green_at: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def cold(site: Stack, report: Report) -> None:
    """Nothing is prepared: every host starts after its click."""
    make_hands()
    baseline = await run_plainly()
    teacher = await asyncio.to_thread(Teacher, site, LESSON, SEATS)
    before = node.available()
    pupils = await live_through(teacher, "cold", report, baseline, 45.0)
    each = (before - node.available()) / SEATS
    report.add(Figure("  memory the machine gave for each", "MB", Samples("host, outside and observing it", (each,))))
    await leave(pupils)


async def prepared(site: Stack, report: Report) -> None:
    """The instructor had a sandbox made for every seat before they come."""
    make_hands()
    teacher = await asyncio.to_thread(Teacher, site, LESSON, SEATS)
    took = await teacher.prepare()
    report.add(Figure(f"preparing {SEATS} sandboxes", "s", Samples("click → all ready, as the page tells it", (took,))))
    await leave(await live_through(teacher, "prepared beforehand", report, await run_plainly(), 10.0))


async def run_plainly() -> Samples:
    """What the engine itself takes for as many at once."""
    lab = node.config()
    alone = await asyncio.gather(*(asyncio.to_thread(node.raw_run, lab) for _ in range(SEATS)))
    return Samples(f"{SEATS} plain `docker run` at once, each", tuple(alone))


def make_hands() -> None:
    """Threads enough that no learner waits for another's."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * SEATS))


async def leave(pupils: list[Pupil]) -> None:
    await asyncio.gather(*(pupil.close() for pupil in pupils if pupil.sandbox))


async def live_through(teacher: Teacher, how: str, report: Report, baseline: Samples, most: float) -> list[Pupil]:
    pupils = [Pupil(teacher, f"Learner {number}") for number in range(1, SEATS + 1)]
    load, wall = Load(), Wall()
    helpers = [asyncio.create_task(load.watch()), asyncio.create_task(teacher.watch_wall(wall))]
    began = time.perf_counter()
    days = await asyncio.gather(*(a_day(one, at * WITHIN / SEATS) for at, one in enumerate(pupils)))
    took = time.perf_counter() - began
    await asyncio.sleep(2)
    for helper in helpers:
        helper.cancel()
    for wrong in sorted({word for day in days for word in day.wrong}):
        say(f"  met: {wrong}")
    say(f"  all of it took {took:.1f} s; {load.words()}")
    tell(report, f"{SEATS} come within {WITHIN:g} s, {how}", days, load, baseline, most)
    lags = tuple(
        max(0.0, wall.green[one.name] - day.green_at) for one, day in zip(pupils, days, strict=True) if one.name in wall.green
    )
    report.add(Figure("  check ticked at the learner's → on the wall", "s", Samples(load.words(), lags), None, "p95", 1.0))
    report.add(Figure("  the wall's socket meanwhile", "kB/s", Samples("all that was sent", (wall.rate,)), None, "p50", 60.0))
    return pupils


def tell(report: Report, name: str, days: list[Day], load: Load, baseline: Samples, most: float) -> None:
    wrong = float(sum(len(day.wrong) for day in days))
    report.add(Figure(f"{name}: met an error", "", Samples("learners", (wrong,)), None, "max", 0.0))
    rows = (
        ("joined", "code → the lesson's page", "p95", None, None),
        ("answer", "click → the page that says where they stand", "p95", 1.0, None),
        ("place", "click → a place in the queue on the websocket", "p95", 1.5, None),
        ("ready", "click → first live snapshot", "max", most, baseline),
        ("tick", "command → its check ticked", "p95", None, baseline),
    )
    for what, title, held, wanted, beside in rows:
        values = tuple(value for day in days if (value := getattr(day, what)))
        report.add(Figure(f"  {title}", "s", Samples(load.words(), values), beside, held, wanted))


async def a_day(pupil: Pupil, wait: float) -> Day:
    day = Day()
    await asyncio.sleep(wait)
    try:
        began = time.perf_counter()
        await asyncio.to_thread(pupil.join)
        day.joined = time.perf_counter() - began
        async with pupil.seated():
            await work(pupil, day)
    except Exception as error:  # everything that goes wrong is what is looked for
        day.wrong.append(f"{pupil.name}: {type(error).__name__}: {error}"[:200])
    return day


async def work(pupil: Pupil, day: Day) -> None:
    """Opens the lesson's sandbox, waits for it, and types the step's command in its terminal."""
    began = time.perf_counter()
    await asyncio.to_thread(pupil.click_open)
    day.answer = time.perf_counter() - began
    async with pupil.page() as page:
        await page.hear(says_where, PATIENCE)
        day.place = time.perf_counter() - began
        await page.hear(is_live_or_over, PATIENCE)
        day.ready = time.perf_counter() - began
        await type_command(pupil, page, day)


async def type_command(pupil: Pupil, page: Page, day: Day) -> None:
    async with await page.dial_terminal(await page.open_terminal("h1")) as socket:
        await Typist(socket).prompt()
        entered = time.perf_counter()
        await socket.send(f"{COMMAND}\r".encode())
        await page.hear(lambda message: CHECK in message.get("passed", ()), PATIENCE)
        day.green_at = time.perf_counter()
        day.tick = day.green_at - entered


def is_live_or_over(message: dict[str, Any]) -> bool:
    if message.get("state") in {"failed", "closed", "expired"}:
        raise RuntimeError(f"the sandbox is {message['state']}: {message.get('detail')}")
    return is_live(message)


def says_where(message: dict[str, Any]) -> bool:
    if message["type"] != "sandbox_changed":
        return False
    return bool(message.get("position")) or message["state"] in {"opening", "ready"}


class Load:
    """How busy the machine was meanwhile; others may be part of it."""

    def __init__(self) -> None:
        self.begin = self.most = os.getloadavg()[0]

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, os.getloadavg()[0])
            await asyncio.sleep(1)

    def words(self) -> str:
        return f"load {self.begin:.1f} before, {self.most:.1f} at most, {os.cpu_count()} cores"
