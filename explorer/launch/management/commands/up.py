"""`manage.py up`: the whole installation in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from explorer.launch import chores, limits, ready, state
from explorer.launch.console import Console
from explorer.launch.parts import choose_way, embedded_redis, steps
from explorer.launch.state import LaunchError
from explorer.launch.supervise import Supervisor


class Command(BaseCommand):
    help = "Starts everything (or --parts web|node) and shows the page's address; Ctrl-C stops it all in order."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--parts", choices=("all", "web", "node"), default="all")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            status = run(options["parts"], Console())
        except LaunchError as error:
            print(f"✗ {error}", file=sys.stderr)
            status = 1
        sys.exit(status)


def run(which: str, console: Console) -> int:
    typed = os.environ.get("EXPLORER_BEGUN", "")  # when `make run` was typed, in microseconds
    begun = int(typed) / 1e6 if typed.isdecimal() else time.time()
    os.umask(0o022)
    limits.protect()
    limits.open_files()
    root = os.geteuid() == 0
    if which != "web" and not root:
        raise LaunchError(
            "a node needs root: its engine makes namespaces; `make run` without root uses a Docker that runs already"
        )
    if which != "node" and not ready.port_is_free(settings.BIND, settings.PORT):
        raise LaunchError(
            f"port {settings.PORT} on {settings.BIND} is taken by another program; "
            f"choose another: make run PORT={settings.PORT + 1}"
        )
    if which == "node" and embedded_redis():
        raise LaunchError("a node on its own needs the REDIS_URL (and DATABASE_URL) of the web part it works for")
    held = state.lock(settings.RUN_DIR)
    before = state.Before.look()
    try:
        return _run(which, root, console, begun)
    finally:
        state.remove(settings.RUN_DIR)
        before.fold()
        os.close(held)


def _run(which: str, root: bool, console: Console, begun: float) -> int:
    if left := state.end_leftovers(settings.RUN_DIR):
        console.line(f"• ended what a killed start had left: {', '.join(left)}")
    plan = choose_way(root)
    if plan is None:
        chores.make_places(None, settings.WEB_UID)
    supervisor = Supervisor(console, settings.STATE_DIR / "logs", settings.RUN_DIR, environment())

    def up() -> None:
        console.line(f"✓ up in {time.time() - begun:.1f} s; Ctrl-C stops everything")
        if which != "node":
            if not chores.is_somebody_teaching():
                console.line("• nobody can open a class yet: make instructor (or manage.py instructor) makes the first who can")
            console.line(address())

    return asyncio.run(supervisor.run(steps(which, plan), up))


def environment() -> dict[str, str]:
    """The environment of every part: the directories of this installation (their defaults depend on the user), a secret key,
    unbuffered logs."""
    places: dict[str, object] = {
        "EXPLORER_INSTALL": settings.INSTALL,
        "EXPLORER_STATE": settings.STATE_DIR,
        "EXPLORER_RUN": settings.RUN_DIR,
        "EXPLORER_ENGINE_DIR": settings.ENGINE_DIR,
        "EXPLORER_CACHE": settings.CACHE_DIR,
    }
    if file := chores.sqlite_file():
        places["DATABASE_URL"] = f"sqlite:///{file}"
    fixed = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(settings.BASE_DIR), "DJANGO_SETTINGS_MODULE": "explorer.settings"}
    known = settings.SECRET_KEY == settings.DEVELOPMENT_KEY
    signed = {"SECRET_KEY": state.own_secret(settings.STATE_DIR)} if known else {}
    return {**os.environ, **{name: str(place) for name, place in places.items()}, **fixed, **signed}


def address() -> str:
    host = "localhost" if settings.BIND in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else settings.BIND  # noqa: S104
    return f"http://{host}:{settings.PORT}/"
