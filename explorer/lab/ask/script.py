"""Runs the script of a lesson's check as root on a learner's host, to find out whether something is done.

The script is an exec of the node's engine with a time limit. A keeper (KEEPER) stands above it: the kernel gives it every
process of the script whose parent has ended, in whatever session and with whatever environment, and the keeper kills them when
the script ends. When the time is over, the node kills the keeper's descendants first and the keeper last; it finds the keeper
by a mark in the environment. The script's output is hostile: the first bytes are kept, and too much output ends the script.
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
from explorer.lab.inside.places import ControlGroup, read_text
from explorer.lab.inside.unix_http import BadAnswer, Connect
from explorer.network.model import ScriptResult

SECONDS = patient(5.0)
END_SECONDS = patient(1.0)
OUTPUT_BYTES = 16 * 1024
SAID_KEPT = 300
KILL_ROUNDS = 20
# Runs its arguments as a child, and ends with the child's status when no descendant is left. 36 is PR_SET_CHILD_SUBREAPER.
KEEPER = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
child = os.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
for number in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), number)
status = os.waitpid(child, 0)[1]
def children(pid):
    try:
        return [int(word) for word in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []
for _ in range(1000):
    waiting = children(os.getpid())
    if not waiting:
        break
    for pid in waiting:
        waiting += children(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
os._exit(os.waitstatus_to_exitcode(status) & 255 if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
"""


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

    kept = ("python3", "-I", "-S", "-c", KEEPER, "bash", "-c", text, "check")
    program = Program(kept, environment=("HOME=/root", "TERM=dumb", mark), directory="/root")
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
    """Kills every process of the host that carries the mark and all their descendants, those that they start meanwhile too, in
    a bounded number of rounds: processes with a parent among them first, since their children come to the keeper. A pidfd is
    held before a process is looked at, so a signal cannot reach another process."""
    for _ in range(KILL_ROUNDS):
        held = hold(group)
        try:
            ours = family({pid: parent(pid) for pid in held}, {pid for pid in held if marked(pid, mark)})
            below = {pid for pid in ours if parent(pid) in ours}
            for pid in below or ours:
                send(held[pid], signal.SIGKILL)
        finally:
            for pidfd in held.values():
                os.close(pidfd)
        if not ours:
            return
        time.sleep(0.02)


def family(parents: dict[int, int], first: set[int]) -> set[int]:
    """`first` and all their descendants. `parents` has the parent of each process."""
    found = set(first)
    while more := {pid for pid, above in parents.items() if above in found} - found:
        found |= more
    return found


def parent(pid: int) -> int:
    try:
        return int(read_text(f"/proc/{pid}/stat", 4096).rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def spoken(output: bytearray) -> str:
    """The beginning of the output as one printable line."""
    text = bytes(output[: 4 * SAID_KEPT]).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)[:SAID_KEPT].strip()
