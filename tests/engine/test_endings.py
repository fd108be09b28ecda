"""Every way a packet can end: each is made on a real host, and a plain tool beside it proves what is so.

All ways are made with Docker Engine 26, and with 28 those that depend on what Docker does. `EXPLORER_ENDINGS=all` makes all of
them with both; the table of endings is written from this (`make test-endings`).
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from explorer.lab.ask import journey
from explorer.lab.drops.hear import why_not
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.journeys import Asked
from explorer.network.scenario import SCENARIOS
from explorer.node.operator.look import looking
from tests.engine.endings import arriving, names, own, routes, rules, table, tracking
from tests.engine.endings.row import BEGIN, PROGRAMS
from tests.lab.drops.compiled import compiled
from tests.network.journeys.kept import keep

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
SETTLE = 1.5  # seconds, so that the views show what was just made


DOCKERS = (*names.ROWS, *tracking.ROWS)
ROWS = (*arriving.ROWS, *rules.ROWS, *routes.ROWS, *own.ROWS, *DOCKERS)
WITH = {"26": ROWS, "28": ROWS if os.environ.get("EXPLORER_ENDINGS") == "all" else DOCKERS}
RECORDS = 12.0  # seconds until what the kernel sends by itself counts too
PLACES = 30.0  # seconds until the observer sees a container that was just made


class Host:
    """A sandbox whose observer runs while the test lets it run."""

    def __init__(self, lab_config, engine):
        compiled()
        self.engine = engine
        self.config, self.name, self.runner = lab_config, f"ends-{secrets.token_hex(4)}", asyncio.Runner()
        until = time.time() + 3600
        self.facts = lifecycle.open_sandbox(lab_config, self.name, 1, SCENARIOS["one-host"], until, lambda *_: None, engine)
        self.lan = self.facts["hosts"]["h1"]["address"].rpartition(".")[0]
        for command in (*BEGIN, "in web ip -br link show eth0 | awk '{print $3}' > /tmp/mac"):
            self.type(command)
        self.looking = looking(lab_config, self.name, 1, self.facts)
        self.observer = self.runner.run(self.looking.__aenter__())

    def close(self):
        self.runner.run(self.looking.__aexit__(None, None, None))
        self.runner.close()
        lifecycle.close_sandbox(self.config, self.name)

    def type(self, command):
        """A command in h1; `in NAME …` is one of h1's tools in the network namespace of a container."""
        for name, program in PROGRAMS.items():
            command = command.replace(name, program.replace('"', "'"))
        inside = re.sub(r"^in (\w+) ", r"nsenter -t $(docker inspect -f '{{.State.Pid}}' \1) -n ", command)
        said: list[bytes] = []
        status = run_in(self.config, self.name, "h1", ["bash", "-lc", inside], lambda _, data: said.append(data), 60)
        told = b"".join(said).decode(errors="replace")
        assert status == 0, f"{command}: {told}"
        return told

    def follow(self, row):
        until = time.monotonic() + PLACES
        while row.source not in self.observer.places and time.monotonic() < until:
            self.runner.run(asyncio.sleep(0.1))

        async def sent():
            await asyncio.sleep(SETTLE)
            target = row.target.replace("$LAN", self.lan)
            asked = Asked(source=row.source, target=target, kind=row.kind, port=row.port)
            following = asyncio.create_task(self.observer.journey(asked))
            if row.act:
                await asyncio.sleep(1)
                await asyncio.to_thread(self.type, f"{row.act} || true")
            return await following

        return self.runner.run(sent())


@pytest.fixture(scope="module")
def host(request, lab_config, await_engine):
    assert why_not() == "", "these endings need the kernel's drop reasons"
    await_engine(request.param)
    made = Host(lab_config, request.param)
    yield made
    made.close()


@pytest.fixture
def told_from(monkeypatch):
    """What the journey was told from: [(cases, answers)]."""
    found: list[Any] = []
    tell = journey._tell

    def noted(asked, cases, answers, *rest):
        found.append((cases, answers))
        return tell(asked, cases, answers, *rest)

    monkeypatch.setattr(journey, "_tell", noted)
    return found


@pytest.mark.parametrize(
    ("host", "row"),
    [pytest.param(engine, row, id=f"{engine} {row.name}") for engine, rows in WITH.items() for row in rows],
    indirect=["host"],
)
def test_it_is_told_how_it_ended(host, row, told_from, monkeypatch):
    monkeypatch.setattr(journey, "RECORD_SECONDS", RECORDS)
    with ExitStack() as undoing:
        for command in reversed(row.undo):
            undoing.callback(host.type, f"{command} || true")
        for command in row.make:
            host.type(command)
        told = host.follow(row)
        proof = host.type(row.proof[0])
    assert told.error == ""
    proven = re.search(row.proof[1], proof, re.MULTILINE)
    end = told.answer if row.answer else told.request
    assert proven, f"this was to be made, and was not: {proof}; said: {end}"
    assert end is not None, told.result
    assert (end.ending, bool(re.search(row.said, end.end))) == (row.ending, True), f"{end.ending}: {end.end}"
    assert row.grounds <= {one.kind for one in end.evidence}, [one.text for one in end.evidence]
    table.add(host.engine, host.lan, row, proven, end)
    if directory := os.environ.get("EXPLORER_KEEP_ENDINGS"):
        keep(Path(directory), f"{host.engine} {row.name}", (row.ending, row.said, row.answer), *told_from[-1])
