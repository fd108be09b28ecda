"""A person's own filter expression becomes classic BPF: the node's tcpdump compiles it.

The expression is one argument of tcpdump, without a shell. tcpdump runs in an empty network namespace (so that it cannot look
up a name in the expression) with limits of memory and time. Its output is numbers, and the kernel checks the program once
more.
"""

from __future__ import annotations

import asyncio
import re
import struct

from explorer.environment import patient
from explorer.lab.errors import BadFilter, NodeError
from explorer.lab.inside.filters import INSTRUCTION
from explorer.lab.inside.tools import ENVIRONMENT, end_process

LONGEST = 500  # characters
MOST = 4096  # instructions: BPF_MAXINSNS, <linux/bpf_common.h>
SECONDS = patient(3.0)
PRINTABLE = re.compile(r"[\x20-\x7e]*")
COMPILE = ("unshare", "--net", "prlimit", "--as=268435456", "--cpu=2", "tcpdump", "-ddd", "-y", "EN10MB")


async def compile_filter(expression: str, keep: int) -> bytes:
    """Instructions for `filters.attach_code`; `keep` bytes of each frame that fits are kept. Raises BadFilter with tcpdump's
    own words."""
    if len(expression) > LONGEST or not PRINTABLE.fullmatch(expression):
        raise BadFilter(f"A filter is at most {LONGEST} plain characters.")
    out, said = await _run([*COMPILE, "-s", str(keep), "--", expression])
    if said:
        raise BadFilter(f"This filter was not understood. {said}")
    return read_code(out)


async def _run(argv: list[str]) -> tuple[str, str]:
    """(the program, tcpdump's message when there is no program)."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise NodeError("The node cannot compile filters.", str(error)) from error
    try:
        async with asyncio.timeout(SECONDS):
            out, err = await process.communicate()
    except TimeoutError:
        raise BadFilter("This filter takes too long to compile. Write a simpler one.") from None
    finally:
        await end_process(process)
    words = (err.decode("utf-8", "replace").strip().splitlines() or ["tcpdump: it gave no answer"])[-1][:300]
    return out.decode("ascii", "replace"), words if process.returncode else ""


def read_code(text: str) -> bytes:
    """The instructions in the output of `tcpdump -ddd`: their number, then four decimal numbers for each."""
    lines = text.split("\n")
    try:
        count = int(lines[0])
        steps = [tuple(int(number) for number in line.split()) for line in lines[1 : count + 1]]
        if not 0 < count <= MOST or len(steps) != count:
            raise ValueError(f"{count} instructions")
        return b"".join(INSTRUCTION.pack(*step) for step in steps)
    except (ValueError, struct.error, TypeError) as error:
        raise BadFilter("This filter was not understood.", str(error)[:200]) from error
