"""Runs one command in a sandbox and passes its output on while it is written. It is for callers without asyncio."""

from __future__ import annotations

import asyncio

import docker
from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.errors import HostError, NotThere
from explorer.lab.hosts import lans
from explorer.lab.inside.execution import Program, Write, run_program
from explorer.lab.inside.host_engine import HostEngine, engine_of
from explorer.lab.inside.unix_http import to_path


def run_in(
    config: LabConfig,
    sandbox: str,
    where: str,
    argv: list[str],
    write: Write,
    timeout: float,
    stdin: bytes = b"",
) -> int:
    """The command's own exit status. `where` is a host, a machine, or HOST/CONTAINER."""
    name, _, container = where.partition("/")
    if not argv or any("\0" in word for word in argv):
        raise HostError("That is not a command.")
    if container.startswith("-"):
        raise NotThere(f"There is no container {container!r}.")
    with session(config) as client:
        found, engine = find(config, client, sandbox, name)
    if container:
        argv = [engine.program, "exec", *(["-i"] if stdin else []), container, *argv]
    return execute(config, found, argv, write, timeout, stdin)


def find(config: LabConfig, client: docker.DockerClient, sandbox: str, name: str) -> tuple[str, HostEngine]:
    """The id of a running host or machine on the node's engine, and what it runs its own containers with."""
    wanted = lans.filters(config, sandbox)
    wanted["label"].append(f"explorer.name={name}")
    found = client.api.containers(filters=wanted)
    if not found:
        raise NotThere(f"There is no {name} in this sandbox.", sandbox)
    return str(found[0]["Id"]), engine_of(found[0].get("Labels"))


def execute(config: LabConfig, container: str, argv: list[str], write: Write, timeout: float, stdin: bytes = b"") -> int:
    """Runs argv in a container of the engine and returns its exit status; `run_program` lists the exceptions.

    It starts an event loop, so it must not be called in a thread with a running loop: call `run_program` there.
    """
    program = Program(tuple(argv), environment=("TERM=dumb",), stdin=bool(stdin))
    return asyncio.run(run_program(to_path(str(config.socket)), container, program, write, timeout, stdin))


class BoundedOutput:
    """Its `write` keeps the first `limit` bytes of each output and drops the rest."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.out, self.err = bytearray(), bytearray()

    def write(self, stream: str, data: bytes) -> None:
        kept = self.err if stream == "err" else self.out
        kept += data[: self.limit - len(kept)]
