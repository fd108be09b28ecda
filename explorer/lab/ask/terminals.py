"""Root shells in a sandbox: on a host, in one of its containers, on a machine.

A shell is an exec of the node's engine with a terminal of its own. It does not die with its connection, so closing finds
the process by a mark in its environment and hangs up, as closing a terminal window does; what was started with `nohup`
goes on. The name of a place becomes an argument of a program, never part of a command line.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError, LabError, NodeError, NotThere
from explorer.lab.inside.hangup import hang_up
from explorer.lab.inside.inner import to_daemon
from explorer.lab.inside.places import ControlGroup
from explorer.lab.inside.unix_http import SECONDS, BadAnswer, Connect, Exchange, ask, ask_json, start, to_path

PLACE = re.compile(r"([a-z][a-z0-9-]{0,30})(?:/([a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}))?")
SANDBOX = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
READ_BYTES = 32 * 1024
COLUMNS, ROWS = range(10, 501), range(3, 301)
MARK = "EXPLORER_TERMINAL"
# An engine leaves a terminal when these keys are typed: Ctrl-P and Ctrl-Q unless it is told others, and the first of them is
# held back until the next. It cannot be told none; these are keys nobody types in a row, and nobody waits for the first.
DETACH_KEYS = ",".join(["ctrl-@", "ctrl-^", "ctrl-@", "ctrl-_"] * 4)
ANY_SHELL = "if command -v bash >/dev/null; then exec bash; else exec sh; fi"


class Terminal:
    """One shell. `reason` says why it closed, once `read` has returned nothing."""

    def __init__(self, engine: Connect, place: str, exec_id: str, mark: str, group: ControlGroup, exchange: Exchange) -> None:
        self.place, self.reason = place, ""
        self._engine, self._exec, self._mark, self._group = engine, exec_id, mark, group
        self._exchange, self._socket = exchange, exchange.socket
        self._first = exchange.connection.trailing_data[0]
        self._writing = asyncio.Lock()
        self._closed = self._reading = False

    @classmethod
    async def open(cls, config: LabConfig, sandbox: str, place: str, columns: int, rows: int) -> Terminal:
        """Raises NotThere, HostError or NodeError."""
        named = PLACE.fullmatch(place)
        if not named or not SANDBOX.fullmatch(sandbox):
            raise NotThere("There is no such place.")
        engine = to_path(str(config.socket))
        name = f"x-{config.install}-{sandbox}-{named[1]}"
        try:
            group = await find_group(engine, name, named[1])
            if named[2]:
                await require_container(group.pid, group.group, named[1], named[2])
            mark = secrets.token_hex(12)
            exec_id = await create_exec(engine, name, shell(named[2], mark), mark)
            async with asyncio.timeout(SECONDS):
                body = json.dumps({"Detach": False, "Tty": True}).encode()
                exchange = await start(engine, "POST", f"/exec/{exec_id}/start", body, upgrade=True)
        except (BadAnswer, TimeoutError) as error:
            raise NodeError("The node's engine does not answer.", str(error)) from error
        if exchange.status not in (101, 200):
            exchange.close()
            raise HostError(f"No shell could be started on {place}.", f"exec start answered {exchange.status}")
        terminal = cls(engine, place, exec_id, mark, group.group, exchange)
        try:
            await terminal.resize(columns, rows)
        except BaseException:
            await terminal.close()
            raise
        return terminal

    async def read(self) -> bytes:
        """The next bytes; b"" once it is closed."""
        first, self._first = self._first, b""
        if first:
            return bytes(first)
        data = b""
        if not self._closed:
            self._reading = True
            try:
                with suppress(OSError):
                    data = await asyncio.get_running_loop().sock_recv(self._socket, READ_BYTES)
            finally:
                self._reading = False
                self._let_go()
        if not data and not self.reason:
            self.reason = await self._why()
        return data

    async def write(self, data: bytes) -> None:
        """Waits while the shell takes no input, until it is closed."""
        if self._closed:
            return
        async with self._writing:
            if self._closed:
                return
            with suppress(OSError):  # it has ended; `read` says so
                await asyncio.get_running_loop().sock_sendall(self._socket, data)
        self._let_go()

    def _let_go(self) -> None:
        """Once it is closed, whoever still waits for the socket lets go of it last: a closed one wakes nobody."""
        if self._closed and not self._reading and not self._writing.locked():
            self._exchange.close()

    async def resize(self, columns: int, rows: int) -> None:
        """Sizes of nonsense become the nearest sensible ones. A shell that has just ended needs no size."""
        columns = min(max(columns, COLUMNS[0]), COLUMNS[-1])
        rows = min(max(rows, ROWS[0]), ROWS[-1])
        for _ in range(5):  # the engine refuses until the process has started
            try:
                status, _body = await ask(self._engine, "POST", f"/exec/{self._exec}/resize?h={rows}&w={columns}")
            except BadAnswer:
                return
            if status < 300:
                return
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Ends the shell. Doing it twice does nothing twice."""
        if self._closed:
            return
        self._closed = True
        self.reason = self.reason or "It was closed."
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a reader and a writer
        self._let_go()
        await asyncio.to_thread(hang_up, self._group, f"{MARK}={self._mark}")

    async def _why(self) -> str:
        try:
            told = await ask_json(self._engine, f"/exec/{self._exec}/json")
        except BadAnswer:
            return f"{self.place.partition('/')[0]} has stopped."
        code = told.get("ExitCode")
        if told.get("Running"):
            return "The connection to the shell was lost."
        return "The shell has ended." if code in (0, None, 130) else f"The shell has ended (exit status {code})."


async def end_shells(config: LabConfig, sandbox: str, place: str) -> int:
    """Ends every shell on a host (and in its containers) or machine: those of a relay that is no more. How many there were."""
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


async def find_group(engine: Connect, name: str, shown: str) -> _Found:
    status, body = await ask(engine, "GET", f"/containers/{name}/json")
    told: dict[str, Any] = json.loads(body) if status == 200 else {}
    if status == 404:
        raise NotThere(f"There is no {shown} in this sandbox.")
    pid = told.get("State", {}).get("Pid", 0)
    if not pid:
        raise HostError(f"{shown} is not running.", f"engine answered {status}")
    try:
        return _Found(pid, ControlGroup.of(pid, told["Id"]))
    except OSError as error:
        raise HostError(f"{shown} is not running.", str(error)) from error


async def require_container(pid: int, group: ControlGroup, host: str, container: str) -> None:
    """A kinder answer than a shell that closes at once."""
    try:
        told = await ask_json(to_daemon(pid, group.belongs), f"/containers/{container}/json")
        running = isinstance(told, dict) and isinstance(told.get("State"), dict) and told["State"].get("Running")
    except BadAnswer as error:
        if "404" in str(error):
            raise NotThere(f"There is no container {container} on {host}.") from error
        raise HostError(f"The Docker daemon on {host} does not answer.", str(error)) from error
    if not running:
        raise HostError(f"{container} is not running.")


def shell(container: str | None, mark: str) -> list[str]:
    if not container:
        return ["bash", "-l"]
    environment = ["-e", "TERM=xterm-256color", "-e", f"{MARK}={mark}"]
    return ["docker", "exec", "-it", "--detach-keys", DETACH_KEYS, *environment, container, "sh", "-c", ANY_SHELL]


async def create_exec(engine: Connect, name: str, command: list[str], mark: str) -> str:
    wanted = {
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": True,
        "DetachKeys": DETACH_KEYS,
        "Cmd": command,
        "Env": ["TERM=xterm-256color", f"{MARK}={mark}"],
    }
    status, body = await ask(engine, "POST", f"/containers/{name}/exec", wanted)
    if status != 201:
        refusal: type[LabError] = NotThere if status == 404 else HostError
        raise refusal("No shell could be started there.", f"exec create answered {status}: {body[:300]!r}")
    return str(json.loads(body)["Id"])
