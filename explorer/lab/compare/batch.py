"""Runs several commands in one place, one after the other, with one exec: each has its own output, status and time.

The output comes from the sandbox and is hostile: it is bounded in size and time, and a random mark separates the commands.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import HostTimeout
from explorer.lab.inside.execution import Program, run_program
from explorer.lab.inside.unix_http import to_path
from explorer.network.comparison import Transcript
from explorer.network.comparison.scene import Heard
from explorer.network.drivers.compared import COMMAND, OUTPUT

OUTPUT_BYTES = 16 * 1024  # bytes of one command's output
SPARE_SECONDS = 5.0
_GO = f"""
go() {{
  local begun=$EPOCHREALTIME status
  timeout -k 1 "$2" bash -c "$3" </dev/null 2>&1 | head -c {OUTPUT_BYTES + 1}
  status=${{PIPESTATUS[0]}}
  printf '\\n%s %s %s %s %s\\n' MARK "$4" "$status" "$begun" "$EPOCHREALTIME"
  [ "$1" = 0 ] || [ "$status" = 0 ]
}}
"""


@dataclass(frozen=True, slots=True)
class Order:
    """One command. `key` names its answer. `must`: when it fails, the commands after it do not run."""

    key: str
    command: str
    seconds: float = 3.0
    must: bool = False
    note: str = ""


Hear = Callable[[str, Heard], None]


@dataclass(frozen=True, slots=True)
class Places:
    """Access to a sandbox's places. `ids` maps the name of a host or machine to its id on the engine; `program`
    is the hosts' command line for containers."""

    config: LabConfig
    ids: dict[str, str]
    program: str = "docker"

    async def run(self, where: str, orders: Sequence[Order], hear: Hear) -> None:
        """Runs the commands. `hear` is called as each of them ends, in order; it is not called for commands that
        did not run."""
        reader = _OutputParser(where, orders, hear)
        name, _, container = where.partition("/")
        argv = ["bash", "-c", script(reader.mark, orders)]
        argv = [self.program, "exec", container, *argv] if container else argv
        seconds = sum(patient(order.seconds) + 1 for order in orders) + patient(SPARE_SECONDS)
        program = Program(tuple(argv), environment=("TERM=dumb",))
        with suppress(HostTimeout):  # the answers so far count
            await run_program(to_path(str(self.config.socket)), self.ids[name], program, reader.write, seconds)
        reader.end()


def script(mark: str, orders: Sequence[Order]) -> str:
    lines = [_GO.replace("MARK", mark)]
    for number, order in enumerate(orders):
        stop = " || exit" if order.must else ""
        seconds = f"{patient(order.seconds):g}"
        lines.append(f"go {int(order.must)} {seconds} {shlex.quote(order.command)} {number}{stop}")
    return "\n".join(lines)


class _OutputParser:
    """Splits the output into the answers, piece by piece as it arrives."""

    def __init__(self, where: str, orders: Sequence[Order], tell: Hear) -> None:
        self.mark = secrets.token_hex(12)
        self._where, self._orders, self._tell = where, orders, tell
        self._next = 0
        self._buffer = bytearray()

    def write(self, stream: str, data: bytes) -> None:
        self._buffer += data
        needle = f"\n{self.mark} ".encode()
        while (at := self._buffer.find(needle)) >= 0:
            line, ended, rest = self._buffer[at + len(needle) :].partition(b"\n")
            if not ended:
                return
            number, *words = line.decode("ascii", "replace").split() or [""]
            if number.isdecimal() and self._next <= int(number) < len(self._orders):
                self._end(self._orders[int(number)], bytes(self._buffer[:at]), words)
                self._next = int(number) + 1
            self._buffer = bytearray(rest)
        if len(self._buffer) > 2 * OUTPUT_BYTES:
            del self._buffer[OUTPUT_BYTES : -len(needle)]

    def end(self) -> None:
        """Reports the command that was running when the output ended, if there was one."""
        if self._buffer and self._next < len(self._orders):
            self._end(self._orders[self._next], bytes(self._buffer), [])

    def _end(self, order: Order, said: bytes, words: list[str]) -> None:
        text = clean(said[:OUTPUT_BYTES])
        try:
            status, seconds = int(words[0]), round(float(words[2]) - float(words[1]), 4)
        except (IndexError, ValueError):
            status, seconds = None, 0.0
        evidence = Transcript(
            where=self._where,
            command=order.command[:COMMAND],
            status=status,
            output=text[:OUTPUT],
            cut=len(said) > OUTPUT_BYTES or len(text) > OUTPUT,
            note=order.note,
        )
        self._tell(order.key, Heard(evidence, text, seconds))


def clean(said: bytes) -> str:
    """Text without control characters except line ends and tabs."""
    text = said.decode("utf-8", "replace").replace("\r\n", "\n")
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text).strip("\n")
