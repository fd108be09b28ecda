"""A database restored from an older copy, and a real engine with newer sandboxes: an operator decides about them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.engine.stack import bare

__all__ = ["bare"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


def reconcile(bare, *words):
    done = bare.manage("reconcile", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def database_of(bare):
    done = bare.manage(
        "shell", "-v", "0", "-c", "from django.conf import settings; print(settings.DATABASES['default']['NAME'])"
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def restored(bare):
    """Sandboxes opened before the copy was made, and two after it; then the copy is the database again."""
    known = bare.tell("open")["id"]
    reconcile(bare)
    database = database_of(bare)
    with sqlite3.connect(database) as source, sqlite3.connect(bare.place / "copy") as copy:
        source.backup(copy)
    newer = sorted(bare.tell("open")["id"] for _ in range(2))
    reconcile(bare)
    for name in ("db.sqlite3-wal", "db.sqlite3-shm"):
        database.with_name(name).unlink(missing_ok=True)
    owner = database.stat()
    shutil.copyfile(bare.place / "copy", database)  # the file stays its owner's
    assert database.stat().st_uid == owner.st_uid
    reconcile(bare)
    return known, newer


def test_the_newer_ones_are_reported_and_kept(bare, restored):
    known, newer = restored
    reconcile(bare)
    told = reconcile(bare, "--dry-run")
    assert sorted(one["sandbox"] for one in told["kept"]) == newer
    assert (told["remove"], told["later"], told["braked"], told["lost"]) == ([], [], [], [])
    assert (told["running"], told["sweeps_missing"]) == (3, 1)
    assert bare.tell("exec", known, "h1", "--", "docker", "ps", "-q")["status"] == 0


def test_then_an_operator_decides(bare, restored):
    _, (adopted, removed) = restored
    reconcile(bare, "--adopt", adopted)
    reconcile(bare, "--remove", removed)
    assert bare.tell("exec", adopted, "h1", "--", "docker", "version", "--format", "{{.Server.Version}}")["status"] == 0
    assert "h1" in bare.tell("snapshot", adopted)["places"]
    told = reconcile(bare, "--dry-run")
    assert (told["running"], told["kept"]) == (2, [])
    assert bare.tell("close", adopted)
    assert reconcile(bare, "--dry-run")["running"] == 1
