"""Puts the attempts together into one program, runs it in a sandbox, and reads its answer, which is hostile like all that comes
from a host."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import LabError
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import BoundedOutput, run_in
from explorer.lab.images.recipes import BOX
from explorer.lab.isolation.bait import listening
from explorer.lab.isolation.believed import try_announcing
from explorer.lab.isolation.tried import Tried
from explorer.network.scenario import SCENARIOS

HARNESS = "explorer.lab.isolation.harness"
START = """
import sys, types
for name, text in {modules!r}:
    sys.modules[name] = module = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
sys.modules[{harness!r}].main()
"""
CORE = tuple(f"explorer.lab.isolation.{name}" for name in ("calls", "devices_and_mounts", "processes"))
REACH = "explorer.lab.isolation.reach"
HOST, CONTAINER, MACHINE = "host", "container", "machine"
ORIGINS = {HOST: (*CORE, REACH), CONTAINER: CORE, MACHINE: (*CORE, REACH)}  # such a container has its host's network
# a container that may do whatever its host may: every capability, no profile, the host's network, processes and files
AS_CONTAINER = (
    *("docker", "run", "--rm", "-i", "--cap-add", "ALL", "--security-opt", "seccomp=unconfined"),
    *("--net", "host", "--pid", "host", "-v", "/:/host", BOX, "chroot", "/host"),
)
# of somebody with fewer rights than root in a host, who is stopped sooner
FEWER_RIGHTS = ("EPERM", "EACCES", "EROFS")
SECONDS = patient(120.0)
LIVES = 600.0  # seconds, if nobody closes the sandbox
MOST = 2000  # attempts
MOST_BYTES = 2**20
WORDS = 200  # characters


def try_isolation(config: LabConfig) -> list[Tried]:
    """All attempts, from every origin, in a sandbox made for them, with a second one beside it. Raises LabError when there can
    be none."""
    names = [f"doctor-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    name = names[0]
    try:
        ends, engine = time.time() + LIVES, next(iter(lifecycle.engines(config)), config.engines[0])
        facts, other = (
            lifecycle.open_sandbox(config, one, 1, SCENARIOS["one-host"], ends, lambda phase, detail: None, engine)
            for one in names
        )
        announced = try_announcing(config, name, facts, other, HOST)
        with listening(Path("/run/netns", config.netns)) as bait:
            goal = bait | {"gateway": gateway(facts), "sockets": [str(config.socket)]}
            with ThreadPoolExecutor(len(ORIGINS)) as pool:
                found = pool.map(partial(try_from, config, name, goal=goal), ORIGINS)
                return [*announced, *(one for those in found for one in those)]
    finally:
        for one in names:
            lifecycle.close_sandbox(config, one)


def gateway(facts: dict[str, Any]) -> str:
    """The engine's own address on a sandbox's LAN."""
    return str(facts["subnet"]).replace(".0/24", ".1")


def try_from(
    config: LabConfig, sandbox: str, origin: str, goal: dict[str, Any], modules: Iterable[str] = (), top: Path | None = None
) -> list[Tried]:
    """Attempts as root of one place of a running sandbox: those of `modules`, or the usual ones. `goal` is what `harness.goal`
    is to say."""
    if origin == MACHINE:
        goal = goal | {"also": FEWER_RIGHTS}
    words = ["python3", "-", json.dumps(goal)]
    output = BoundedOutput(MOST_BYTES)
    argv = [*AS_CONTAINER, *words] if origin == CONTAINER else words
    where = "outside" if origin == MACHINE else "h1"
    status = run_in(config, sandbox, where, argv, output.write, SECONDS, program(modules or ORIGINS[origin], top))
    found = read_answer(origin, output.out.decode(errors="replace"))
    if status or not found:
        raise LabError("The attempts could not be made.", f"{origin}: {status}, {output.err[-WORDS:]!r}")
    return found


def program(modules: Iterable[str], top: Path | None = None) -> bytes:
    """The text for a Python that has nothing of ours. `modules` are names of modules of attempts, below `top`."""
    top = top or Path(__file__).parents[3]
    texts = [(name, (top / (name.replace(".", "/") + ".py")).read_text()) for name in (HARNESS, *modules)]
    return START.format(modules=texts, harness=HARNESS).encode()


def read_answer(origin: str, text: str) -> list[Tried]:
    """What the program said, one line for each attempt. Lines that are none are left out."""
    found = []
    for line in text.splitlines()[:MOST]:
        try:
            told = json.loads(line)
            name, held_by, seen = (str(told[key])[:WORDS] for key in ("name", "held_by", "seen"))
            found.append(Tried(origin, name, held_by, seen, told["held"] is True, told["fair"] is True))
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found
