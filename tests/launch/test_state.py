import os
import subprocess
from pathlib import Path

import pytest

from explorer.launch import state
from tests.launch.conftest import alive

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_one_installation_runs_once(tmp_path: Path):
    held = state.lock(tmp_path / "run")
    with pytest.raises(state.LaunchError, match="running already"):
        state.lock(tmp_path / "run")
    os.close(held)
    os.close(state.lock(tmp_path / "run"))


def test_a_run_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(state.LaunchError, match="EXPLORER_RUN"):
        state.lock(tmp_path / "file" / "run")


def test_leftovers_of_a_killed_start_are_ended(tmp_path: Path):
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    state.remember(tmp_path, {"engine": process.pid})
    assert state.end_leftovers(tmp_path, patience=2) == ["engine"]
    process.wait(2)


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path: Path):
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    (tmp_path / "parts.json").write_text(f'{{"engine": [{process.pid}, "1"]}}')
    assert state.end_leftovers(tmp_path) == []
    assert alive(process.pid)
    process.kill()
    process.wait()


@pytest.mark.parametrize("junk", ["", "[]", "{", '{"engine": 5}', '{"engine": ["x", "y"]}'])
def test_junk_in_the_list_of_parts_is_nothing_left(tmp_path: Path, junk: str):
    (tmp_path / "parts.json").write_text(junk)
    assert state.end_leftovers(tmp_path) == []


@root_only
def test_web_may_add_to_the_state_directory_but_not_take_from_it(tmp_path: Path):
    state.make_directories(tmp_path / "var", tmp_path / "var" / "logs", 64100)
    state.hand_over_database(tmp_path / "var" / "db.sqlite3", 64100)
    var, db = (tmp_path / "var").stat(), (tmp_path / "var" / "db.sqlite3").stat()
    assert (var.st_uid, var.st_gid, var.st_mode & 0o7777) == (0, 64100, 0o1770)
    assert (db.st_uid, db.st_mode & 0o777) == (64100, 0o660)
    assert (tmp_path / "var" / "logs").stat().st_uid == 0


@root_only
def test_a_link_in_place_of_a_journal_is_not_followed(tmp_path: Path):
    (tmp_path / "mine").touch()
    (tmp_path / "db.sqlite3-wal").symlink_to(tmp_path / "mine")
    state.hand_over_database(tmp_path / "db.sqlite3", 64100)
    assert (tmp_path / "mine").stat().st_uid == 0


def test_removing_the_run_directory_leaves_other_installations(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    state.remove(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    state.remove(tmp_path / "b")
    assert not tmp_path.exists()


def test_an_installation_signs_with_a_key_of_its_own(tmp_path):
    (one := tmp_path / "one").mkdir()
    (other := tmp_path / "other").mkdir()
    key = state.own_secret(one)
    assert len(key) >= 40
    assert state.own_secret(one) == key != state.own_secret(other)
    assert (one / "secret-key").stat().st_mode & 0o777 == 0o600
