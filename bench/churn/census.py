"""Everything that an installation has on its machine, counted: what stays after sandboxes have come and gone is a leak."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from bench.churn.parts import PARTS, Parts
from explorer.lab.engine.client import session
from explorer.lab.errors import LabError

KINDS = ("net", "mnt", "pid", "user", "ipc", "uts", "cgroup")
LIVE_SANDBOX = ("queued", "opening", "warm", "ready", "resetting", "closing")
LIVE_ACTION = ("accepted", "running")
LIVE_COLUMN = ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `spare` says how much more than before is no leak: None when the figure is only told."""

    name: str
    spare: Callable[[float], float] | None
    unit: str = ""


def exactly(before: float) -> float:
    return 0


def some(share: float, more: float) -> Callable[[float], float]:
    return lambda before: before * share + more


ROWS = (
    *(Row(f"engine: {kind}", exactly) for kind in ("containers", "networks", "volumes", "images")),
    Row("sandboxes on the engine", exactly),
    Row("processes in sandboxes", exactly),
    Row("shims", exactly),
    Row("control groups of containers", exactly),
    *(Row(f"namespaces: {kind}", exactly) for kind in KINDS),
    Row("named network namespaces", exactly),
    Row("mounts", exactly),
    Row("loop devices", exactly),
    Row("interfaces of the engine", exactly),
    Row("rules of the engine", exactly),
    Row("rows: sandboxes that are not over", exactly),
    Row("rows: actions that are not over", exactly),
    Row("rows: columns that are not over", exactly),
    Row("expiry files", exactly),
    Row("Redis: keys without an end", some(0, 2)),
    Row("Redis: keys", None),
    # a task of a killed worker is delivered again after ten minutes; until then it is here
    Row("Redis: tasks not acknowledged", None),
    Row("Redis: tasks waiting", some(0, 3)),
    Row("Redis: memory", some(0.5, 16), "MB"),
    Row("zombies of parts", exactly),
    Row("lock files", None),
    *(Row(f"{part}: processes", some(0, 1)) for part in PARTS),
    # the connections to Redis of a web process stay open for the next pages, as many as there were at once
    *(Row(f"{part}: descriptors", some(0.5, 80 if part in ("web", "valkey") else 12)) for part in PARTS),
    *(Row(f"{part}: threads", some(0.25, 12)) for part in PARTS),
    *(Row(f"{part}: memory", some(0.3, 25), "MB") for part in PARTS),
    Row("disk: engine", some(0.02, 40), "MB"),
    Row("files: engine", some(0.001, 60)),
    Row("disk: run directory", some(0.1, 2), "MB"),
    Row("disk: database", None, "MB"),
    Row("disk: logs", None, "MB"),
    Row("machine: open files", None),
    Row("machine: memory free", None, "MB"),
)
EXACT = tuple(row.name for row in ROWS if row.spare is exactly)


def take(parts: Parts, state: Path) -> dict[str, float]:
    """The figures by name. A part that does not answer leaves its figures out."""
    found: dict[str, float] = {}
    for count in (_engine, _kernel, _processes, _redis, _files):
        with suppress(LabError, redis.RedisError, OSError):
            found |= count(parts, state)
    return found | _rows(state)


def _engine(parts: Parts, state: Path) -> dict[str, float]:
    with session(parts.lab) as client:
        containers = client.api.containers(all=True)
        ours = {one["Labels"].get("explorer.sandbox", "") for one in containers}
        return {
            "engine: containers": len(containers),
            "engine: networks": len(client.api.networks()),
            "engine: volumes": len(client.api.volumes()["Volumes"] or ()),
            "engine: images": len(client.api.images(all=True)),
            "sandboxes on the engine": len(ours),
        }


def _kernel(parts: Parts, state: Path) -> dict[str, float]:
    lab = parts.lab
    groups = parts.hosts()
    inside = {pid for group in groups for pid in parts.inside(group)}
    of_parts = {pid for part in PARTS for pid in parts.session(part)}
    signs = tuple(map(str, (lab.engine_dir, lab.run_dir, state)))
    mounts = [line for line in _lines("/proc/self/mountinfo") if any(sign in line for sign in signs) or lab.netns in line]
    spaces = _namespaces(inside | of_parts | parts.shims(), [*mounts, *_mounts_inside(inside)])
    into = ("nsenter", f"--net=/run/netns/{lab.netns}")
    return {
        "processes in sandboxes": len(inside),
        "shims": len(parts.shims()),
        "control groups of containers": len(groups),
        **{f"namespaces: {kind}": spaces[kind] for kind in KINDS},
        "named network namespaces": sum(name.startswith(lab.netns) for name in _names("/run/netns")),
        "mounts": len(mounts),
        "loop devices": sum(
            any(_text(path).startswith(sign) for sign in signs) for path in Path("/sys/block").glob("loop*/loop/backing_file")
        ),
        "interfaces of the engine": len(_said(*into, "ip", "-o", "link")),
        "rules of the engine": len([line for line in _said(*into, "iptables-save") if line.startswith("-A")]),
        "machine: open files": float(_text("/proc/sys/fs/file-nr").split()[0]),
        "machine: memory free": int(re.search(r"MemAvailable:\s+(\d+)", _text("/proc/meminfo"))[1]) / 1024,
    }


def _namespaces(some_pids: Iterable[int], mounts: Iterable[str]) -> Counter[str]:
    """How many of each kind our processes live in, hold open, or keep by a mount."""
    found = set(re.findall(r"\b(\w+):\[(\d+)\]", "\n".join(mounts)))
    for pid in some_pids:
        for folder in (f"/proc/{pid}/ns", f"/proc/{pid}/fd"):
            for name in _names(folder):
                with suppress(OSError):
                    found |= set(re.findall(r"^(\w+):\[(\d+)\]$", os.readlink(f"{folder}/{name}")))
    return Counter(kind for kind, _ in found)


def _mounts_inside(some_pids: Iterable[int]) -> list[str]:
    """Lines of the mounts that containers of sandboxes made for namespaces. The parts' own tables show other installations'."""
    return [line for pid in some_pids for line in _lines(f"/proc/{pid}/mountinfo") if " nsfs " in line]


def _processes(parts: Parts, state: Path) -> dict[str, float]:
    found: dict[str, float] = {"zombies of parts": 0}
    for part in PARTS:
        ours = parts.session(part)
        alive = [pid for pid in ours if not _is_zombie(pid)]
        found["zombies of parts"] += len(ours) - len(alive)
        found[f"{part}: processes"] = len(alive)
        found[f"{part}: descriptors"] = sum(len(_names(f"/proc/{pid}/fd")) for pid in alive)
        found[f"{part}: threads"] = sum(len(_names(f"/proc/{pid}/task")) for pid in alive)
        found[f"{part}: memory"] = sum(_memory(pid) for pid in alive)
    return found


def _memory(pid: int) -> float:
    """MB that are this process's share (PSS)."""
    found = re.search(r"^Pss:\s+(\d+) kB", _text(f"/proc/{pid}/smaps_rollup"), re.M)
    return int(found[1]) / 1024 if found else 0.0


def _is_zombie(pid: int) -> bool:
    return " Z " in _text(f"/proc/{pid}/stat").rpartition(")")[2][:4]


def _redis(parts: Parts, state: Path) -> dict[str, float]:
    with redis.Redis(unix_socket_path=str(parts.lab.run_dir / "valkey" / "socket"), socket_timeout=5) as client:
        keys = list(client.scan_iter(count=1000))
        lives: list[Any] = [client.ttl(key) for key in keys]
        return {
            "Redis: keys": len(keys),
            "Redis: keys without an end": sum(life == -1 for life in lives),
            "Redis: tasks not acknowledged": int(client.hlen("unacked")),
            "Redis: tasks waiting": sum(int(client.llen(key)) for key in keys if client.type(key) == b"list"),
            "Redis: memory": client.info("memory")["used_memory"] / 2**20,
        }


def _files(parts: Parts, state: Path) -> dict[str, float]:
    lab = parts.lab
    engine, files = _disk(lab.engine_dir)
    return {
        "disk: engine": engine,
        "files: engine": files,
        "expiry files": len(_names(str(lab.engine_dir / "expires"))),
        "lock files": len(_names(str(lab.run_dir / "work"))),
        "disk: run directory": _disk(lab.run_dir)[0],
        "disk: logs": _disk(state / "logs")[0],
        "disk: database": sum(path.stat().st_size for path in (state / "database").glob("db.sqlite3*")) / 2**20,
    }


def _disk(place: Path) -> tuple[float, int]:
    """(MB in blocks, number of files) below a directory, without what is mounted there."""
    said = _said("du", "-xsk", str(place)), _said("find", str(place), "-xdev", "-printf", ".\\n")
    return int(said[0][0].split()[0]) / 1024 if said[0] else 0.0, len(said[1])


def _rows(state: Path) -> dict[str, float]:
    found = {}
    with closing(sqlite3.connect(f"file:{state / 'database' / 'db.sqlite3'}?mode=ro", uri=True, timeout=10)) as database:
        for what, table, states in (
            ("sandboxes", "sandboxes_sandbox", LIVE_SANDBOX),
            ("actions", "sandboxes_action", LIVE_ACTION),
            ("columns", "sandboxes_column", LIVE_COLUMN),
        ):
            marks = ",".join("?" * len(states))
            query = f"SELECT count(*) FROM {table} WHERE state IN ({marks})"  # noqa: S608 - names of ours
            found[f"rows: {what} that are not over"] = database.execute(query, states).fetchone()[0]
    return found


def leaks(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """The rows that hold more at the end than they may, each with its figures."""
    return [
        f"{row.name}: {before.get(row.name, 0):.0f} → {after[row.name]:.0f}"
        for row in ROWS
        if row.spare and row.name in after and after[row.name] > before.get(row.name, 0) + row.spare(before.get(row.name, 0))
    ]


def uncounted(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """The rows of which nobody knows whether something leaked: a part that counts them did not answer at the end."""
    return [row.name for row in ROWS if row.spare and row.name in before and row.name not in after]


def differs(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """The exact rows that are not as before."""
    return [name for name in EXACT if before.get(name) != after.get(name)]


def _said(*argv: str) -> list[str]:
    with suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60).stdout.splitlines()
    return []


def _names(folder: str) -> list[str]:
    with suppress(OSError):
        return os.listdir(folder)
    return []


def _text(path: str | Path) -> str:
    with suppress(OSError):
        return Path(path).read_text(errors="replace")
    return ""


def _lines(path: str) -> list[str]:
    return _text(path).splitlines()
