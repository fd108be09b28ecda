"""What a sandbox takes of the disk is counted in blocks, whatever its files claim."""

import os
import time

import pytest

from explorer.lab import diskuse
from explorer.lab.diskuse import Use
from explorer.lab.engine import removal
from tests.lab.engine.test_removal import dig

MB = 2**20


def test_a_sparse_file_takes_nothing(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(700 * MB)
    assert diskuse.tree(tmp_path).bytes < MB


@pytest.fixture
def deep(tmp_path):
    """A directory that is emptied after the test; nobody else could."""
    made = tmp_path / "deep"
    made.mkdir()
    yield made
    assert removal.remove_tree(made, 60)


def test_what_lies_deeper_than_any_path_is_counted(deep):
    dig(deep, 3_000)
    (deep / "d" / "d" / "big").write_bytes(bytes(3 * MB))
    found = diskuse.tree(deep)
    assert found.bytes >= 3 * MB
    assert found.files > 6_000
    assert found.whole


def test_a_file_with_many_names_counts_once(tmp_path):
    (tmp_path / "big").write_bytes(bytes(2 * MB))
    for number in range(9):
        os.link(tmp_path / "big", tmp_path / f"other{number}")
    assert 2 * MB <= diskuse.tree(tmp_path).bytes < 3 * MB


def test_a_tree_that_cannot_be_counted_in_time_is_said_to_be_more(tmp_path, monkeypatch):
    dig(tmp_path, 50)
    monkeypatch.setattr(diskuse, "TREE_SECONDS", -1.0)
    assert not diskuse.tree(tmp_path).whole


def test_what_is_not_there_takes_nothing(tmp_path):
    assert diskuse.tree(tmp_path / "nowhere") == Use()


def test_a_deleted_file_that_is_open_is_found_at_its_holder(tmp_path):
    with open(tmp_path / "big", "wb") as file:
        file.write(bytes(3 * MB))
        file.flush()
        again = os.dup(file.fileno())
        assert diskuse.held([os.getpid()]).bytes < 3 * MB, "it has a name"
        (tmp_path / "big").unlink()
        assert 3 * MB <= diskuse.held([os.getpid()]).bytes < 6 * MB, "two descriptors, one file"
        os.close(again)
    assert diskuse.held([os.getpid(), 2**22 + 1]).bytes < 3 * MB


def test_bytes_written_are_told_by_the_kernel(tmp_path):
    before = diskuse.written([os.getpid()])
    with open(tmp_path / "file", "wb") as file:
        file.write(os.urandom(2 * MB))
        file.flush()
        os.fsync(file.fileno())
    if diskuse.written([os.getpid()]) == before:
        pytest.skip("this file system is in memory, and the kernel lacks a count for it")
    assert diskuse.written([os.getpid(), 2**22 + 1]) >= before + 2 * MB


def test_one_directory_with_very_many_files_is_not_counted_without_end(tmp_path, monkeypatch):
    def slowly(descriptor):
        for _ in range(2000):
            time.sleep(0.002)
            yield os.stat(tmp_path)

    monkeypatch.setattr(diskuse, "TREE_SECONDS", 1.0)
    monkeypatch.setattr(diskuse, "_entries", slowly)
    found = diskuse.tree(tmp_path)
    assert 0 < found.files < 2000
    assert not found.whole
