"""Asks a real host of each version of Docker Engine what this version can do (`network.engines.features`).

The host is one of a sandbox that is opened for this and closed again, so no learner has been there. The answers are kept beside
the engine's data for as long as the image of these hosts stays the same.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError, LabError
from explorer.lab.hosts import lifecycle
from explorer.lab.hosts.run import BoundedOutput, run_in
from explorer.lab.images import host, tag
from explorer.network.engines import features, is_docker
from explorer.network.scenario import Scenario

SAID_BYTES, VERSION = 16 * 1024, 40
ASK_SECONDS, LIVES = patient(60), 300
ALONE = Scenario(name="features", summary="", machines=())


def of_each(config: LabConfig, engines: Iterable[str], *, may_ask: bool) -> dict[str, dict[str, Any]]:
    """Version → {"version": the daemon's full version, "found": feature → whether it is there, None for unknown}, or
    {"error": why that is not known}. With `may_ask`, hosts that were not asked yet are opened and asked, one by one."""
    return {engine: _known(config, engine) or _asked(config, engine, may_ask) for engine in engines if is_docker(engine)}


def _known(config: LabConfig, engine: str) -> dict[str, Any] | None:
    try:
        told = json.loads(_file(config, engine).read_text())
        return {"version": str(told["version"]), "found": {name: told["found"][name] for name in features.NAMES}}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _asked(config: LabConfig, engine: str, may_ask: bool) -> dict[str, Any]:
    if not may_ask:
        return {"error": "No host with it has been asked yet."}
    try:
        return ask(config, engine)
    except LabError as error:
        return {"error": str(error)}


def ask(config: LabConfig, engine: str) -> dict[str, Any]:
    """Opens a host with this version, asks it, closes it, and keeps the answers. It takes some seconds. Raises LabError."""
    name = f"features-{uuid.uuid4().hex[:8]}"
    said = BoundedOutput(SAID_BYTES)
    try:
        facts = lifecycle.open_sandbox(config, name, 1, ALONE, time.time() + LIVES, lambda phase, detail: None, engine)
        status = run_in(config, name, "h1", ["bash", "-c", features.script()], said.write, ASK_SECONDS)
    finally:
        lifecycle.close_sandbox(config, name)
    found = features.read_answers(said.out.decode(errors="replace"))
    if status or found.keys() != features.NAMES.keys():
        raise HostError(f"A host with Docker Engine {engine} could not be asked what it can do.", f"status {status}")
    told = {"version": str(facts["hosts"]["h1"]["engine"])[:VERSION], "found": found}
    path = _file(config, engine)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told))
    return told


def _file(config: LabConfig, engine: str) -> Path:
    """Another image has another tag, so what an earlier one could do is not taken for it."""
    return config.engine_dir / "features" / f"{host(engine)}-{tag(config, host(engine)).rpartition(':')[2]}.json"
