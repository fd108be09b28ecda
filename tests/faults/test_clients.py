"""A client that reads 1 KB per second: it is told the truth, nobody else notices, and it goes on where it was."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from bench import stack
from bench.churn import census
from bench.learner import OFFSET, Learner, Typist, dial
from tests.faults.learner import TROUBLE, Seen, leave, settled, truth
from tests.faults.slow_line import slow_line

pytestmark = pytest.mark.timeout(600)
SLOW, FAST = 1024.0, 10e6  # bytes per second
LASTS = 90.0  # seconds; longer than a server waits for a socket that takes nothing
NO_PHANTOM = 5.0  # seconds: what is older is shown as maybe old
LOAD = 3.0  # seconds that all processes of a test on a busy machine may take to answer
MEMORY = 40.0  # MB that a part between the shell and the page may grow meanwhile
BETWEEN = ("relay: memory", "valkey: memory", "web: memory")
ADDRESS = "10.99.0.$((i % 8))/32 dev eth0"
CHANGES = f"for i in $(seq 1 240); do ip addr add {ADDRESS}; sleep 0.25; ip addr del {ADDRESS}; done"
FLOOD = b"while :; do head -c 3000 /dev/urandom | base64; done\r"


def inside(site, sandbox, script):
    """A shell on h1, beside every terminal."""
    argv = [sys.executable, "manage.py", "sandbox", "exec", sandbox, "h1", "--", "sh", "-c", script]
    return subprocess.Popen(argv, cwd=stack.ROOT, env=site.settings, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def phantoms(seen):
    """What the page was told late without having said that it may be old."""
    return [
        f"{late - happened:.1f} s"
        for happened, late in seen.heard
        if late - happened > NO_PHANTOM + LOAD and not _was_old(seen, happened + NO_PHANTOM + LOAD, late)
    ]


def _was_old(seen, since, until):
    shift = time.time() - time.monotonic()
    old = [(a + shift, b + shift) for a, b in seen.old_times]
    return any(a <= since and until <= b + LOAD for a, b in old)


class Uncompressed(Learner):
    """As a browser behind a proxy that takes compression away: what the site sends is some ten times as much."""

    def dial(self, path, *offered):
        cookies = {cookie.name: cookie.value or "" for cookie in self.http.cookies}
        return dial(self.stack, cookies, path, *offered, compression=None)


class Reader:
    """A page's terminal that draws what comes, tells the node, and dials again from where it was."""

    def __init__(self, learner, terminal):
        self.learner, self.terminal = learner, terminal
        self.offset, self.skipped, self.dialled, self.reason = 0, 0, 0, ""
        self.last = b""
        self.socket = None

    async def read(self):
        while not self.reason:
            with suppress(*TROUBLE):
                async with self.learner.terminal(self.terminal, self.offset) as self.socket:
                    self.dialled += 1
                    await self._draw(self.socket)
            await asyncio.sleep(0.5)

    async def type(self, data):
        while True:
            with suppress(*TROUBLE, AttributeError):
                return await self.socket.send(data)
            await asyncio.sleep(0.2)

    async def _draw(self, socket):
        async for message in socket:
            if isinstance(message, bytes):
                at = OFFSET.unpack(message[:8])[0]
                assert at == self.offset, f"{at} came where {self.offset} was wanted"
                self.offset, self.last = at + len(message) - 8, (self.last + message[8:])[-500:]
                await socket.send(json.dumps({"type": "acknowledge_terminal", "offset": self.offset}))
            elif (told := json.loads(message))["type"] == "skipped":
                self.offset, self.skipped = told["offset"], self.skipped + 1
            elif told["type"] == "closed":
                self.reason = told["reason"] or "closed"


async def answers(reader):
    """Ends what runs in the shell, and asks something, as often as it takes: keys typed into a lost connection are gone."""
    while b"goes 42" not in reader.last:
        await reader.type(b"\x03")
        await asyncio.sleep(1)
        await reader.type(b"echo the shell goes $((40 + 2))\r")
        await settled(lambda: b"goes 42" in reader.last, 8)


async def opened(learner):
    await asyncio.to_thread(learner.click_open)
    seen = Seen(learner)
    await seen.until("ready")
    await seen.until_live()
    async with learner.page() as page:
        return learner, seen, await page.open_terminal("h1")


async def test_a_client_reads_a_kilobyte_per_second(site, told):
    quick, quick_seen, quick_shell = await opened(Learner(site))
    slow, first_seen, slow_shell = await opened(Uncompressed(site))
    await first_seen.stop()
    before = await asyncio.to_thread(census.take, site.parts, site.state)
    async with slow_line(site.port, site.address, FAST) as line:
        slow.stack = line
        seen, reader = Seen(slow), Reader(slow, slow_shell)
        reading = asyncio.create_task(reader.read())
        await seen.until_live()
        assert await settled(lambda: b"# " in reader.last, 20)
        line.rate = SLOW
        began = time.monotonic()
        await reader.type(FLOOD)
        changing = [inside(site, one.sandbox, CHANGES) for one in (quick, slow)]
        async with quick.terminal(quick_shell) as socket:
            typist = Typist(socket)
            await typist.prompt()
            echoes = []
            while time.monotonic() - began < LASTS:
                echoes.append(await typist.echo(b"x"))
                await asyncio.sleep(0.5)
        during = await asyncio.to_thread(census.take, site.parts, site.state)
        now = time.monotonic()
        old_for = sum(b - max(a, began) for a, b in [*seen.old_times, (seen.old_since if seen.old else now, now)] if b > began)
        line.rate = FAST
        fast = time.monotonic()
        assert await settled(lambda: not seen.old and seen.live, 60), "the page did not come back"
        for process in changing:
            await asyncio.to_thread(process.wait, 60)
        newest = max(at for at, _ in quick_seen.heard)
        assert await settled(lambda: seen.heard[-1][0] > newest - 5, 30), "the page does not go on"
        took = time.monotonic() - fast
        await asyncio.wait_for(answers(reader), 60)
        reading.cancel()
        truth(site, seen, slow.sandbox)
        await seen.stop()
    slow.stack = site
    assert phantoms(seen) == []
    assert old_for > LASTS / 2, f"all that happened is more than the line can carry, and the page was told so for {old_for} s"
    assert phantoms(quick_seen) == []
    assert statistics.median(echoes) < 0.25
    grew = {name: during[name] - before[name] for name in BETWEEN}
    assert all(more < MEMORY for more in grew.values()), grew
    said = (
        f"its page said for {old_for:.0f} s of {LASTS:.0f} that it may be old, then went on; its shell waited "
        f"({reader.dialled} connections); another learner's keys took {1000 * statistics.median(echoes):.0f} ms (median)"
    )
    for one, page in ((quick, quick_seen), (slow, seen)):
        await leave(site, one, page)
    leaks = await asyncio.to_thread(site.leaks)
    told(injected="browser", how=f"reads 1 KB/s for {LASTS:.0f} s", phase="run", whole=took, saw=said, leaks=leaks)
    assert leaks == []
