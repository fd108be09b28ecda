"""What the page does with much: three hosts with twelve containers each on the map, and two hundred events in a second."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

from playwright.async_api import Page

from bench import node
from bench.browser import ADDED, ADDING, FRAME, HEARD, LISTENING, WAITING, looking, no_browser, own_clock, worked
from bench.figures import Figure, Report, Samples
from bench.learner import Learner
from bench.stack import ROOT, Stack

HOSTS = ("h1", "h2", "h3")
CONTAINERS, CHANGES = 12, 20
RATE, SECONDS = 200, 10


async def much_to_draw(site: Stack, report: Report) -> None:
    if no_browser():
        return
    lab, learner = node.config(), Learner(site)
    await asyncio.to_thread(learner.open_playground, "hosts=3&machines=outside")
    async with learner.page() as page:
        await page.hear(all_live)
    await asyncio.gather(*(asyncio.to_thread(fill, lab, learner.sandbox, host) for host in HOSTS))
    async with looking(learner, "/playground/") as browser:
        await browser.wait_for_function(f"document.querySelectorAll('net-map .container').length === {3 * CONTAINERS}")
        await asyncio.sleep(3)
        await relayout(browser, lab, learner.sandbox, report)
        await asyncio.sleep(3)
        await busy(browser, learner.sandbox, report)
    await learner.close()


def all_live(message: dict[str, Any]) -> bool:
    if message["type"] != "snapshot_taken":
        return False
    places = message["snapshot"]["places"]
    return all(places.get(host, {}).get("views", {}).get("interfaces", {}).get("items") for host in HOSTS)


def fill(lab: Any, sandbox: str, host: str) -> None:
    for number in range(CONTAINERS):
        node.in_host(lab, sandbox, host, f"docker run -d --name box{number} box")


async def relayout(page: Page, lab: Any, sandbox: str, report: Report) -> None:
    there, painted, waits, frames, work, rest = [], [], [], [], [], []
    clock = await own_clock(page)
    for turn in range(CHANGES):
        host = HOSTS[turn % len(HOSTS)]
        await page.evaluate(ADDING, f"{host}/more{turn}")
        before, began = await worked(clock), time.monotonic()
        await asyncio.to_thread(node.in_host, lab, sandbox, host, f"docker run -d --name more{turn} box")
        in_dom, on_screen = await page.evaluate(ADDED)
        there.append(in_dom)
        painted.append(on_screen)
        work.append(await worked(clock) - before)
        lasted = time.monotonic() - began
        waits.append(await page.evaluate(WAITING))
        frames.append(await page.evaluate(FRAME))
        await asyncio.to_thread(node.in_host, lab, sandbox, host, f"docker rm -f more{turn}")
        await asyncio.sleep(4)  # until nothing fades any more
        before = await worked(clock)
        await asyncio.sleep(lasted)
        rest.append(await worked(clock) - before)
    what = f"container added among {len(HOSTS)} × {CONTAINERS}: event → "
    wait = Samples("the wait for a burst's end, nothing to lay out", tuple(waits))
    plain = Samples("a frame of the page with nothing new", tuple(frames))
    load = f"load of the machine at the end {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors"
    report.add(Figure("map relayout", "ms", Samples(what + "in the SVG", tuple(there)), wait, "p95", 150.0, load))
    report.add(Figure("  until painted", "ms", Samples(what + "painted", tuple(painted)), plain, "p95", 150.0, load))
    idle = Samples("as long, with nothing new", tuple(rest))
    thread = Samples("processor time of its main thread, from `docker run` until painted", tuple(work))
    report.add(Figure("  what the page works for it", "ms", thread, idle, note=load))


async def busy(page: Page, sandbox: str, report: Report) -> None:
    """The longest task of each second; the browser tells of none below 50 ms, which count as 0."""
    await page.evaluate(LISTENING)
    feeding = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.feed", sandbox, str(RATE), str(SECONDS), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await feeding.communicate()
    if feeding.returncode:
        raise RuntimeError("the events were not put on the stream at that pace")
    await asyncio.sleep(1)
    heard = await page.evaluate(HEARD)
    if heard["events"] < int(said):
        raise RuntimeError(f"of {int(said)} events the page took in {heard['events']}")
    each = longest(heard["tasks"], SECONDS + 1)
    what = f"longest of each second; {heard['events']} events came"
    report.add(Figure(f"a task of the page at {RATE} events/s", "ms", Samples(what, each), None, "max", 200.0))


def longest(tasks: list[tuple[float, float]], seconds: int) -> tuple[float, ...]:
    """`tasks` are pairs of when one began and how long it took, in milliseconds. What comes later is of the last."""
    found = [0.0] * seconds
    for began, took in tasks:
        at = min(seconds - 1, max(0, int(began / 1000)))
        found[at] = max(found[at], took)
    return tuple(found)
