"""Chromium on a learner's page: what is measured there is measured by the page's own clock."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import CDPSession, Page, async_playwright

from bench.figures import say
from bench.learner import Learner

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SIZE = {"width": 1400, "height": 900}

# Resolves once the browser has painted what is in the page now: a frame is asked for, and a task after it.
PAINTED = """new Promise((painted) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => painted(performance.now());
    port2.postMessage(0);
}))"""

# Milliseconds from the event that names a new place until its box is in the map's SVG, and until the frame in which it is
# painted. Set going before the container is started; asked for with `ADDED`.
ADDING = f"""(place) => {{
    const map = document.querySelector("net-map");
    const {{ store }} = document.querySelector("live-sandbox");
    window.added = new Promise((done) => {{
        let came = 0;
        const unwatch = store.watch((event) => {{
            if (event.type === "place_seen" && event.place.id === place) came ||= performance.now();
        }});
        const watching = new MutationObserver(async () => {{
            if (!came || !map.querySelector(`[data-shape="${{place}}"]`)) return;
            const there = performance.now();
            watching.disconnect();
            unwatch();
            done([there - came, await {PAINTED} - came]);
        }});
        watching.observe(map, {{ subtree: true, childList: true, attributes: true, attributeFilter: ["data-shape"] }});
    }});
}}"""
ADDED = "() => window.added"

# Milliseconds of the map's own way with nothing to lay out: the wait for the rest of a burst (16 ms), and a message to another
# task.
WAITING = """() => new Promise((done) => {
    const began = performance.now();
    setTimeout(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done(performance.now() - began);
        port2.postMessage(0);
    }, 16);
})"""

# Milliseconds of a frame that shows nothing new.
FRAME = f"async () => {{ const began = performance.now(); return await {PAINTED} - began; }}"

# Long tasks (over 50 ms) and the events that the page takes in, from now on.
LISTENING = """() => {
    window.heard = { events: 0, tasks: [], began: performance.now() };
    document.querySelector("live-sandbox").store.watch(() => { window.heard.events += 1; });
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) window.heard.tasks.push([task.startTime - window.heard.began, task.duration]);
    }).observe({ type: "longtask" });
}"""
HEARD = "() => window.heard"

# Milliseconds from the click that sends a packet to the frame in which both its ways are on the screen.
FOLLOWING = f"""() => new Promise((done) => {{
    const form = document.querySelector("packet-journey form");
    const ways = document.querySelector("packet-journey .journey-ways");
    const said = document.querySelector("packet-journey .journey-said");
    ways.replaceChildren();
    const go = form.querySelector("button[type=submit]");
    let clicked = 0;
    const watching = new MutationObserver(async () => {{
        if (go.disabled) return;
        watching.disconnect();
        const took = await {PAINTED} - clicked;
        const arrived = ways.querySelectorAll(".journey-way").length === 2 && !ways.querySelector(".stopped");
        done({{ took, arrived, said: said.textContent }});
    }});
    watching.observe(document.querySelector("packet-journey"), {{ subtree: true, childList: true, attributes: true }});
    clicked = performance.now();
    go.click();
}})"""


async def own_clock(page: Page) -> CDPSession:
    """A session that counts what the page's main thread works, not what it waits for other work on the machine."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


async def worked(session: CDPSession) -> float:
    """Milliseconds of processor time of the page's main thread since it began."""
    answer = await session.send("Performance.getMetrics")
    return float(next(one["value"] for one in answer["metrics"] if one["name"] == "ThreadTime")) * 1000


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def no_browser() -> bool:
    """Says so where a figure has to be left out."""
    if chromium():
        return False
    say(f"no Chromium here (looked for {', '.join(NAMES)}): what a page does with it is not measured")
    return True


@asynccontextmanager
async def looking(learner: Learner, path: str) -> AsyncIterator[Page]:
    """The learner's page at `path`, once the picture of the sandbox is there."""
    address = learner.stack.address
    cookies: Any = [{"name": one.name, "value": one.value or "", "url": address} for one in learner.http.cookies]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            context = await browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
            await context.add_cookies(cookies)
            page = await context.new_page()
            await page.goto(f"{address}{path}")
            await page.wait_for_selector("net-map .picture [data-shape]", timeout=60_000)
            yield page
        finally:
            await browser.close()
