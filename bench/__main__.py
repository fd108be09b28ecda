"""`python -m bench [NAME …]`: JSON lines as figures come, a table at the end. Exit status 1 when one is worse than wanted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

from bench import across, classroom, compare, journeys, listening, memory, node, noisy, picture, shelf, wall
from bench.figures import Figure, Report, Samples, say
from bench.learner import Learner, Typist, shows
from bench.stack import Stack, own_engine_data, stack

KEYS = [bytes([key]) for key in b"abcdefghij" * 10]
Measure = Callable[[Stack, Report], Awaitable[None]]


async def cold_open(site: Stack, report: Report) -> None:
    """With nothing prepared: click → first live snapshot at the browser."""
    lab = node.config()
    raw = [node.raw_run(lab) for _ in range(5)]
    report.add(Figure("docker run of the host image", "s", Samples("the engine's own floor", tuple(raw))))
    bare = [await asyncio.to_thread(node.bare_open, lab, f"bench{turn}") for turn in range(5)]
    took = []
    for _ in range(5):
        learner = Learner(site)
        took.append(await learner.open_and_see())
        await learner.close()
    report.add(
        Figure(
            "cold click → first live snapshot", "s", Samples("click, task, host, first sight", tuple(took)),
            Samples("the same sandbox made directly, until ready", tuple(bare)), "p50", 4.0,
        )
    )  # fmt: skip


async def more_hosts(site: Stack, report: Report) -> None:
    """Hosts of one sandbox start side by side: two are not twice as slow as one. Taken in turns, so that all meet one load."""
    lab = node.config()
    took: dict[str, list[float]] = {"one-host": [], "two-hosts": [], "three-hosts": []}
    for turn in range(5):
        for scenario, seconds in took.items():
            seconds.append(await asyncio.to_thread(node.bare_open, lab, f"bench{turn}{scenario[:3]}", scenario))
    one = Samples("one-host", tuple(took["one-host"]))
    usual = sorted(one.values)[len(one.values) // 2]
    for scenario, most in (("two-hosts", round(1.6 * usual, 2)), ("three-hosts", None)):
        figure = Samples("made directly, until ready", tuple(took[scenario]))
        report.add(Figure(f"{scenario}, cold", "s", figure, one, "p50", most))


async def kernel_event(site: Stack, report: Report) -> None:
    """An address appears in a container → the message about it is at the browser."""
    lab, learner = node.config(), Learner(site)
    await learner.open_and_see()
    await asyncio.to_thread(node.in_host, lab, learner.sandbox, "h1", "docker run -d --name web box")
    ours: list[float] = []
    theirs: list[float] = []
    async with learner.page() as page:
        pid = node.process_in(await page.netns_of("h1/web"))
        await asyncio.sleep(2)
        with node.monitor(pid) as process:
            for turn in range(50):
                address = f"10.99.{turn // 200}.{turn % 200 + 1}/32"
                wanted = address.partition("/")[0]
                began = time.perf_counter()
                watching = asyncio.create_task(asyncio.to_thread(node.heard, process, wanted.encode()))
                adding = asyncio.create_task(asyncio.to_thread(node.change_address, pid, "add", address))
                await page.hear(partial(shows, place="h1/web", text=f"{wanted}/"))
                ours.append((time.perf_counter() - began) * 1000)
                theirs.append((await watching - began) * 1000)
                await adding
                await asyncio.sleep(0.25)
    report.add(
        Figure(
            "address added in a container → websocket", "ms", Samples("command → message at the browser", tuple(ours)),
            Samples("command → line of a plain `ip monitor` there", tuple(theirs)), "p95", 100.0,
        )
    )  # fmt: skip
    extra = tuple(mine - plain for mine, plain in zip(ours, theirs, strict=True))
    report.add(
        Figure("  of that, after the kernel told", "ms", Samples("ip monitor's line → message", extra), None, "p95", 100.0)
    )
    await learner.close()


async def terminal_echo(site: Stack, report: Report) -> None:
    """A key in the page's terminal → its echo, against the same shell over a plain exec of the engine."""
    lab, learner = node.config(), Learner(site)
    await learner.open_and_see()
    ours: list[float] = []
    async with learner.page() as page, await page.dial_terminal(await page.open_terminal("h1")) as socket:
        typist = Typist(socket)
        await typist.settle()
        for key in KEYS:
            ours.append(await typist.echo(key) * 1000)
            await asyncio.sleep(0.03)
    plain = await asyncio.to_thread(node.plain_echoes, lab, f"x-{lab.install}-{learner.sandbox}-h1", KEYS)
    report.add(
        Figure(
            "terminal echo", "ms", Samples("key → echo over the websocket", tuple(ours)),
            Samples("key → echo over a plain exec", plain), "p95", 50.0,
        )
    )  # fmt: skip
    await learner.close()


async def idle_host(site: Stack, report: Report) -> None:
    lab, learner = node.config(), Learner(site)
    await learner.open_and_see()
    container = f"x-{lab.install}-{learner.sandbox}-h1"
    await asyncio.sleep(15)
    memory, cpu = await asyncio.to_thread(node.memory_and_cpu, lab, container)
    with node.sleeping(lab) as other:
        bare_memory, bare_cpu = await asyncio.to_thread(node.memory_and_cpu, lab, other, 3.0)
    asleep = "the same image, asleep"
    report.add(
        Figure(
            "memory of an idle host",
            "MB",
            Samples("as the engine counts", (memory,)),
            Samples(asleep, (bare_memory,)),
            "p50",
            60.0,
        )
    )
    report.add(Figure("processor of an idle host", "%", Samples("of one core", (cpu,)), Samples(asleep, (bare_cpu,))))
    await learner.close()


async def ten_at_once(site: Stack, report: Report) -> None:
    lab = node.config()
    alone = await asyncio.gather(*(asyncio.to_thread(node.raw_run, lab) for _ in range(10)))
    before = node.available()
    learners = [Learner(site) for _ in range(10)]
    took = await asyncio.gather(*(learner.open_and_see() for learner in learners))
    report.add(
        Figure(
            "10 sandboxes opened at once", "s", Samples("click → first live snapshot, each", tuple(took)),
            Samples("10 plain `docker run` at once, each", tuple(alone)),
        )
    )  # fmt: skip
    await asyncio.sleep(10)
    each = (before - node.available()) / len(learners)
    report.add(Figure("  memory the machine gave for each", "MB", Samples("host, outside and observing it", (each,))))
    await asyncio.gather(*(learner.close() for learner in learners))


async def second_open(site: Stack, report: Report) -> None:
    """As it comes out of the box, with sandboxes kept warm: a click, the next one at once, and one a little later."""
    opens: dict[str, list[float]] = {"first": [], "at once": [], "15 s later": []}
    for _ in range(3):
        await asyncio.sleep(15)  # what is kept warm is warm by then
        for when, took in opens.items():
            await asyncio.sleep(15 if when == "15 s later" else 0)
            learner = Learner(site)
            took.append(await learner.open_and_see())
            await learner.close()
    first = Samples("the first open", tuple(opens["first"]))
    most = round(max(1.0, 1.25 * max(first.values)), 2)
    for when in ("at once", "15 s later"):
        again = Samples("click → first live snapshot", tuple(opens[when]))
        report.add(Figure(f"second open {when}, as shipped", "s", again, first, "p50", most))


COLD: dict[str, Measure] = {
    "open": cold_open, "hosts": more_hosts, "event": kernel_event, "echo": terminal_echo, "idle": idle_host, "ten": ten_at_once,
    "overlay": across.overlay, "map": picture.much_to_draw, "journey": journeys.on_screen, "loss": journeys.loss,
    "memory": memory.bounded, "wall": wall.busy_class, "noisy": noisy.neighbours,
    "shelf": shelf.ten_images,
}  # fmt: skip
CLASS: dict[str, Measure] = {
    "classroom": classroom.cold, "prepared": classroom.prepared, "listening": listening.overhead,
}  # fmt: skip
WARM: dict[str, Measure] = {"second": second_open, "compare": compare.five_drivers}


EVERY = (*COLD, *CLASS, *WARM)


async def measure(site: Stack, measures: dict[str, Measure], names: list[str], report: Report) -> None:
    for name, work in measures.items():
        if name in names:
            say(f"· {name}")
            await work(site, report)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="all, or some of: " + " ".join(EVERY))
    names = parser.parse_args().names or [*EVERY]
    if unknown := set(names) - {*EVERY}:
        parser.error(f"unknown: {' '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    report = Report()
    with own_engine_data():
        for measures, more in ((COLD, {"EXPLORER_WARM": "0"}), (CLASS, classroom.ROOM), (WARM, {})):
            if set(names) & set(measures):
                with stack(**more) as site:
                    say(f"· an installation of its own was ready after {site.started_in:.1f} s")
                    asyncio.run(measure(site, measures, names, report))
    print("\n" + report.table())
    return int(any(figure.good is False for figure in report.figures))


if __name__ == "__main__":
    sys.exit(main())
