"""The short work between the starts of two parts: directories, database, static files."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from explorer.classroom.people.who import is_anybody_here
from explorer.database.home import NotItsHome, database_file, make_home
from explorer.launch import state
from explorer.launch.confine import Way
from explorer.launch.state import LaunchError


def sqlite_file() -> Path | None:
    return database_file(settings.DATABASES["default"])


def make_places(way: Way | None, uid: int) -> None:
    """Makes the directories whose owner matters, before an unprivileged process runs. `way` is None when this process is not
    root.
    """
    state.make_directories(settings.STATE_DIR, settings.STATE_DIR / "logs", settings.STATIC_ROOT)
    valkey_dir().mkdir(mode=0o711, exist_ok=True)
    valkey_own_dir().mkdir(mode=0o700, exist_ok=True)
    if way:
        os.chown(valkey_own_dir(), *((uid, uid) if way == "own-uid" else (0, 0)), follow_symlinks=False)
    if file := sqlite_file():
        try:
            make_home(file, uid if way else None, settings.DATABASE_FORMER)
        except NotItsHome as error:
            raise LaunchError(str(error)) from error


def valkey_dir() -> Path:
    """Where Valkey's socket is for everybody. Only root writes there."""
    return Path(settings.RUN_DIR / "valkey")


def valkey_own_dir() -> Path:
    """Where Valkey makes its socket and works."""
    return valkey_dir() / "own"


def migrate() -> str:
    """Brings the database's schema up to date."""
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    return ""


def await_migrations(patience: float = 120) -> str:
    """Waits until the schema is up to date. A node does not change the schema; the web part does. Raises LaunchError after
    `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        connection.close()
        if not plan:
            return ""
        if time.monotonic() > until:
            raise LaunchError("the database's schema is not up to date; start the web part first")
        time.sleep(0.5)


def collect_static() -> str:
    call_command("collectstatic", verbosity=0, interactive=False)
    return ""


def is_somebody_teaching() -> bool:
    """Whether there is a person who can teach. The question runs in a thread, because the caller has a running event loop."""

    def ask() -> bool:
        try:
            return is_anybody_here()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as apart:
        return apart.submit(ask).result()


def check_redis() -> str:
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3).ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise LaunchError(f"REDIS_URL does not answer ({error})") from error
    return "yours"
