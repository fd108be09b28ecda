import os
import socket
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
def test_only_root_writes_in_the_state_directory_also_after_an_earlier_version(tmp_path: Path):
    (var := tmp_path / "var").mkdir()
    os.chown(var, 0, 64100)
    var.chmod(0o1770)
    state.make_directories(var, var / "logs", var / "static")
    for path, mode in ((var, 0o755), (var / "logs", 0o750), (var / "static", 0o755)):
        found = path.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (0, 0, mode)


@pytest.fixture
def socket_of(tmp_path: Path):
    """Makes a listening socket below the test's place."""
    made = []

    def make(name: str) -> Path:
        (tmp_path / "own").mkdir(exist_ok=True)
        made.append(socket.socket(socket.AF_UNIX))
        made[-1].bind(str(tmp_path / "own" / name))
        made[-1].listen()
        return tmp_path / "own" / name

    yield make
    for one in made:
        one.close()


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


def test_a_socket_gets_a_second_name_and_a_new_one_takes_its_place(tmp_path: Path, socket_of):
    for _ in range(2):  # the part was started again and made its socket anew
        made = socket_of("socket")
        assert state.publish_socket(made, tmp_path / "socket", os.geteuid())
        assert state.publish_socket(made, tmp_path / "socket", os.geteuid())
        assert answers(tmp_path / "socket")
        made.unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own", "socket"]


@pytest.mark.parametrize("planted", ["a link to another socket", "a file", "somebody else's socket", "nothing"])
def test_only_a_socket_of_its_owner_is_published(tmp_path: Path, socket_of, planted: str):
    own, owner = socket_of("engine").with_name("socket"), os.geteuid()
    if planted == "a link to another socket":
        own.symlink_to("engine")
    if planted == "a file":
        own.touch()
    if planted == "somebody else's socket":
        socket_of("socket")
        owner += 1
    assert not state.publish_socket(own, tmp_path / "socket", owner)
    assert not (tmp_path / "socket").exists()


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
