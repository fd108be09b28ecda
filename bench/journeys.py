"""Following packets: how soon a journey is on the screen, and whether following loses any."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from bench import node
from bench.browser import FOLLOWING, looking, no_browser
from bench.figures import Figure, Report, Samples
from bench.learner import Learner
from bench.stack import Stack

TURNS = 10
PINGS, EVERY = 2000, 0.005
ROUNDS = 2


async def on_screen(site: Stack, report: Report) -> None:
    """An HTTP request across DNAT: click → both ways on the screen."""
    if no_browser():
        return
    lab, learner = node.config(), Learner(site)
    await learner.open_and_see()
    await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1", "docker run -d --name web -p 8080:80 box")
    host = re.search(r"inet (\S+)/", await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1", "ip -4 addr show eth0"))
    assert host
    curl = f"curl -s -o /dev/null -w '%{{time_total}}' http://{host[1]}:8080/"
    ours, plain = [], []
    async with looking(learner, "/learn/bridge/") as page:
        await page.get_by_role("tab", name="Journey").click()
        await page.locator("packet-journey select").nth(0).select_option("outside")
        await page.locator("packet-journey select").nth(1).select_option("http")
        await page.locator("packet-journey input[list]").fill("h1")
        await page.locator("packet-journey input.port").fill("8080")
        for _ in range(TURNS):
            found = await page.evaluate(FOLLOWING)
            if not found["arrived"]:
                raise RuntimeError(f"the request was to arrive and be answered: {found['said']}")
            ours.append(found["took"])
            plain.append(float(await asyncio.to_thread(node.in_host, lab, learner.sandbox, "outside", curl)) * 1000)
            await asyncio.sleep(0.5)
    report.add(
        Figure(
            "journey of an HTTP request across DNAT", "ms", Samples("click → both ways on the screen", tuple(ours)),
            Samples("the same by curl, not followed", tuple(plain)), "p95", 1500.0,
        )
    )  # fmt: skip
    await learner.close()


async def loss(site: Stack, report: Report) -> None:
    """Pings from container to container, 200 a second, in turns: left alone, and with journeys followed all the while."""
    lab, learner = node.config(), Learner(site)
    await learner.open_and_see()
    for name in ("near", "far"):
        await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1", f"docker run -d --name {name} box")
    address = await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1/far", "hostname -i")
    command = f"ping -q -i {EVERY} -c {PINGS} {address.strip()}"
    alone, followed, journeys = [], [], 0
    for _ in range(ROUNDS):
        alone.append(lost(await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1/near", command)))
        async with learner.page() as page:
            pinging = asyncio.create_task(asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1/near", command))
            while not pinging.done():
                await follow(page)
                journeys += 1
            followed.append(lost(await pinging))
    what = f"lost of {PINGS}, {journeys} journeys followed meanwhile"
    most = max(alone)
    report.add(
        Figure(
            "pings lost while followed, 200/s",
            "%",
            Samples(what, tuple(followed)),
            Samples("not followed", tuple(alone)),
            "max",
            most,
        )
    )
    await learner.close()


async def follow(page: Any) -> None:
    asked = {"type": "follow_journey", "source": "h1/near", "target": "h1/far", "kind": "ping", "port": 80}
    await page.socket.send(json.dumps(asked))
    told = (await page.hear(lambda message: message["type"] == "journey_told"))["told"]
    if not told["ok"] or not told["answer"]:
        raise RuntimeError(f"the ping was to arrive and be answered: {told['result'] or told['error']}")


def lost(said: str) -> float:
    """Percent of the pings that `ping -q` sent."""
    found = re.search(r"(\d+) packets transmitted, (\d+) received", said)
    if not found or not int(found[1]):
        raise RuntimeError(f"ping said: {said[-300:]}")
    return 100 * (1 - int(found[2]) / int(found[1]))
