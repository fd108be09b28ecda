"""`python -m bench.churn`: an installation of its own, an hour of visits and faults, a table of what is there before and after.

Everything that is left to chance comes from the seed, which is printed. Exit status 1 when something leaks, or when what was
counted before could not be counted at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import node
from bench.churn import census
from bench.churn.faults import Faults
from bench.churn.parts import Parts
from bench.churn.visits import Visit, visit
from bench.figures import at, say
from bench.stack import ROOT, Stack, own_engine_data, stack

SETTLE = 120.0  # the promise: so long after the last fault, the engine holds exactly what live rows expect
WARM_UP = 12
LIFE = 180.0  # seconds of a sandbox that is left without closing
SETTINGS = {
    "EXPLORER_WARM": "1",
    "EXPLORER_ENGINES": "26",
    "EXPLORER_CAPACITY": "8",
    "EXPLORER_OPENS_PER_HOUR": "10000",
    "EXPLORER_SANDBOX_MINUTES": f"{LIFE / 60:.0f}",
}
OUT = ROOT / "var"


async def settle(parts: Parts, state: Path, wanted: dict[str, float] | None) -> tuple[dict[str, float], float]:
    """(what is there, after how many seconds): as soon as it is as wanted, or as two looks agree on; else after SETTLE."""
    began, last = time.monotonic(), wanted
    while True:
        now = await asyncio.to_thread(census.take, parts, state)
        took = time.monotonic() - began
        quiet = now["rows: actions that are not over"] == 0 and now.get("sandboxes on the engine") == int(
            SETTINGS["EXPLORER_WARM"]
        )
        if (quiet and last and not census.differs(last, now)) or took > SETTLE:
            return now, took
        if took > SETTLE / 2:
            say(f"  not yet at rest after {took:.0f} s: {', '.join(census.differs(last, now)) if last else ''} {quiet=}")
        if wanted is None:
            last = now
        await asyncio.sleep(5)


async def visits(site: Stack, count: int, every: float, dice: random.Random) -> list[Visit]:
    running, began = [], time.monotonic()
    for turn in range(count):
        await asyncio.sleep(max(0.0, began + turn * every - time.monotonic()))
        own, may_leave = random.Random(dice.random()), (count - turn) * every > LIFE + SETTLE  # noqa: S311
        running.append(asyncio.create_task(visit(site, own, time.monotonic() - began, may_leave)))
    return list(await asyncio.gather(*running))


async def churn(site: Stack, minutes: float, every: float, seed: int) -> dict[str, Any]:
    dice = random.Random(seed)  # noqa: S311
    parts = Parts(node.config())
    begin, _ = await settle(parts, site.state, None)
    say("· warming up")
    await visits(site, WARM_UP, every, dice)
    warm, _ = await settle(parts, site.state, None)
    for line in census.differs(begin, warm):
        say(f"  not as at the beginning: {line} {begin.get(line)} → {warm.get(line)}")
    say(f"· {minutes:g} minutes, seed {seed}")
    faults = Faults(parts, random.Random(dice.random()))  # noqa: S311
    hitting = asyncio.create_task(faults.go_on())
    looking = asyncio.create_task(_look(parts, site.state))
    seen = await visits(site, int(minutes * 60 / every), every, dice)
    hitting.cancel(), looking.cancel()
    await asyncio.gather(hitting, looking, return_exceptions=True)
    end, took = await settle(parts, site.state, warm)
    return {
        "seed": seed, "minutes": minutes, "every": every, "load": os.getloadavg()[2], "settled after": round(took, 1),
        "begin": begin, "warm": warm, "end": end, "differs": census.differs(warm, end), "leaks": census.leaks(warm, end),
        "uncounted": census.uncounted(warm, end),
        "hits": [asdict(hit) for hit in faults.hits], "visits": [asdict(one) for one in seen],
    }  # fmt: skip


async def _look(parts: Parts, state: Path) -> None:
    """Every two minutes a line of what is there, so that a leak shows before the end."""
    while True:
        await asyncio.sleep(120)
        now = await asyncio.to_thread(census.take, parts, state)
        some = ("engine: containers", "engine: networks", "engine: volumes", "shims", "namespaces: net", "mounts")
        words = [f"{name.removeprefix('engine: ')} {now.get(name, -1):.0f}" for name in some]
        words += [f"{part} {now.get(f'{part}: descriptors', -1):.0f} fd {now.get(f'{part}: memory', -1):.0f} MB" for part in
                  ("worker", "relay", "web", "engine")]  # fmt: skip
        say("          " + ", ".join(words))


def table(told: dict[str, Any]) -> str:
    """Markdown: the run, what learners saw, what was hit, and every figure at the beginning, after warm-up and at the end."""
    found = [Visit(**one) for one in told["visits"]]
    ends = Counter(one.end for one in found)
    reasons = Counter(one.said for one in found if one.said)
    hits = Counter((hit["part"], hit["how"]) for hit in told["hits"] if hit["found"])
    opened = [one.opened_in for one in found if one.end == "opened and closed"] or [0.0]
    rows: list[tuple[str, ...]] = [("", "begin", "after warm-up", "end", "")]
    for row in census.ROWS:
        figures = [told[when].get(row.name) for when in ("begin", "warm", "end")]
        words = ["?" if one is None else f"{one:.1f}" if row.unit else f"{one:.0f}" for one in figures]
        leaked = any(line.startswith(f"{row.name}: ") for line in told["leaks"])
        rows.append((f"{row.name}{', ' + row.unit if row.unit else ''}", *words, "LEAK" if leaked else ""))
    return "\n".join([
        f"# Churn: {told['minutes']:g} minutes, a visit every {told['every']:g} s, seed {told['seed']}", "",
        f"Load of the machine {told['load']:.1f} (15 min) on {os.cpu_count()} cores. Quiet again {told['settled after']} s "
        f"after the last visit and fault. Opened in {at(opened, 0.5):.1f} s at p50, {at(opened, 0.95):.1f} s at p95.", "",
        f"Not as after warm-up: {'; '.join(told['differs']) or 'nothing'}. Leaks: {'; '.join(told['leaks']) or 'none'}. "
        f"Not counted at the end: {'; '.join(told['uncounted']) or 'nothing'}.", "",
        *(f"- {count} × {end}" for end, count in ends.most_common()), "", "Said to learners:", "",
        *(f"- {count} × {said}" for said, count in reasons.most_common()), "", "Hit:", "",
        *(f"- {count} × {how} {part}" for (part, how), count in sorted(hits.items())), "",
        markdown(rows), "",
    ])  # fmt: skip


def markdown(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], ("---",) * len(rows[0]), *rows[1:]))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.churn", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=5, help="seconds between two visits")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    OUT.mkdir(exist_ok=True)
    with own_engine_data(), stack(**SETTINGS) as site:
        say(f"· an installation of its own was ready after {site.started_in:.1f} s")
        told = asyncio.run(churn(site, words.minutes, words.every, words.seed))
        shutil.copytree(site.state / "logs", OUT / "churn-logs", dirs_exist_ok=True)
        shutil.copy(site.state / "up.log", OUT / "churn-logs")
    (OUT / "churn.json").write_text(json.dumps(told, indent=1))
    (OUT / "churn.md").write_text(table(told))
    print(table(told))
    return int(bool(told["leaks"] or told["uncounted"]))


if __name__ == "__main__":
    sys.exit(main())
