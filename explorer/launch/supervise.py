"""Starts parts in order, starts a part again that ends by itself, and ends all in reverse order. This module does not know what
the parts are for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explorer import priority
from explorer.launch import parent, state
from explorer.launch.console import Console
from explorer.launch.ready import Probe, last_lines
from explorer.launch.state import LaunchError

_LOOK = 0.05  # seconds between two looks at a part that is starting
_LOOK_UP = 0.3
ENDS_MOST, ENDS_WITHIN = 5, 60.0  # a part that ends more often than this within so many seconds stops everything
LOOK_ALIVE, MISSES_MOST = 7.0, 3  # seconds between two questions whether a part lives; how often it may be silent in a row
REST = 0.5  # seconds before a part is started again; longer for one that ended several times


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    argv: tuple[str, ...]
    ready: Probe
    patience: float = 30  # seconds until ready
    ending: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10),)  # signals, seconds after each; then SIGKILL
    niceness: int = priority.USUAL
    lives: Probe | None = None  # asked now and then while it runs; one that says no several times is killed and started again
    tells: bool = False  # the console shows the last line of its log
    note: str = ""  # shown when the part is ready


@dataclass(frozen=True, slots=True)
class Chore:
    """Short work of the supervisor itself between two parts."""

    name: str
    do: Callable[[], str]  # returns the note to show


@dataclass(slots=True)
class Running:
    part: Part
    log: Path
    process: asyncio.subprocess.Process


Step = Part | Chore | tuple[Part, ...]  # the parts of a tuple start together and are awaited in order


class Stopped(Exception):
    """The supervisor was asked to stop while it was still starting parts."""


@dataclass
class Supervisor:
    console: Console
    logs: Path
    run_dir: Path
    environment: dict[str, str]
    running: list[Running] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, steps: Sequence[Step], up: Callable[[], None]) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.asked.set)
        above = asyncio.create_task(self._heed_make(parent.make_above()))
        status = 0
        try:
            for step in steps:
                await self._begin(step)
            up()
            await self._watch()
        except Stopped:
            self.console.done("stopped while starting", mark="■")
        except LaunchError as error:
            status = 1
            self._complain(error)
        finally:
            above.cancel()
            await self._end_all()
        return status

    async def _heed_make(self, make: int) -> None:
        while make and not self.asked.is_set():
            await asyncio.sleep(_LOOK_UP)
            if parent.wants_us_to_stop(make):
                self.asked.set()

    def _complain(self, error: LaunchError) -> None:
        self.console.line(f"✗ {error}")
        for line in error.tail.splitlines():
            self.console.line(f"  │ {line}")

    async def _begin(self, step: Step) -> None:
        together = step if isinstance(step, tuple) else (step,)
        self.console.begin(together[0].name)
        if self.asked.is_set():
            raise Stopped
        if isinstance(step, Chore):
            self.console.done(await asyncio.to_thread(step.do))
            return
        for one in [await self._start(part) for part in together if isinstance(part, Part)]:
            self.console.begin(one.part.name)
            await self._wait_ready(one)
            self.console.done(one.part.note)

    async def _start(self, part: Part) -> Running:
        one = Running(part, self.logs / f"{part.name}.log", await self._spawn(part))
        self.running.append(one)
        self._remember()
        return one

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        # A new session: Ctrl-C reaches only the supervisor, which ends the parts in order. If it is killed, they get a SIGTERM.
        try:
            with (self.logs / f"{part.name}.log").open("wb") as out:
                process = await asyncio.create_subprocess_exec(
                    *("setpriv", "--pdeathsig", "TERM", "--"),
                    *part.argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env=self.environment,
                    start_new_session=True,
                )
        except OSError as error:
            raise LaunchError(f"{part.name} could not be started: {error.strerror} ({error.filename})") from error
        if part.niceness != priority.USUAL:
            priority.give(process.pid, part.niceness)
        return process

    def _remember(self) -> None:
        state.remember(self.run_dir, {each.part.name: each.process.pid for each in self.running})

    async def _wait_ready(self, one: Running) -> None:
        until = time.monotonic() + one.part.patience
        while not await one.part.ready(one.log):
            if self.asked.is_set():
                raise Stopped
            if one.process.returncode is not None:
                raise self._failure(one, f"{one.part.name} ended while starting, {ending(one.process.returncode)}")
            if time.monotonic() > until:
                raise self._failure(one, f"{one.part.name} was not ready after {one.part.patience:.0f} s")
            self.console.detail(next(iter(last_lines(one.log, 1)), "") if one.part.tells else "")
            await asyncio.sleep(_LOOK)

    def _failure(self, one: Running, sentence: str) -> LaunchError:
        return LaunchError(f"{sentence}; the end of {one.log}:", "\n".join(last_lines(one.log, 12)))

    async def _watch(self) -> None:
        """Returns when the supervisor is asked to stop. Raises LaunchError when a part ends by itself again and again."""
        keepers = [asyncio.create_task(self._keep(one)) for one in self.running]
        await asyncio.wait(keepers, return_when=asyncio.FIRST_COMPLETED)
        self.asked.set()  # the other keepers return too
        for outcome in await asyncio.gather(*keepers, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _keep(self, one: Running) -> None:
        """Starts a part again each time it ends by itself, until the supervisor is asked to stop."""
        ends: deque[float] = deque(maxlen=ENDS_MOST)
        while await self._ended_by_itself(one):
            sentence = f"{one.part.name} ended by itself, {ending(one.process.returncode or 0)}"
            if len(ends) == ENDS_MOST and time.monotonic() - ends[0] < ENDS_WITHIN:
                raise self._failure(one, f"{sentence}, for the {ENDS_MOST + 1}th time within a minute")
            self.console.line(f"• {sentence}; starting it again")
            ends.append(time.monotonic())
            await self._start_again(one, REST * sum(at > ends[-1] - ENDS_WITHIN for at in ends))

    async def _ended_by_itself(self, one: Running) -> bool:
        waits = [asyncio.create_task(one.process.wait()), asyncio.create_task(self.asked.wait())]
        hangs = asyncio.create_task(self._hangs(one))
        await asyncio.wait([*waits, hangs], return_when=asyncio.FIRST_COMPLETED)
        if hangs.done() and not self.asked.is_set():
            self.console.line(f"• {one.part.name} runs and does not answer; it is killed")
            kill_session(one)
            await one.process.wait()
        for task in (*waits, hangs):
            task.cancel()
        return not self.asked.is_set()

    async def _hangs(self, one: Running) -> None:
        """Returns when a part has been silent `MISSES_MOST` times in a row."""
        if one.part.lives is None:
            await asyncio.Event().wait()
            return
        misses = 0
        while misses < MISSES_MOST:
            await asyncio.sleep(LOOK_ALIVE)
            misses = 0 if await one.part.lives(one.log) else misses + 1

    async def _start_again(self, one: Running, rest: float) -> None:
        """Starts a part again. One that is not ready in time is killed, and counts as one more end."""
        began = time.monotonic()
        kill_session(one)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.asked.wait(), rest)
        if self.asked.is_set():
            return
        with contextlib.suppress(OSError):
            one.log.replace(one.log.with_suffix(".before.log"))
        one.process = await self._spawn(one.part)
        self._remember()
        try:
            await self._wait_ready(one)
            self.console.line(f"✓ {one.part.name} is back after {time.monotonic() - began:.1f} s")
        except LaunchError as error:
            self._complain(error)
            kill_session(one)
        except Stopped:
            return

    async def _end_all(self) -> None:
        for one in reversed(self.running):
            self.console.begin(one.part.name)
            clean = await end(one)
            self.console.done("stopped" if clean else "had to be killed", mark="■")
        self.running.clear()


async def end(one: Running) -> bool:
    """Ends a part. True when the part ended without SIGKILL."""
    clean = False
    for number, patience in one.part.ending:
        with contextlib.suppress(ProcessLookupError):
            one.process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(one.process.wait(), patience)
            clean = True
            break
    kill_session(one)
    await one.process.wait()
    return clean


def kill_session(one: Running) -> None:
    """Kills a part and the other processes of its session, also those that it left when it ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(one.process.pid, signal.SIGKILL)


def ending(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
