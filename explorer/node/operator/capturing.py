"""`manage.py sandbox capture`: frames of one interface as pcapng, into a file or, as they come, to standard output.

It is done in this process, also while a relay runs. To standard output it ends when the reader leaves, when the interface or
the sandbox is gone, and after an hour at the latest.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

from explorer.lab.ask.capture import FILE, RING, Bounds, Capture
from explorer.network.packets.captured import Frame, tell_row
from explorer.network.packets.pcapng import SNAP, begin_file, end_file, write_file, write_frame
from explorer.node.operator.look import looking
from explorer.node.operator.trouble import Trouble
from explorer.node.this_node import lab_config
from explorer.sandboxes.models import Sandbox

EVERY = 0.1
FILE_SECONDS = 10.0
OVER = "The time asked for is over."


class Asked:
    """Where to listen, with which filter, and for how long: `seconds` 0 means as long as it may last."""

    def __init__(self, place: str, interface: str, expression: str, seconds: float, bounds: Bounds) -> None:
        if not 0 <= seconds <= bounds.seconds:
            raise Trouble(f"Such a capture runs for at most {bounds.seconds:.0f} seconds.")
        self.place, self.interface, self.expression, self.bounds = place, interface, expression, bounds
        self.seconds = seconds or bounds.seconds


def capture(sandbox: Sandbox, place: str, interface: str, expression: str, seconds: float | None, out: str) -> dict[str, Any]:
    """Captures into a file. Returns what was captured as the command prints it."""
    asked = Asked(place, interface, expression, FILE_SECONDS if seconds is None else seconds, FILE)
    frames, done, ended = asyncio.run(_collect(sandbox, asked))
    counts = {"came": done.taken + done.left_out, "left_out": done.left_out}
    try:
        with open(out, "wb") as file:
            file.writelines(write_file(frames, interface, place, expression, SNAP, **counts))
    except OSError as error:
        raise Trouble(f"{out} cannot be written: {error.strerror or error}.") from error
    rows = [tell_row(number, frame) for number, frame in enumerate(frames, start=1)]
    about = {"id": sandbox.pk, "place": place, "interface": interface, "file": out, "ended": ended}
    return {**about, "kept": len(rows), **counts, "rows": rows}


def stream(
    sandbox: Sandbox, place: str, interface: str, expression: str, seconds: float | None, out: BinaryIO
) -> dict[str, Any]:
    """Writes frames to `out` as they come. Returns the counts and why it ended. Raises BrokenPipeError when nobody reads."""
    asked = Asked(place, interface, expression, seconds or 0.0, RING)
    return asyncio.run(_write(sandbox, asked, out))


async def _collect(sandbox: Sandbox, asked: Asked) -> tuple[list[Frame], Capture, str]:
    taken = [one async for one in _taken(sandbox, asked)]
    capture, _, ended = taken[-1]
    return [frame for _, batch, _ in taken for frame in batch], capture, ended


async def _write(sandbox: Sandbox, asked: Asked, out: BinaryIO) -> dict[str, Any]:
    told, reader = -1, select.poll()
    reader.register(out, 0)  # tells of an error only: that nobody reads the pipe any more
    async for capture, batch, ended in _taken(sandbox, asked):
        if told < 0:
            out.write(begin_file(asked.interface, asked.place, asked.expression, SNAP))
        for frame in batch:
            out.write(write_frame(frame))
        if ended or capture.left_out > max(told, 0):
            out.write(end_file(time.time_ns(), capture.taken + capture.left_out, capture.left_out, capture.taken, ended))
        if reader.poll(0):
            raise BrokenPipeError
        told = capture.left_out
        out.flush()
    return {"kept": capture.taken, "left_out": capture.left_out, "ended": ended}


async def _taken(sandbox: Sandbox, asked: Asked) -> AsyncIterator[tuple[Capture, tuple[Frame, ...], str]]:
    """(the capture with its counters, new frames, why it ended), several times per second. The last one says why."""
    async with looking(lab_config(), sandbox.pk, sandbox.generation, sandbox.facts) as observer:
        capture = await observer.capture(asked.place, asked.interface, asked.expression, asked.bounds)
        until, ended = time.monotonic() + asked.seconds, ""
        try:
            while not ended:
                late = time.monotonic() >= until
                batch = capture.take()
                ended = batch.ended or (OVER if late else "")
                if ended:
                    capture.finish()
                yield capture, batch.frames, ended
                await asyncio.sleep(0 if ended else EVERY)
        finally:
            capture.close()
