"""Measures how long a packet takes and how many bytes per second get through, with real packets between two places of a
sandbox.

Both ends are sockets that are made in the namespaces of the road's source and target. No program of the learner's takes part.
The program `bounce` sends and receives the bytes. Time, bytes and the number of roads are bounded.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from weakref import WeakKeyDictionary

from explorer.lab.ask.probe import first_address
from explorer.lab.inside.netns import Namespace
from explorer.network.model import Measured, Place, Road, RoadMeasured, Spread

ROUNDS = 10
TRIPS, WARM = 60, 10  # round trips in one round; so many at the beginning are not counted
SECONDS, BYTES = 0.15, 64 * 1024 * 1024  # the end of one throughput run, whichever comes first
LIFE = 12  # seconds for the whole measurement
AGAIN = 10.0
ROADS = 5
ANSWER_BYTES = 512 * 1024
PROGRAM = Path(__file__).with_name("bounce.py")
Find = Callable[[str], Namespace | None]
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is sent in each round. With 0 seconds there are only round trips."""

    rounds: int
    trips: int
    warm: int
    seconds: float
    bytes: int


def usual() -> Effort:
    return Effort(ROUNDS, TRIPS, WARM, SECONDS, BYTES)


class NoRoad(Exception):
    """The road cannot be measured: one sentence for the learner."""


def is_due(before: Measured | None) -> bool:
    """Whether to measure now: there is no result yet, or the last try failed some time ago."""
    return before is None or (bool(before.error) and time.time() - before.at > AGAIN)


async def measure(roads: Sequence[Road], find: Find, places: dict[str, Place], effort: Effort | None = None) -> Measured:
    """The figures. It does not raise because of what a sandbox does; `error` is a sentence then. One measurement at a time in
    an event loop: two would disturb each other."""
    effort = effort or usual()
    loop = asyncio.get_running_loop()
    async with _turns.setdefault(loop, asyncio.Semaphore(1)):
        try:
            figures = await play(roads[:ROADS], find, places, effort)
        except NoRoad as error:
            return Measured(error=str(error), at=time.time())
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else "its sockets failed"
            return Measured(error=f"Nothing could be measured: {why}.", at=time.time())
    measured = [road_measured(road, rounds) for road, rounds in zip(roads, figures, strict=True)]
    return Measured(roads=tuple(measured), at=time.time())


def road_measured(road: Road, rounds: list[tuple[list[float], float]]) -> RoadMeasured:
    trips = [trip for found, _ in rounds for trip in found]
    return RoadMeasured(
        road=road,
        trips=spread(trips, 0.95),
        rates=spread([rate for _, rate in rounds], 1.0) if any(rate for _, rate in rounds) else None,
        by_round=tuple((round(statistics.median(found), 1), round(rate, 1)) for found, rate in rounds),
    )


def spread(samples: list[float], most: float) -> Spread:
    ordered = sorted(samples)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * most))]
    low, median = round(ordered[0], 1), round(statistics.median(ordered), 1)
    return Spread(low=low, median=median, high=round(high, 1), samples=len(ordered))


async def play(
    roads: Sequence[Road], find: Find, places: dict[str, Place], effort: Effort
) -> list[list[tuple[list[float], float]]]:
    """For each road and each round: (round trips in µs, Mbit/s). Raises NoRoad."""
    with ExitStack() as held:
        work = {
            "trips": effort.trips,
            "warm": effort.warm,
            "seconds": effort.seconds,
            "bytes": effort.bytes,
            "life": LIFE,
            "roads": [sockets(road, find, places, held, effort.rounds) for road in roads],
        }
        fds = [fd for road in work["roads"] for fd in (road["listener"], *road["clients"])]  # type: ignore[attr-defined]
        return read_figures(await run_bounce(json.dumps(work), fds), len(roads), effort.rounds)


def sockets(road: Road, find: Find, places: dict[str, Place], held: ExitStack, rounds: int) -> dict[str, object]:
    """One listening socket in the target and one unconnected socket in the source for every round. Raises NoRoad."""
    source, target = find(road.source), find(road.target)
    if source is None or target is None:
        raise NoRoad(f"{road.source if source is None else road.target} is not there.")
    address = first_address(places[road.at], places) if road.at in places else literal(road.at)
    if not address:
        raise NoRoad(f"{road.at} has no address.")
    listener = held.enter_context(target.socket(socket.AF_INET, socket.SOCK_STREAM))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("", road.listen))
        listener.listen(8)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "refused"
        raise NoRoad(f"Port {road.listen} in {road.target} cannot be used for measuring: {why}.") from error
    clients = [held.enter_context(source.socket(socket.AF_INET, socket.SOCK_STREAM)) for _ in range(rounds)]
    fds = [client.fileno() for client in clients]
    return {"listener": listener.fileno(), "clients": fds, "address": address, "port": road.port}


def literal(at: str) -> str:
    try:
        return str(IPv4Address(at))
    except ValueError:
        return ""


async def run_bounce(work: str, fds: list[int]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-ISB",
        str(PROGRAM),
        work,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        pass_fds=fds,
        env={},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LIFE + 1):
            said = await read_bounded(process.stdout) if process.stdout else b""
            await process.wait()
            return said
    except TimeoutError:
        return b""
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the program and its child
        await process.communicate()


async def read_bounded(stream: asyncio.StreamReader) -> bytes:
    """All bytes of the pipe, at most ANSWER_BYTES."""
    said = bytearray()
    while len(said) < ANSWER_BYTES and (piece := await stream.read(ANSWER_BYTES - len(said))):
        said += piece
    return bytes(said)


def read_figures(said: bytes, roads: int, rounds: int) -> list[list[tuple[list[float], float]]]:
    """The figures in the output of `bounce`, by road and round. Raises NoRoad when they are missing or incomplete."""
    try:
        told = json.loads(said)
    except ValueError:
        raise NoRoad(f"The measurement was not over after {LIFE} s.") from None
    if "error" in told:
        raise NoRoad(f"Nothing could be measured: {told['error']}.")
    figures = [[([float(trip) for trip in trips], float(rate)) for trips, rate in road] for road in told["roads"]]
    if len(figures) != roads or any(len(found) != rounds for found in figures):
        raise NoRoad("Not every round was measured.")
    return figures
