"""Text as a person would see it: runs the node's own tools in a learner's network namespace, several in one process.

Only the network namespace is the learner's; the programs, the files and the shell are the node's. The output is bounded in
size and time, and a random marker separates the text of one tool from the next. The processor time of the tools is charged to
the sandbox; those of a sandbox that is in debt run one at a time and give way to all others.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shlex
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from explorer import priority
from explorer.environment import patient
from explorer.lab.inside.allowance import Account

OUTPUT_BYTES = 512 * 1024  # per tool
SECONDS = patient(2.0)
AT_ONCE = 4
MEMORY_KIB = 1024 * 1024  # a tool takes several times the size of a rule set, and its memory is the node's
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
CHARGED = 0.3  # the part of their processor time that is charged: they do not run in the loop
# A program begins a session of its own as its first act. If it began the session before it was executed, the event loop would
# wait until the new session, which comes after others, gets its first time.
SESSION = ("setsid",)
# Each start of tools is a session of its own, so the relay's place before others (see `priority`) is not theirs.
LAST = f"{{ echo {priority.LAST} >/proc/self/autogroup; renice {priority.LAST} $$; }} >/dev/null 2>&1\n"
_TIMES = re.compile(r"(\d+)m(\d+\.\d+)s")
_Turns = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
_turns: _Turns = WeakKeyDictionary()
_late_turns: _Turns = WeakKeyDictionary()


def add_tools(directory: Path) -> None:
    """From now on, a program in this directory of the node's is run before one of the same name elsewhere. A directory that
    others may write to is not taken."""
    try:
        state = directory.stat()
    except OSError:
        return
    parts = ENVIRONMENT["PATH"].split(":")
    if str(directory) not in parts and state.st_uid == os.geteuid() and not state.st_mode & 0o022:
        ENVIRONMENT["PATH"] = ":".join([str(directory), *parts])


@dataclass(frozen=True, slots=True)
class Output:
    """The text of one tool. `error` is one sentence, or empty; `cut` says that the text was longer than what is kept."""

    text: str = ""
    error: str = ""
    cut: bool = False


async def run_tools(fd: int, tools: Mapping[str, Sequence[str]], account: Account | None = None) -> dict[str, Output]:
    """Name → what that tool printed in the namespace `fd`. It does not raise because of what a namespace holds.

    The tools wait for their turn. Meanwhile the caller may close `fd`, and its number may become that of another namespace,
    also one of another sandbox. So they get a descriptor of their own.
    """
    try:
        own = os.dup(fd)
    except OSError as error:
        return {name: Output(error=f"the namespace is gone ({error.strerror})") for name in tools}
    try:
        return await _in_turn(own, tools, account or Account())
    finally:
        os.close(own)


async def _in_turn(fd: int, tools: Mapping[str, Sequence[str]], account: Account) -> dict[str, Output]:
    loop = asyncio.get_running_loop()
    late = account.rest() > 0
    turns = _late_turns.setdefault(loop, asyncio.Semaphore(1)) if late else _turns.setdefault(loop, asyncio.Semaphore(AT_ONCE))
    async with turns:
        outputs = await _run(fd, tools, account, LAST if late else "")
    if len(tools) > 1 and len(outputs) < len(tools):  # one of them writes or waits without end: run each alone
        for name in tools.keys() - outputs.keys():
            outputs |= await _in_turn(fd, {name: tools[name]}, account)
    return outputs


async def _run(fd: int, tools: Mapping[str, Sequence[str]], account: Account, before: str) -> dict[str, Output]:
    marker = secrets.token_hex(12)
    try:
        process = await _started(fd, script(marker, list(tools.values())), before)
    except OSError as error:
        return {name: Output(error=f"the node cannot start its tools ({error.strerror})") for name in tools}
    texts = [bytearray(), bytearray()]
    reading = [asyncio.create_task(_collect(*pair)) for pair in zip((process.stdout, process.stderr), texts, strict=True)]
    late = False
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*reading)
            await process.wait()
    except TimeoutError:
        late = True
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        await end_process(process)
        account.charge(CHARGED * (SECONDS if late else took(bytes(texts[1][-200:]))))
    return await account.aside(outputs_of, list(tools), marker, bytes(texts[0]), bytes(texts[1]), late)


async def _started(fd: int, text: str, before: str) -> asyncio.subprocess.Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *SESSION,
            "nsenter",
            f"--net=/proc/self/fd/{fd}",
            "/bin/sh",
            "-c",
            f"{before}ulimit -v {MEMORY_KIB}\n{text}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[fd],
            env=ENVIRONMENT,
            limit=OUTPUT_BYTES,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # asyncio leaves pipes open when a start is interrupted
        await end_process(await starting)
        raise


async def end_process(process: asyncio.subprocess.Process) -> None:
    """Kills the process and its session's process group, and closes its pipes."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            process.kill()  # it may not have begun its session yet
    await process.communicate()


async def _collect(stream: asyncio.StreamReader | None, text: bytearray) -> None:
    while stream and len(text) <= OUTPUT_BYTES and (piece := await stream.read(64 * 1024)):
        text += piece
    if len(text) > OUTPUT_BYTES:
        raise TimeoutError  # too much output: end the program


def script(marker: str, commands: Sequence[Sequence[str]]) -> str:
    """A shell script. After each tool it prints the marker: with the exit status on standard output, alone on
    standard error. At the end it prints the processor time of all of them on standard error."""
    lines = [f"{shlex.join(command)}; echo {marker} $?; echo {marker} >&2" for command in commands]
    return "\n".join([*lines, "times >&2"])


def took(errors: bytes) -> float:
    """Seconds of processor time that the shell's `times` said of its children: the last two of its four figures."""
    found = _TIMES.findall(errors.decode("utf-8", "replace"))[-2:]
    return sum(60 * int(minutes) + float(seconds) for minutes, seconds in found)


def outputs_of(names: Sequence[str], marker: str, out: bytes, err: bytes, late: bool) -> dict[str, Output]:
    """The outputs of tools that finished. For a single tool that did not finish: the text so far."""
    texts = out.decode("utf-8", "replace").split(marker)
    errors = err.decode("utf-8", "replace").split(marker)
    outputs: dict[str, Output] = {}
    for at, name in enumerate(names):
        if at + 1 >= len(texts):
            break
        status, _, rest = texts[at + 1].partition("\n")
        texts[at + 1] = rest
        said = errors[at].strip() if at < len(errors) else ""
        failed = status.strip() != "0"
        outputs[name] = Output(texts[at], (said.splitlines() or ["the tool failed"])[0][:300] if failed else "")
    if not outputs and len(names) == 1:
        why = "the tool gave no answer in time" if late and len(out) <= OUTPUT_BYTES else ""
        said = (err.decode("utf-8", "replace").strip().splitlines() or [""])[0][:300]
        text = out[:OUTPUT_BYTES].decode("utf-8", "replace").rpartition("\n")[0]
        outputs[names[0]] = Output(text, why or ("" if text else said or "the tool failed"), cut=bool(text))
    return outputs
