"""Two hosts and an overlay network: open → swarm → ping across → its frame decoded at the browser → closed and gone."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from bench import node
from bench.figures import Figure, Report, Samples
from bench.learner import Learner
from bench.stack import Stack
from explorer.lab.hosts import lifecycle

TURNS = 3
SWARM = (
    ("h1", "docker swarm init"),
    ("h1", "docker swarm join-token -q worker | nc -lN 7000 >/dev/null 2>&1 &"),
    ("h2", 'docker swarm join --token "$(nc -d h1 7000)" h1:2377'),
    ("h1", "docker network create -d overlay --attachable ring"),
    ("h1", "docker run -d --name web --network ring box"),
    ("h2", "docker run -d --name client --network ring box"),
)
REACHED = "for i in 1 2 3 4 5 6 7 8 9; do ping -c 1 -W 1 web && exit; sleep 0.2; done; exit 1"


async def overlay(site: Stack, report: Report) -> None:
    lab = node.config()
    opened, formed, reached, decoded, left = [], [], [], [], []
    for _ in range(TURNS):
        learner = Learner(site, "overlay")
        began = time.perf_counter()
        await asyncio.to_thread(learner.click_open)
        async with learner.page() as page:
            await page.hear(both_live)
            opened.append(time.perf_counter() - began)
            for host, command in SWARM:
                await asyncio.to_thread(node.in_host, lab, learner.sandbox, host, command)
            formed.append(time.perf_counter() - began)
            await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h2/client", REACHED)
            reached.append(time.perf_counter() - began)
            await asyncio.sleep(1.5)
            decoded.append(await ping_to_frame(page, lab, learner.sandbox))
        namespaces = node.namespaces_of(lab, learner.sandbox)
        await learner.close()
        left.append(float(await asyncio.to_thread(what_is_left, lab, learner.sandbox, namespaces)))
    report.add(
        Figure("two hosts: click → both live at the browser", "s", Samples("click, task, hosts, first sight", tuple(opened)))
    )
    report.add(Figure("  → swarm formed, network made, a container on each", "s", Samples("since the click", tuple(formed))))
    report.add(Figure("  → ping answered across", "s", Samples("since the click", tuple(reached))))
    report.add(
        Figure(
            "a ping across → its VXLAN frame decoded at the browser", "ms", Samples("exec of ping → message", tuple(decoded)),
            None, "p95", 1000.0,
        )
    )  # fmt: skip
    report.add(Figure("  objects and namespaces left after closing", "", Samples("counted", tuple(left)), None, "max", 0.0))


def both_live(message: dict[str, Any]) -> bool:
    if message["type"] != "snapshot_taken":
        return False
    places = message["snapshot"]["places"]
    return all(places.get(host, {}).get("views", {}).get("interfaces", {}).get("items") for host in ("h1", "h2"))


async def ping_to_frame(page: Any, lab: Any, sandbox: str) -> float:
    """Milliseconds; the size marks this ping among the others."""
    began = time.perf_counter()
    ping = asyncio.create_task(asyncio.to_thread(node.in_host, lab, sandbox, "h2/client", "ping -c 1 -s 333 web"))
    await page.hear(shows_it)
    took = (time.perf_counter() - began) * 1000
    await ping
    return took


def shows_it(message: dict[str, Any]) -> bool:
    if message["type"] != "view_changed" or message["view"] != "frames":
        return False
    size = 333 + 8 + 20 + 14
    return any(one["inner_length"] == size and one["inner_source"] for one in message["observation"]["items"])


def what_is_left(lab: Any, sandbox: str, namespaces: set[int]) -> int:
    """Objects of the sandbox on the engine, and namespaces of it that a process lives in or holds open."""
    until = time.monotonic() + 20
    while True:
        objects = sum(found.objects for found in lifecycle.list_sandboxes(lab) if found.sandbox == sandbox)
        held = namespaces & in_use()
        if not objects + len(held) or time.monotonic() > until:
            return objects + len(held)
        time.sleep(0.5)


def in_use() -> set[int]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        for link in (process / "ns" / "net", *_descriptors(process)):
            try:
                name = os.readlink(link)
            except OSError:
                continue
            if name.startswith("net:["):
                found.add(int(name[5:-1]))
    return found


def _descriptors(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        return []
