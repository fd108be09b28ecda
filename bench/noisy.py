"""The noisy neighbour: what others feel, before and while one learner does the worst that root in a sandbox can.

Promised: another learner's key is echoed within 50 ms (95 % of them), and a sandbox opens within twice the time that it takes
without the noise. For each noise of `noises.py` both are measured before and during it, in the same run.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import redis
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from bench import node
from bench.figures import Figure, Report, Samples, say
from bench.learner import Learner, Typist, ask_ticket, dial, open_terminal
from bench.noises import NOISES, Noise
from bench.stack import Stack
from explorer.sandboxes.heartbeat import read_counts

BEFORE, DURING = 60, 120  # keys
GAP = 0.05  # seconds between two keys
OPENINGS = 5
ECHO_MOST = 50.0  # ms
OPENING_FACTOR = 2.0
END_SECONDS = 90
KEYS = [bytes([key]) for key in b"abcdefghij"]


async def neighbours(site: Stack, report: Report) -> None:
    """All noises, or those whose names contain a word of BENCH_NOISE, separated by commas."""
    words = [word for word in os.environ.get("BENCH_NOISE", "").split(",") if word]
    with suppress(OSError):
        os.nice(-10)  # a learner's browser has a processor of its own
    quiet = Learner(site)
    await quiet.open_and_see()
    async with quiet.page() as page:
        terminal = await page.dial_terminal(await page.open_terminal("h1"))
        draining = asyncio.create_task(drain(page.socket))
        async with terminal as socket:
            typist = Typist(socket)
            await typist.settle()
            for noise in NOISES:
                if not words or any(word in noise.name for word in words):
                    await hold_against(site, report, noise, typist)
        draining.cancel()
    await quiet.close()


async def hold_against(site: Stack, report: Report, noise: Noise, typist: Typist) -> None:
    echo, opening = await echoes(typist, BEFORE), await openings(site)
    async with made(site, noise):
        say(f"  · {noise.name}")
        await asyncio.sleep(noise.after)
        late: list[float] = []
        listening = asyncio.create_task(lateness(late))
        loud_echo = await echoes(typist, DURING)
        loud_opening = await openings(site)
        listening.cancel()
    report.add(Figure(f"{noise.name}: the relay's loop", "ms", Samples("longest wait, each five seconds", tuple(late))))
    before = Samples("before", echo)
    report.add(
        Figure(f"{noise.name}: another's echo", "ms", Samples("key → echo during it", loud_echo), before, "p95", ECHO_MOST)
    )
    before = Samples("before", opening)
    most = round(OPENING_FACTOR * before.facts()["p50"], 2)
    report.add(Figure(f"{noise.name}: opening", "s", Samples("click → snapshot during it", loud_opening), before, "p50", most))


async def lateness(late: list[float]) -> None:
    """Adds each heartbeat of the relay: the milliseconds that its loop was held up at most since the one before."""
    client, lab, last = redis.Redis(unix_socket_path=str(node.config().run_dir / "valkey" / "socket")), node.config(), 0.0
    while True:
        counts = await asyncio.to_thread(read_counts, client, lab.node)
        if counts and counts.at != last:
            last = counts.at
            late.append(counts.loop_late * 1000)
        await asyncio.sleep(1)


async def echoes(typist: Typist, keys: int) -> tuple[float, ...]:
    """Milliseconds, each."""
    found = []
    for turn in range(keys):
        found.append(await typist.echo(KEYS[turn % len(KEYS)]) * 1000)
        await asyncio.sleep(GAP)
    await typist.socket.send(b"\x15")
    await typist.settle()
    return tuple(found)


async def openings(site: Stack) -> tuple[float, ...]:
    found = []
    for _ in range(OPENINGS):
        learner = Learner(site)
        found.append(await learner.open_and_see())
        await learner.close()
    return tuple(found)


@asynccontextmanager
async def made(site: Stack, noise: Noise) -> AsyncIterator[None]:
    """The noise, from its begin to its end: its sandboxes are closed, and with them goes what they did."""
    lab = node.config()
    learners = [Learner(site, noise.lesson) for _ in range(noise.sandboxes)]
    for learner in learners:
        await learner.open_and_see()
    seats = [(dict(learner.http.cookies), learner.sandbox, noise.terminals) for learner in learners]
    watching = multiprocessing.get_context("spawn").Process(target=attend, args=(site, seats), daemon=True)
    watching.start()
    try:
        for learner in learners:
            for place, script in noise.runs:
                for path, text in noise.files.items():
                    await asyncio.to_thread(node.write_file, lab, learner.sandbox, place, path, text)
                await asyncio.to_thread(node.start_program, lab, learner.sandbox, place, script)
        yield
    finally:
        for learner in learners:
            try:
                async with asyncio.timeout(END_SECONDS):
                    await learner.close()
            except (TimeoutError, OSError, WebSocketException, requests.RequestException) as error:
                say(f"  · {noise.name}: its sandbox did not close in order: {error!r}")
        watching.terminate()
        watching.join()


# --- in a process of its own: the browsers of those who make the noise ---


def attend(site: Stack, seats: list[tuple[dict[str, str], str, int]]) -> None:
    """A page for each sandbox, and so many terminals that print without end."""
    asyncio.run(attend_all(site, seats))


async def attend_all(site: Stack, seats: list[tuple[dict[str, str], str, int]]) -> None:
    await asyncio.gather(*(sit(site, *seat) for seat in seats))


async def sit(site: Stack, cookies: dict[str, str], sandbox: str, terminals: int) -> None:
    async with dial(site, cookies, f"/ws/sandbox/{sandbox}/") as page:
        reading = []
        for _ in range(terminals):
            terminal = await open_terminal(page, "h1")
            path = f"/ws/terminal/{terminal}/?sandbox={sandbox}&offset=0"
            socket = dial(site, cookies, path, *await ask_ticket(page, terminal))
            reading.append(asyncio.create_task(read_endless(socket)))
        await asyncio.gather(drain(page), *reading)


async def drain(socket: object) -> None:
    """Reads a page's messages as a browser would, so that nobody waits for it."""
    with suppress(WebSocketException):
        async for _ in socket:  # type: ignore[attr-defined]
            pass


async def read_endless(terminal: connect) -> None:
    async with terminal as socket:
        typist = Typist(socket)
        await typist.settle()
        await socket.send(b"yes\n")
        while True:
            await typist.read()
