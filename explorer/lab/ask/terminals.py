"""Root shells in a sandbox: on a host, in one of its containers, on a machine.

A shell is an exec of the node's engine with a terminal. The shell does not end with its connection. So closing finds the
shell's processes by a mark in their environment and sends a hangup, as closing a terminal window does; a program that was
started with `nohup` goes on. The name of a place becomes an argument of a program and not a part of a command line.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError, NodeError, NotThere
from explorer.lab.inside.execution import Execution, Program
from explorer.lab.inside.hangup import hang_up
from explorer.lab.inside.host_engine import DOCKER, HostEngine, engine_of
from explorer.lab.inside.inner import to_daemon
from explorer.lab.inside.places import ControlGroup
from explorer.lab.inside.unix_http import BadAnswer, Connect, ask, ask_json, to_path

PLACE = re.compile(r"([a-z][a-z0-9-]{0,30})(?:/([a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}))?")
SANDBOX = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
COLUMNS, ROWS = range(10, 501), range(3, 301)
MARK = "EXPLORER_TERMINAL"
INSPECTED = 1024 * 1024  # bytes that a host's daemon may say of one container
# An engine disconnects from a terminal when these keys are typed: by default Ctrl-P and Ctrl-Q. The engine holds the first
# key back until the next key. It always needs some keys; a person does not type these in a row or wait for the first.
DETACH_KEYS = ",".join(["ctrl-@", "ctrl-^", "ctrl-@", "ctrl-_"] * 4)
ANY_SHELL = "if command -v bash >/dev/null; then exec bash; else exec sh; fi"


class Terminal:
    """One shell. `reason` says why the shell closed, once `read` has returned b""."""

    def __init__(self, place: str, execution: Execution, group: ControlGroup, mark: str) -> None:
        self.place, self.reason = place, ""
        self._execution, self._group, self._mark = execution, group, mark
        self._writing = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, config: LabConfig, sandbox: str, place: str, columns: int, rows: int) -> Terminal:
        """Starts a shell in the place. Raises NotThere, HostError or NodeError."""
        named = PLACE.fullmatch(place)
        if not named or not SANDBOX.fullmatch(sandbox):
            raise NotThere("There is no such place.")
        engine = to_path(str(config.socket))
        name = f"x-{config.install}-{sandbox}-{named[1]}"
        try:
            group = await find_group(engine, name, named[1])
            if named[2]:
                await require_container(group, named[1], named[2])
            mark = secrets.token_hex(12)
            environment = ("TERM=xterm-256color", f"{MARK}={mark}")
            words = shell(named[2], mark, group.engine)
            program = Program(tuple(words), environment, stdin=True, terminal=True, detach_keys=DETACH_KEYS)
            execution = await Execution.create(engine, name, program)
            await execution.start()
        except BadAnswer as error:
            raise NodeError("The node's engine does not answer.", str(error)) from error
        terminal = cls(place, execution, group.group, mark)
        try:
            await terminal.resize(columns, rows)
        except BaseException:
            await terminal.close()
            raise
        return terminal

    async def read(self) -> bytes:
        """The next bytes; b"" after the shell has closed."""
        data = await self._execution.read()
        if not data and not self.reason:
            self.reason = await self._why()
        return data

    async def write(self, data: bytes) -> None:
        """Writes to the shell, and waits while the shell takes no input, until `close`."""
        if self._closed:
            return
        async with self._writing:
            with suppress(OSError):  # the shell has ended; `read` returns b""
                await self._execution.write(data)

    async def resize(self, columns: int, rows: int) -> None:
        """Sets the size of the terminal; a size outside of the limits becomes the nearest allowed one. An ended shell is
        ignored."""
        columns = min(max(columns, COLUMNS[0]), COLUMNS[-1])
        rows = min(max(rows, ROWS[0]), ROWS[-1])
        for _ in range(5):  # the engine refuses until the process has started
            try:
                if await self._execution.resize(columns, rows):
                    return
            except BadAnswer:
                return
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Ends the shell. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self.reason = self.reason or "It was closed."
        self._execution.close()
        await asyncio.to_thread(hang_up, self._group, f"{MARK}={self._mark}")

    async def _why(self) -> str:
        try:
            code = await self._execution.status(0)
        except BadAnswer:
            return f"{self.place.partition('/')[0]} has stopped."
        if code is None:
            return "The connection to the shell was lost."
        return "The shell has ended." if code in (0, 130) else f"The shell has ended (exit status {code})."


async def end_shells(config: LabConfig, sandbox: str, place: str) -> int:
    """Ends every shell on a host (and in its containers) or on a machine, such as those of an earlier relay. Returns their
    number."""
    if not PLACE.fullmatch(place) or not SANDBOX.fullmatch(sandbox):
        raise NotThere("There is no such place.")
    try:
        found = await find_group(to_path(str(config.socket)), f"x-{config.install}-{sandbox}-{place}", place)
    except BadAnswer as error:
        raise NodeError("The node's engine does not answer.", str(error)) from error
    return await asyncio.to_thread(hang_up, found.group, f"{MARK}=")


@dataclass(frozen=True, slots=True)
class _Found:
    pid: int
    group: ControlGroup
    engine: HostEngine


async def find_group(engine: Connect, name: str, shown: str) -> _Found:
    status, body = await ask(engine, "GET", f"/containers/{name}/json")
    told: dict[str, Any] = json.loads(body) if status == 200 else {}
    if status == 404:
        raise NotThere(f"There is no {shown} in this sandbox.")
    pid = told.get("State", {}).get("Pid", 0)
    if not pid:
        raise HostError(f"{shown} is not running.", f"engine answered {status}")
    try:
        return _Found(pid, ControlGroup.of(pid, told["Id"]), engine_of(told.get("Config", {}).get("Labels")))
    except OSError as error:
        raise HostError(f"{shown} is not running.", str(error)) from error


async def require_container(found: _Found, host: str, container: str) -> None:
    """Raises NotThere or HostError when the container cannot be used, so that a person reads a reason and not a
    closed shell."""
    try:
        connect = to_daemon(found.pid, found.group.belongs, found.engine)
        told = await ask_json(connect, f"/containers/{container}/json", most=INSPECTED)
        running = isinstance(told, dict) and isinstance(told.get("State"), dict) and told["State"].get("Running")
    except BadAnswer as error:
        if "404" in str(error):
            raise NotThere(f"There is no container {container} on {host}.") from error
        raise HostError(f"The {found.engine.title} on {host} does not answer.", str(error)) from error
    if not running:
        raise HostError(f"{container} is not running.")


def shell(container: str | None, mark: str, engine: HostEngine = DOCKER) -> list[str]:
    if not container:
        return ["bash", "-l"]
    environment = ["-e", "TERM=xterm-256color", "-e", f"{MARK}={mark}"]
    return [engine.program, "exec", "-it", "--detach-keys", DETACH_KEYS, *environment, container, "sh", "-c", ANY_SHELL]
