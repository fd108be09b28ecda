"""The directories that are made before unprivileged processes run."""

import os

import pytest

from explorer.launch import chores
from explorer.launch.state import LaunchError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
WEB = 64100


@pytest.fixture
def place(settings, passable_path, monkeypatch):
    settings.STATE_DIR, settings.RUN_DIR = passable_path / "var", passable_path / "run"
    settings.STATIC_ROOT = passable_path / "var" / "static"
    settings.RUN_DIR.mkdir()
    settings.DATABASE_FORMER = ()
    monkeypatch.setattr(chores, "sqlite_file", lambda: passable_path / "var" / "database" / "db.sqlite3")
    return passable_path


def owners(place):
    """Of every path the web's user owns or its group may write to, from the top."""
    found = {}
    for path in sorted(place.rglob("*")):
        seen = path.lstat()
        if seen.st_uid == WEB or (seen.st_gid == WEB and seen.st_mode & 0o020):
            found[str(path.relative_to(place))] = (seen.st_uid, seen.st_gid, seen.st_mode & 0o7777)
    return found


@pytest.mark.parametrize("way", ["own-uid", "bare-root"])
def test_web_owns_its_database_and_what_valkey_works_in(place, way):
    chores.make_places(way, WEB)
    chores.make_places(way, WEB)  # the second start finds what a killed one left
    expected = {"var/database": (WEB, WEB, 0o770), "var/database/db.sqlite3": (WEB, WEB, 0o660)}
    if way == "own-uid":
        expected["run/valkey/own"] = (WEB, WEB, 0o700)
    assert owners(place) == expected


def test_a_database_place_that_cannot_be_had_is_one_sentence(place, monkeypatch):
    (place / "other").mkdir()
    (place / "other" / "letter").touch()
    monkeypatch.setattr(chores, "sqlite_file", lambda: place / "other" / "db.sqlite3")
    with pytest.raises(LaunchError, match="nothing else"):
        chores.make_places("own-uid", WEB)
