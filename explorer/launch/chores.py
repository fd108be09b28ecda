"""The short work between the starts of two parts: directories, database, static files."""

from __future__ import annotations

import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from explorer.classroom.people.who import is_anybody_here
from explorer.launch import state
from explorer.launch.state import LaunchError


def sqlite_file() -> Path | None:
    database = settings.DATABASES["default"]
    name = str(database["NAME"])
    return Path(name).absolute() if "sqlite" in database["ENGINE"] and name != ":memory:" else None


def make_places(uid: int | None) -> None:
    """Makes the directories whose owner matters, before an unprivileged process runs."""
    state.make_directories(settings.STATE_DIR, settings.STATE_DIR / "logs", uid)
    valkey = settings.RUN_DIR / "valkey"
    valkey.mkdir(mode=0o700, exist_ok=True)
    if uid is not None:
        os.chown(valkey, uid, uid)
        if file := sqlite_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            state.hand_over_database(file, uid)


def migrate() -> str:
    """Brings the database's schema up to date."""
    call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    if file := sqlite_file():
        _held.append(hold_journal(file))
    return ""


_held: list[sqlite3.Connection] = []


def hold_journal(file: Path) -> sqlite3.Connection:
    """Opens an idle connection that stays open while the supervisor runs. Without it, the last process that closes the
    database removes the journal, and the next process that opens the database makes it again. If that process is root's, the
    journal belongs to root for a moment, and web cannot open the database in that moment."""
    held = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    held.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return held


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
