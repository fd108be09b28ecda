"""Runs one command in a sandbox and hands on what it writes, as it writes it."""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

import requests
from docker.errors import APIError, DockerException, NotFound

import docker
from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.errors import HostError, HostTimeout, NotThere
from explorer.lab.hosts import lans

Write = Callable[[Literal["out", "err"], bytes], None]
_STREAMS: dict[int, Literal["out", "err"]] = {1: "out", 2: "err"}
_HEADER = struct.Struct(">BxxxI")
_CHUNK = 65536


def run_in(
    config: LabConfig,
    sandbox: str,
    where: str,
    argv: list[str],
    write: Write,
    timeout: float,
    stdin: bytes = b"",
) -> int:
    """Returns the command's own exit status. `where` is a host, a machine, or HOST/CONTAINER."""
    name, _, container = where.partition("/")
    if not argv or any("\0" in word for word in argv):
        raise HostError("That is not a command.")
    if container:
        if container.startswith("-"):
            raise NotThere(f"There is no container {container!r}.")
        argv = ["docker", "exec", *(["-i"] if stdin else []), container, *argv]
    with session(config) as client:
        return execute(client, find(config, client, sandbox, name), argv, write, timeout, stdin)


def find(config: LabConfig, client: docker.DockerClient, sandbox: str, name: str) -> str:
    """The engine's id of a running host or machine."""
    wanted = lans.filters(config, sandbox)
    wanted["label"].append(f"explorer.name={name}")
    found = client.api.containers(filters=wanted)
    if not found:
        raise NotThere(f"There is no {name} in this sandbox.", sandbox)
    return str(found[0]["Id"])


def execute(
    client: docker.DockerClient, container: str, argv: list[str], write: Write, timeout: float, stdin: bytes = b""
) -> int:
    """Runs argv in a container of the engine. On timeout the process is ended and HostTimeout raised."""
    until = time.monotonic() + timeout
    try:
        identity = client.api.exec_create(container, argv, stdin=bool(stdin), environment={"TERM": "dumb"})["Id"]
        stream = client.api.exec_start(identity, socket=True)
    except NotFound as error:
        raise NotThere("That host is gone.", str(error)) from error
    except APIError as error:
        if error.response is not None and error.response.status_code == 409:
            raise NotThere("That host is not running.", str(error)) from error
        raise
    connection: socket.socket = stream._sock  # type: ignore[union-attr]
    connection.setblocking(False)
    try:
        _carry(connection, write, stdin, until, _read_ahead(stream))
        return _status(client, identity, until)
    except TimeoutError:
        _end(client, identity)
        raise HostTimeout(f"The command did not end within {timeout:g} s.", " ".join(argv)[:200]) from None
    finally:
        stream._response.close()  # type: ignore[union-attr]  # closing only the stream makes newer Pythons complain
        connection.close()


def _read_ahead(stream: Any) -> bytes:
    """What came together with the head of the engine's answer: the HTTP client has taken it off the socket already."""
    return bytes(stream._response.raw._fp.fp.peek())


def _carry(connection: socket.socket, write: Write, stdin: bytes, until: float, ahead: bytes) -> None:
    """Feeds standard input and splits the engine's framing of the two output streams."""
    waiting, rest, buffer = bool(stdin), memoryview(stdin), bytearray(ahead)
    _unframe(buffer, write)
    while True:
        seconds = until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        readable, writable, _ = select.select([connection], [connection] if waiting else [], [], seconds)
        if writable:
            with suppress(BlockingIOError):
                rest = rest[connection.send(rest[:_CHUNK]) :]
            if not rest:
                connection.shutdown(socket.SHUT_WR)
                waiting = False
        if readable:
            try:
                data = connection.recv(_CHUNK)
            except BlockingIOError:
                continue
            if not data:
                return
            buffer += data
            _unframe(buffer, write)


def _unframe(buffer: bytearray, write: Write) -> None:
    while len(buffer) >= _HEADER.size:
        kind, size = _HEADER.unpack_from(buffer)
        if len(buffer) < _HEADER.size + size:
            return
        payload = bytes(buffer[_HEADER.size : _HEADER.size + size])
        del buffer[: _HEADER.size + size]
        if payload:
            write(_STREAMS.get(kind, "out"), payload)


def _status(client: docker.DockerClient, identity: str, until: float) -> int:
    while True:
        found = client.api.exec_inspect(identity)
        if not found["Running"]:
            return int(found["ExitCode"] or 0)
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.01)


def _end(client: docker.DockerClient, identity: str) -> None:
    """Ends the exec's process, which is one of the node's own process ids."""
    with suppress(DockerException, requests.RequestException, ProcessLookupError):
        pid = client.api.exec_inspect(identity)["Pid"]
        if pid:
            os.kill(pid, signal.SIGKILL)
