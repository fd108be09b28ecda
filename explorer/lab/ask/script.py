"""Runs the script of a lesson's check as root on a learner's host, to find out whether something is done.

The script is an exec of the node's engine with a time limit. Every process of it carries a mark in its environment. All
processes with the mark are killed when the script ends or its time is over, in whatever session they are. Its output is
hostile: the first bytes are kept, and too much output ends the script.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import time

from explorer.environment import patient
from explorer.lab.ask.terminals import find_group
from explorer.lab.errors import LabError
from explorer.lab.inside.execs import SCRIPT_MARK
from explorer.lab.inside.execution import Execution, Program, Stream
from explorer.lab.inside.hangup import hold, marked, send
from explorer.lab.inside.places import ControlGroup
from explorer.lab.inside.unix_http import BadAnswer, Connect
from explorer.network.model import ScriptResult

SECONDS = patient(5.0)
END_SECONDS = patient(1.0)
OUTPUT_BYTES = 16 * 1024
SAID_KEPT = 300
KILL_ROUNDS = 20


class TooMuch(Exception):
    """The script writes more than is allowed."""


async def run_script(engine: Connect, container: str, host: str, text: str, seconds: float = SECONDS) -> ScriptResult:
    """The result: the exit status, or why the script did not end. It does not raise LabError or BadAnswer. `container` is the
    host's id on the engine."""
    at, mark = time.time(), f"{SCRIPT_MARK}={secrets.token_hex(12)}"
    output = bytearray()
    try:
        group = (await find_group(engine, container, host)).group
        try:
            status, why = await _run(engine, container, text, mark, output, seconds)
        finally:
            await asyncio.to_thread(end_marked, group, mark)
    except (BadAnswer, LabError) as error:
        return ScriptResult(error=f"It could not be run: {str(error).rstrip('.')}.", at=at)
    return ScriptResult(status=status, error=why, said=spoken(output), at=at)


async def _run(
    engine: Connect, container: str, text: str, mark: str, output: bytearray, seconds: float
) -> tuple[int | None, str]:
    def keep(_: Stream, piece: bytes) -> None:
        output.extend(piece)
        if len(output) > OUTPUT_BYTES:
            raise TooMuch

    program = Program(("bash", "-c", text, "check"), environment=("HOME=/root", "TERM=dumb", mark), directory="/root")
    execution: Execution | None = None
    try:
        async with asyncio.timeout(seconds):
            execution = await Execution.create(engine, container, program)
            await execution.start()
            await execution.carry(keep)
        return await execution.status(END_SECONDS), ""
    except TooMuch:
        return None, f"It wrote more than {OUTPUT_BYTES // 1024} KiB and was ended."
    except TimeoutError:
        # the script may have ended while a process that it started keeps the output open
        status = await execution.status(0) if execution else None
        return status, "" if status is not None else f"It did not end within {seconds:g} s and was ended."
    finally:
        if execution:
            execution.close()


def end_marked(group: ControlGroup, mark: str) -> None:
    """Kills every process of the host that carries the mark, and those that it starts meanwhile, in a bounded number of
    rounds. A pidfd is held before a process is looked at, so a signal cannot reach another process."""
    for _ in range(KILL_ROUNDS):
        held = hold(group)
        try:
            ours = [pid for pid in held if marked(pid, mark)]
            for pid in ours:
                send(held[pid], signal.SIGKILL)
        finally:
            for pidfd in held.values():
                os.close(pidfd)
        if not ours:
            return
        time.sleep(0.02)


def spoken(output: bytearray) -> str:
    """The beginning of the output as one printable line."""
    text = bytes(output[: 4 * SAID_KEPT]).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)[:SAID_KEPT].strip()
