"""Plays a lesson on a real sandbox with the lesson's own commands, and reports for each step whether its checks are right.

A check has to fail before the commands of its step (unless it is `given`) and to pass after them. Each prediction has to get
one answer by then, and before the commands of a part of the text that comes after it. Playing needs only the node's engine: no
page, no database, no queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from explorer.environment import patient
from explorer.lab.ask.measure import is_due
from explorer.lab.ask.weather import APPEARS_SECONDS, begin_link
from explorer.lab.config import LabConfig
from explorer.lab.engine import capabilities
from explorer.lab.errors import HostTimeout, NotThere
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import run_in
from explorer.lab.watch.happenings import Deed
from explorer.lab.watch.observe import Observer
from explorer.lessons import checks
from explorer.lessons.model import Command, Lesson, Step
from explorer.network.differ import Change
from explorer.network.engines import DEFAULT_ENGINE
from explorer.network.model import DockerState, Measured, Place, ProbeResult, Script, ScriptResult, Snapshot
from explorer.network.scenario import SCENARIOS
from explorer.sandboxes.models import new_sandbox_id

LIFE_SECONDS = patient(540.0)  # less than the time after which the reconciler removes a sandbox without a row
FIRST_SIGHT_SECONDS = patient(15.0)
SETTLE_SECONDS = patient(1.5)  # counters are read every few seconds, and changes from an earlier step have to be over
GREEN_SECONDS = patient(20.0)
COMMAND_SECONDS = patient(40.0)
BREATH_SECONDS = 0.4  # between two commands; a person needs longer
PROBE_SECONDS = 1.0
OUTPUT_KEPT, LINES_SHOWN = 8192, 12
NOT_FOUND = (126, 127)  # what a shell says when there is no such program
Say = Callable[[str], None]
Keep = Callable[[str, Snapshot], None]


@dataclass
class StepResult:
    step: str
    passed: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.faults


@dataclass
class LessonResult:
    lesson: str
    sandbox: str
    engine: str = DEFAULT_ENGINE
    docker: str = ""  # the version in full, as its daemon said it
    steps: list[StepResult] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        steps = [asdict(step) | {"ok": step.ok} for step in self.steps]
        return {
            "lesson": self.lesson,
            "sandbox": self.sandbox,
            "engine": self.engine,
            "docker": self.docker,
            "ok": self.ok,
            "seconds": self.seconds,
            "steps": steps,
        }


class Silent:
    """A witness that ignores what the observer reports. Its owner reads the observer's places when it needs them."""

    async def place_seen(self, place: Place) -> None: ...
    async def place_gone(self, place_id: str) -> None: ...
    async def view_changed(self, change: Change) -> None: ...
    async def docker_changed(self, docker: DockerState) -> None: ...
    async def frames_counted(self, place: str, interfaces: Mapping[str, int]) -> None: ...
    async def happened(
        self,
        source: Literal["docker", "driver", "kernel", "command", "sandbox", "lesson"],
        place: str,
        text: str,
        detail: str = "",
        deed: Deed | None = None,
    ) -> None: ...


class Stage:
    """A sandbox with an observer."""

    def __init__(self, config: LabConfig, sandbox: str, observer: Observer, say: Say, texts: Mapping[str, str]) -> None:
        self.config, self.sandbox, self.observer, self.say, self.texts = config, sandbox, observer, say, texts
        self.results: dict[str, ProbeResult] = {}
        self.measured: dict[str, Measured] = {}
        self.scripts: dict[str, ScriptResult] = {}
        self.asked_at = self.run_at = 0.0
        self.docker = ""

    def snapshot(self) -> Snapshot:
        return Snapshot(
            sandbox=self.sandbox,
            at=time.time(),
            places=dict(self.observer.places),
            docker=dict(self.observer.docker),
            probes=dict(self.results),
            measured=dict(self.measured),
            scripts=dict(self.scripts),
        )

    async def judge(self, step: Step) -> checks.Verdict:
        """The verdict now. Before that it sends the packets that checks ask for (at most once a second), runs scripts, and
        measures.
        """
        wanted = checks.probes(step, self.snapshot())
        keys = {probe.key for probe in wanted}
        self.results = {key: result for key, result in self.results.items() if key in keys}
        if wanted and time.monotonic() - self.asked_at >= PROBE_SECONDS:
            self.asked_at = time.monotonic()
            for result in await self.observer.probe(wanted):
                self.results[result.probe.key] = result
        await self.run_scripts(checks.scripts(step, self.snapshot()))
        due = checks.measurements(step, self.snapshot())
        self.measured = {one.id: self.measured[one.id] for one in due if one.id in self.measured}
        for one in due:
            if is_due(self.measured.get(one.id)):
                self.measured[one.id] = await self.observer.measure(one.roads)
                self.say(f"        {one.title}: {said(self.measured[one.id])}")
        return checks.evaluate(step, self.snapshot())

    async def run_scripts(self, wanted: Sequence[Script]) -> None:
        keys = {one.key for one in wanted}
        self.scripts = {key: result for key, result in self.scripts.items() if key in keys}
        if wanted and time.monotonic() - self.run_at >= PROBE_SECONDS:
            for one in wanted:
                self.scripts[one.key] = await self.observer.run_script(one, self.texts[one.file])
            self.run_at = time.monotonic()

    def unsaid(self) -> list[str]:
        """One line for the author for each script that did not end with status 0."""
        return [
            f"{key.partition(' ')[2]}: {result.error or f'It ended with status {result.status}.'} {result.said}".rstrip()
            for key, result in self.scripts.items()
            if result.status != 0
        ]

    async def play(self, command: Command) -> str:
        """Runs one command in its place. Returns what is wrong, or an empty string. Only a timeout, a missing place and a
        missing program count as wrong; a command that fails otherwise may be meant to.
        """
        self.say(f"    {command.place}$ {command.command}")
        told: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
        argv = ["sh", "-c", command.command]
        try:
            status = await asyncio.to_thread(
                run_in,
                self.config,
                self.sandbox,
                command.place,
                argv,
                lambda stream, data: told[stream].extend(data[:OUTPUT_KEPT]),
                COMMAND_SECONDS,
            )
        except (HostTimeout, NotThere) as error:
            return f"{command.place}$ {command.command}: {error}"
        for line in [*printable(told["out"]), *(printable(told["err"])[-1:] if status else ())]:
            self.say(f"        {line}")
        await asyncio.sleep(BREATH_SECONDS)
        return f"{command.place}$ {command.command}: no such program there" if status in NOT_FOUND else ""


def said(measured: Measured) -> str:
    roads = [
        f"{one.road.title} {one.trips.median} µs, {one.rates.median} Mbit/s"
        for one in measured.roads
        if one.trips and one.rates
    ]
    return measured.error or "; ".join(roads)


def printable(output: bytearray) -> list[str]:
    lines = output[:OUTPUT_KEPT].decode(errors="replace").splitlines()[:LINES_SHOWN]
    return ["".join(letter for letter in line if letter.isprintable())[:160] for line in lines if line.strip()]


async def solve_lesson(
    config: LabConfig,
    lesson: Lesson,
    say: Say,
    *,
    engine: str = DEFAULT_ENGINE,
    skip: tuple[str, int] | None = None,
    until: str = "",
    keep: Keep | None = None,
    patience: float = GREEN_SECONDS,
) -> LessonResult:
    """Plays `lesson` and returns a result for each step. Raises `LabError` when the sandbox cannot be opened, and `NoDriver`
    when this kernel lacks the driver.

    `skip` leaves out commands: (step, N) its Nth command, (step, 0) all of them. `until` is the id of the last step to play.
    `patience` is how many seconds the checks of the last step may take to pass. `keep` is called with the snapshot at the
    start (under "") and after each step (under its id).
    """
    began = time.monotonic()
    await asyncio.to_thread(capabilities.require, lesson.driver)
    async with open_stage(config, lesson, say, engine) as stage:
        result = LessonResult(lesson.slug, stage.sandbox, engine, stage.docker)
        if keep:
            keep("", stage.snapshot())
        last = until or lesson.steps[-1].id
        for step in lesson.steps:
            result.steps.append(await solve_step(stage, step, left(step, skip), patience if step.id == last else GREEN_SECONDS))
            if keep:
                keep(step.id, stage.snapshot())
            say(f"  {'ok  ' if result.steps[-1].ok else 'FAIL'} {step.id}  {result.steps[-1].seconds} s")
            for fault in result.steps[-1].faults:
                say(f"       {fault}")
            if step.id == until:
                break
    result.seconds = round(time.monotonic() - began, 1)
    return result


@asynccontextmanager
async def open_stage(config: LabConfig, lesson: Lesson, say: Say, engine: str = DEFAULT_ENGINE) -> AsyncIterator[Stage]:
    """Opens a new sandbox with the lesson's scenario, and closes it at the end, also after an error."""
    sandbox, scenario = new_sandbox_id(), SCENARIOS[lesson.scenario]
    facts = await asyncio.to_thread(
        lifecycle.open_sandbox, config, sandbox, 1, scenario, time.time() + LIFE_SECONDS, lambda phase, detail: None, engine
    )
    observer = Observer(config, sandbox, 1, facts, Silent())
    watching = asyncio.create_task(observer.run())
    try:
        await first_sight(observer, (*scenario.hosts, *scenario.machines))
        until = time.monotonic() + APPEARS_SECONDS
        for one in (*scenario.weather, *lesson.weather):
            if lack := (await begin_link(observer.set_weather, one, until))[1]:
                say(f"{lesson.slug}: {one.place} {one.interface} without its weather: {lack}")
        stage = Stage(config, sandbox, observer, say, lesson.scripts)
        stage.docker = facts["hosts"][scenario.hosts[0]]["engine"]
        say(f"{lesson.slug}: sandbox {sandbox}, Docker Engine {stage.docker}")
        yield stage
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await watching
        await asyncio.to_thread(lifecycle.close_sandbox, config, sandbox)


async def first_sight(observer: Observer, names: Sequence[str]) -> None:
    until = time.monotonic() + FIRST_SIGHT_SECONDS
    while time.monotonic() < until:
        seen = [observer.places[name] for name in names if name in observer.places]
        if len(seen) == len(names) and all("interfaces" in place.views for place in seen):
            return
        await asyncio.sleep(0.05)


def left(step: Step, skip: tuple[str, int] | None) -> list[tuple[str, Command]]:
    """(the question that the command's part comes after or "", the command) of what is not skipped, in order."""
    commands = [(part.after, command) for part in step.parts for command in part.commands]
    commands += [("", command) for command in step.solution]
    if skip is None or skip[0] != step.id:
        return commands
    return [one for number, one in enumerate(commands, start=1) if skip[1] not in (0, number)]


async def solve_step(stage: Stage, step: Step, commands: Sequence[tuple[str, Command]], patience: float) -> StepResult:
    result, began = StepResult(step.id), time.monotonic()
    await asyncio.sleep(SETTLE_SECONDS if step.checks else 0)
    note(result, await stage.judge(step))
    given = {check.id for check in step.checks if check.given}
    result.faults += [f"check {one!r} is green before the step's commands" for one in result.passed if one not in given]
    for after, command in commands:
        if after and not await answered(stage, step, result, after):
            result.faults.append(f"a learner never sees {command.command!r}: {after!r} has no answer before it")
        if problem := await stage.play(command):
            result.faults.append(problem)
        note(result, await stage.judge(step))
    await wait_green(stage, step, result, patience)
    result.seconds = round(time.monotonic() - began, 1)
    return result


async def answered(stage: Stage, step: Step, result: StepResult, question: str) -> bool:
    """Waits until the machine has answered a question, or the time is over."""
    until = time.monotonic() + GREEN_SECONDS
    while question not in result.answers and time.monotonic() < until:
        await asyncio.sleep(0.25)
        note(result, await stage.judge(step))
    return question in result.answers


async def wait_green(stage: Stage, step: Step, result: StepResult, patience: float) -> None:
    """Waits until every check has passed and every prediction is answered, or the time is over."""
    until = time.monotonic() + patience
    while True:
        verdict = await stage.judge(step)
        note(result, verdict)
        missing = still_missing(step, result)
        if not missing or time.monotonic() > until:
            break
        await asyncio.sleep(0.25)
    result.faults += missing
    result.faults += [f"hint then: {hint}" for hint in verdict.hints if missing]
    result.faults += stage.unsaid() if missing else []


def note(result: StepResult, verdict: checks.Verdict) -> None:
    """Adds to the result what passed and the first answer of each prediction, as the relay does. A second, different answer is
    a fault.
    """
    result.passed += [one for one in verdict.passed if one not in result.passed]
    for prediction, option in verdict.outcomes.items():
        if result.answers.setdefault(prediction, option) != option:
            result.faults.append(f"prediction {prediction!r} was answered {result.answers[prediction]!r}, then {option!r}")


def still_missing(step: Step, result: StepResult) -> list[str]:
    red = [f"check {one.id!r} did not turn green" for one in step.checks if one.id not in result.passed]
    open_ones = [f"prediction {one.id!r} was not answered" for one in step.predictions if one.id not in result.answers]
    return red + open_ones
