"""The directory of the database: who owns it, and what an earlier version left elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from explorer.database.home import NotItsHome, database_file, make_home

WEB = 64100
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def owner(path: Path) -> tuple[int, int]:
    return path.lstat().st_uid, path.lstat().st_mode & 0o777


@root_only
def test_a_new_home_and_its_database_are_the_users(passable_path):
    file = passable_path / "a" / "home" / "db"
    make_home(file, WEB, [passable_path / "old"])
    assert (owner(file.parent), owner(file)) == ((WEB, 0o770), (WEB, 0o660))
    make_home(file, WEB, [passable_path / "old"])
    assert owner(passable_path / "a")[0] == 0


def test_without_root_it_is_made_and_belongs_to_whoever_made_it(passable_path):
    make_home(passable_path / "home" / "db", None, [passable_path / "old"])
    assert owner(passable_path / "home")[0] == os.geteuid()


@root_only
def test_a_directory_of_roots_with_a_database_in_it_changes_hands(passable_path):
    (home := passable_path / "home").mkdir()
    for end in ("", "-wal"):
        (home / f"db{end}").touch()
    make_home(home / "db", WEB, [passable_path / "old"])
    assert {owner(path)[0] for path in (home, *home.iterdir())} == {WEB}


@root_only
@pytest.mark.parametrize("why", ["other files", "others may write", "somebody else's"])
def test_a_directory_that_is_not_ours_stays_as_it_is(passable_path, why):
    (home := passable_path / "home").mkdir()
    if why == "other files":
        (home / "letter").touch()
    if why == "others may write":
        home.chmod(0o777)
    if why == "somebody else's":
        os.chown(home, 1234, 1234)
    before = owner(home)
    with pytest.raises(NotItsHome, match="nothing else"):
        make_home(home / "db", WEB, [passable_path / "old"])
    assert owner(home) == before


@root_only
def test_a_link_in_the_place_of_the_database_is_not_followed(passable_path):
    (home := passable_path / "home").mkdir()
    os.chown(home, WEB, WEB)
    (home / "db").symlink_to(passable_path / "mine")
    with pytest.raises(NotItsHome, match="cannot open"):
        make_home(home / "db", WEB, [passable_path / "old"])
    assert not (passable_path / "mine").exists()


@root_only
def test_the_database_of_an_earlier_version_moves_in(passable_path):
    (passable_path / "db.sqlite3").write_text("rows")
    (passable_path / "db.sqlite3-wal").write_text("newest rows")
    file = passable_path / "database" / "db.sqlite3"
    make_home(file, WEB, [passable_path / "db.sqlite3"])
    assert (file.read_text(), file.with_name("db.sqlite3-wal").read_text()) == ("rows", "newest rows")
    assert {owner(path)[0] for path in file.parent.iterdir()} == {WEB}
    assert [path.name for path in passable_path.iterdir()] == ["database"]


@root_only
def test_an_old_database_is_not_put_over_a_new_one(passable_path):
    file = passable_path / "database" / "db.sqlite3"
    make_home(file, WEB, [passable_path / "old"])
    (passable_path / "old").write_text("older rows")
    make_home(file, WEB, [passable_path / "old"])
    assert file.read_text() == ""


@root_only
def test_a_file_with_another_name_does_not_change_hands(passable_path):
    """Somebody could have linked a file of root's there when an earlier version let them write in that directory."""
    (passable_path / "shadow").touch(mode=0o600)
    os.link(passable_path / "shadow", passable_path / "db.sqlite3")
    make_home(passable_path / "database" / "db.sqlite3", WEB, [passable_path / "db.sqlite3"])
    assert owner(passable_path / "shadow") == (0, 0o600)


@pytest.mark.parametrize(
    ("setting", "file"),
    [
        ({"ENGINE": "explorer.database", "NAME": "/x/db"}, Path("/x/db")),
        ({"ENGINE": "explorer.database", "NAME": ":memory:"}, None),
        ({"ENGINE": "explorer.database", "NAME": "file:memorydb_default?mode=memory&cache=shared"}, None),
        ({"ENGINE": "django.db.backends.postgresql", "NAME": "explorer"}, None),
    ],
)
def test_which_databases_have_a_file(setting, file):
    assert database_file(setting) == file
