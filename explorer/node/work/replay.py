"""Types kept commands into a new sandbox. When a command fails, this is reported and the others are still typed."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import Any

import structlog

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.lab.hosts import run
from explorer.network.recreate import MOST_COMMANDS, Typed, with_addresses

log = structlog.get_logger(__name__)

PHASE = "typing what was kept"
COMMAND_SECONDS = patient(15.0)
ALL_SECONDS = patient(60.0)
SAID = 200  # characters of what a command complained


def type_kept(
    config: LabConfig, sandbox: str, replay: dict[str, Any], facts: dict[str, Any], say: Callable[[str, str], None]
) -> list[str]:
    """Types the commands of `replay` (form: see `Sandbox.replay`) in order. Returns a sentence for each that failed.

    The commands are split into words and run without a shell, so nothing in them is expanded, except that `{lan}` and
    `{lan.20}` become the subnet of this sandbox's LAN and an address in it.
    """
    failed: list[str] = []
    until = time.monotonic() + ALL_SECONDS
    commands = [Typed.model_validate(one) for one in replay.get("commands", ())[:MOST_COMMANDS]]
    for at, typed in enumerate(commands, 1):
        say(PHASE, f"{at} of {len(commands)}")
        left = until - time.monotonic()
        if left <= 0:
            failed.append(f"Typing took too long: the last {len(commands) - at + 1} commands were left out.")
            break
        words = [with_addresses(word, str(facts.get("subnet", ""))) for word in shlex.split(typed.command)]
        if why := _type(config, sandbox, typed.place, words, min(left, COMMAND_SECONDS)):
            failed.append(f"On {typed.place}, “{shlex.join(words)[:120]}” failed: {why}")
    return failed


def _type(config: LabConfig, sandbox: str, place: str, words: list[str], seconds: float) -> str:
    """Why the command failed; empty when it did not."""
    said = bytearray()
    try:
        status = run.run_in(config, sandbox, place, words, lambda _, data: said.extend(data[: 4096 - len(said)]), seconds)
    except LabError as error:
        log.info("not typed", place=place, error=str(error))
        return str(error)[:SAID]
    text = " ".join(bytes(said).decode(errors="replace").split())[-SAID:]
    return "" if status == 0 else text or f"it ended with {status}."
