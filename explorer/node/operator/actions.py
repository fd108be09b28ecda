"""What `manage.py sandbox` does, on the node's own machine.

When a worker runs here, the command sends a task and follows the sandbox's stream. Without a worker the command does the work
itself, so an engine alone is enough.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connections
from pydantic import ValidationError

from explorer.lab.errors import LabError, NodeError
from explorer.lab.hosts import run
from explorer.network.engines import DEFAULT_ENGINE
from explorer.network.grid import Grid
from explorer.network.journeys import Asked, Journeys
from explorer.network.model import Snapshot
from explorer.network.scenario import SCENARIOS
from explorer.node.operator import weather
from explorer.node.operator.look import grid_once, journey_once, look_once
from explorer.node.operator.trouble import Trouble
from explorer.node.this_node import ensure_node, lab_config
from explorer.node.work import work
from explorer.sandboxes import life, limits, opening, streams
from explorer.sandboxes.events import Event, fresh_key, snapshot_key
from explorer.sandboxes.models import Action, Learner, Sandbox
from explorer.sandboxes.nodes import read_nodes

State = Sandbox.State
Say = Callable[[str], None]
OPENING_SECONDS = 150.0
CLOSING_SECONDS = 120.0
EXEC_SECONDS = 24 * 3600.0
MOVING = (State.QUEUED, State.OPENING, State.RESETTING, State.CLOSING)


def scenario_of(name: str, hosts: int) -> str:
    if name:
        if name not in SCENARIOS:
            raise Trouble(f"There is no scenario {name!r}; there are {', '.join(SCENARIOS)}.")
        return name
    fitting = [scenario.name for scenario in SCENARIOS.values() if len(scenario.hosts) == hosts]
    if not fitting:
        raise Trouble(f"There is no scenario with {hosts} hosts.")
    return fitting[0]


def find(sandbox: str) -> Sandbox:
    found = Sandbox.objects.filter(pk=sandbox).first()
    if found is None:
        raise Trouble(f"There is no sandbox {sandbox[:40]!r}.")
    return found


def find_ready(sandbox: str) -> Sandbox:
    found = find(sandbox)
    if found.state != State.READY:
        raise Trouble(f"Sandbox {found.pk} is {found.state}, not ready.")
    return found


def open_sandbox(scenario: str, say: Say, engine: str = DEFAULT_ENGINE) -> dict[str, Any]:
    """Opens a sandbox and waits until it is ready. Returns `describe` and the seconds it took. Raises `Trouble`."""
    began = time.monotonic()
    if worker_is_here():
        sandbox = opening.open_sandbox(Learner.objects.create(), opening.Wish(scenario=scenario, engine=engine), read_nodes())
    else:
        say("no worker is running: opening it here")
        node = ensure_node()
        sandbox, action = opening.book_sandbox(Learner.objects.create(), scenario=scenario, node=node.pk, engine=engine)
        _do_here(work.open_sandbox, action)
    sandbox = _follow(sandbox, OPENING_SECONDS, say)
    if sandbox.state != State.READY:
        raise Trouble(sandbox.reason or f"The sandbox did not open; it is {sandbox.state}.")
    weather.begin_here(sandbox, say)
    return describe(sandbox) | {"seconds": round(time.monotonic() - began, 2)}


def describe(sandbox: Sandbox) -> dict[str, Any]:
    """The sandbox as the command prints it. `expires_at` is in Unix seconds, or None."""
    return {
        "id": sandbox.pk,
        "state": sandbox.state,
        "scenario": sandbox.scenario,
        "engine": sandbox.engine,
        "generation": sandbox.generation,
        "node": sandbox.node_id or "",
        "comparison": sandbox.comparison_id or "",
        "phase": sandbox.phase,
        "reason": sandbox.reason,
        "subnet": sandbox.facts.get("subnet", ""),
        "hosts": sandbox.facts.get("hosts", {}),
        "machines": sandbox.facts.get("machines", {}),
        "expires_at": sandbox.expires_at.timestamp() if sandbox.expires_at else None,
    }


def list_sandboxes(everything: bool = False) -> list[dict[str, Any]]:
    """All sandboxes that are not over, or with `everything` all, oldest first, as `describe` gives them."""
    rows = Sandbox.objects.order_by("created_at")
    return [describe(row) for row in (rows if everything else rows.exclude(state__in=Sandbox.OVER))]


def reset_sandbox(sandbox: Sandbox, say: Say) -> dict[str, Any]:
    """Resets the sandbox and waits until it is ready again. Returns what `open_sandbox` returns. Raises `Trouble`."""
    began = time.monotonic()
    action = life.reset_sandbox(sandbox)
    if not worker_is_here():
        _do_here(work.reset_sandbox, action)
    sandbox = _follow(sandbox, OPENING_SECONDS, say)
    if sandbox.state != State.READY:
        raise Trouble(sandbox.reason or f"The sandbox was not reset; it is {sandbox.state}.")
    weather.begin_here(sandbox, say)
    return describe(sandbox) | {"seconds": round(time.monotonic() - began, 2)}


def close_sandbox(sandbox: Sandbox, say: Say) -> dict[str, Any]:
    """Closes the sandbox and waits until it is over. Returns its id, its state and the seconds it took. Raises `Trouble`."""
    began = time.monotonic()
    action = life.close_sandbox(sandbox)
    if not worker_is_here():
        _do_here(work.close_sandbox, action)
    sandbox = _follow(sandbox, CLOSING_SECONDS, say)
    if sandbox.state not in Sandbox.OVER:
        raise Trouble(f"The sandbox has not closed yet; it is {sandbox.state}. The node goes on trying.")
    return {"id": sandbox.pk, "state": sandbox.state, "seconds": round(time.monotonic() - began, 2)}


def all_open() -> list[Sandbox]:
    return list(Sandbox.objects.exclude(state__in=Sandbox.OVER).order_by("created_at"))


def execute(sandbox: Sandbox, where: str, argv: list[str], write: Callable[[Any, bytes], None], stdin: bytes) -> int:
    if sandbox.state != State.READY:
        raise Trouble(f"Sandbox {sandbox.pk} is {sandbox.state}, not ready.")
    return run.run_in(lab_config(), sandbox.pk, where, argv, write, EXEC_SECONDS, stdin)


def read_snapshot(sandbox: Sandbox) -> Snapshot:
    """The relay's present snapshot. Without a relay, the command looks once itself."""
    try:
        client = streams.redis()
        kept = client.get(snapshot_key(sandbox.pk)) if client.exists(fresh_key(sandbox.pk)) else None
    except (streams.RedisError, OSError):
        kept = None
    if isinstance(kept, bytes):
        snapshot = Snapshot.model_validate_json(kept)
        if snapshot.generation == sandbox.generation:
            return snapshot
    if sandbox.state != State.READY:
        raise Trouble(f"Sandbox {sandbox.pk} is {sandbox.state}, not ready.")
    return asyncio.run(look_once(lab_config(), sandbox.pk, sandbox.generation, sandbox.facts))


def follow_journey(sandbox: Sandbox, asked: dict[str, Any]) -> Journeys:
    """Sends one real packet and follows it, from this process."""
    if sandbox.state != State.READY:
        raise Trouble(f"Sandbox {sandbox.pk} is {sandbox.state}, not ready.")
    try:
        question = Asked.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        raise Trouble(f"That cannot be asked: {first['loc'][-1]}: {first['msg']}.") from error
    return asyncio.run(journey_once(lab_config(), sandbox.pk, sandbox.generation, sandbox.facts, question))


def measure_reach(sandbox: Sandbox) -> Grid:
    """Measures which place reaches which other place, from this process."""
    if sandbox.state != State.READY:
        raise Trouble(f"Sandbox {sandbox.pk} is {sandbox.state}, not ready.")
    return asyncio.run(grid_once(lab_config(), sandbox.pk, sandbox.generation, sandbox.facts))


def read_events(sandbox: Sandbox, since: int) -> streams.Stretch:
    try:
        return streams.read_since(streams.redis(), sandbox.pk, since)
    except (streams.RedisError, OSError) as error:
        raise Trouble("Nothing keeps the event streams: Redis is not running here.") from error


def sentence_of(error: Exception) -> str:
    if isinstance(error, limits.Refused):
        return error.sentence
    if isinstance(error, NodeError):
        return f"{error} Is the engine running here? `manage.py engine` starts it; `manage.py labdoctor` says more."
    return str(error) if isinstance(error, LabError | Trouble) else repr(error)


def worker_is_here() -> bool:
    return any(node.pk == settings.NODE_NAME for node in read_nodes().here)


def _do_here(do: Callable[[int], None], action: Action) -> None:
    """Does the work in a thread, so that the phases can be followed as with a worker."""

    def run() -> None:
        try:
            do(action.pk)
        finally:
            connections.close_all()

    threading.Thread(target=run, name="work").start()


def _follow(sandbox: Sandbox, seconds: float, say: Say) -> Sandbox:
    """Waits until the row no longer changes, and prints each phase once."""
    until, told = time.monotonic() + seconds, ""
    for row in _rows(sandbox):
        if row.phase != told:
            told = row.phase
            say(f"{row.pk}: {told}")
        if row.state not in MOVING or time.monotonic() > until:
            return row
    return sandbox


def _rows(sandbox: Sandbox) -> Iterator[Sandbox]:
    while True:
        sandbox.refresh_from_db()
        yield sandbox
        time.sleep(0.05)


def write_line(event: Event) -> str:
    """One event as one line of text for a terminal."""
    body = event.model_dump(exclude={"number", "at", "type"}, exclude_defaults=True)
    if event.type == "happened":
        sign = " # " if event.source == "command" else ": "
        about = f"{event.place + sign if event.place else ''}{event.text}"
    elif event.type == "view_changed":
        about = f"{event.place} {event.view} +{len(event.added)} ~{len(event.changed)} -{len(event.removed)}"
    elif event.type == "snapshot_taken":
        about = f"{len(event.snapshot.places)} places"
    elif event.type == "place_seen":
        about = event.place.id
    else:
        about = " ".join(f"{name}={value}" for name, value in body.items())[:160]
    at = datetime.fromtimestamp(event.at, UTC).strftime("%H:%M:%S.%f")[:-3]
    return f"{event.number:>5} {at} {event.type:<15} {about}"
