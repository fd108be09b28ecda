"""Two requests at the same moment, for real: threads, each with a database connection of its own.

SQLite's test database is in the memory of one connection, so the threads work on a copy of it in a file, as a served site does.
PostgreSQL's is there for every connection as it is. Tests that use this commit: `@pytest.mark.django_db(transaction=True)`.
"""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager

import pytest
from django.db import connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper

SECONDS = 60  # until whoever waits for the others gives up, and the test with it


@pytest.fixture
def at_once(transactional_db, tmp_path):
    """`at_once(one, other, …)` begins them together and returns what each gave; `at_once(one)` looks at the same database.

    The copy is made at the first call, so that what the test's fixtures committed is in it.
    """
    path = tmp_path / "db.sqlite3"

    def do(doing):
        if connection.vendor == "sqlite":
            connections["default"] = DatabaseWrapper({**connections.settings["default"], "NAME": str(path)}, "default")
        try:
            return doing()
        finally:
            connections.close_all()

    def run(*doings):
        if connection.vendor == "sqlite" and not path.exists():
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(path)])
            with closing(
                sqlite3.connect(path)
            ) as copy:  # two connections that both change a new file to WAL lock each other out
                copy.execute("PRAGMA journal_mode=WAL")
        with ThreadPoolExecutor(len(doings)) as threads:
            running = [threads.submit(do, doing) for doing in doings]
            ended, _ = wait(running, SECONDS, FIRST_EXCEPTION)  # whoever failed is named, not who waited for them
            for one in ended:
                one.result()
            given = [one.result(SECONDS) for one in running]
        return given if len(given) > 1 else given[0]

    return run


@contextmanager
def meeting(monkeypatch, module, name, many=2):
    """Whoever comes to this function for the first time waits there for the others: all have looked before anybody writes."""
    here, been = threading.Barrier(many, timeout=SECONDS), threading.local()
    real = getattr(module, name)

    def meet(*words, **more):
        if not getattr(been, "here", False):
            been.here = True
            here.wait()
        return real(*words, **more)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, meet)
        yield
