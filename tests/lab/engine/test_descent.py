"""A tree somebody hostile made is walked whole, whatever its shape, or left in time."""

import os

import pytest

from explorer.lab.engine.descent import descend
from tests.attacks import attack


def dig(top, name: str, depth: int) -> None:
    here = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@attack(
    "directories nested deeper than a program recurses", origin="output", expected="harmless", held_by="walk by descriptors"
)
def test_a_tree_deeper_than_recursion_goes_is_walked(tmp_path):
    dig(tmp_path, "d", 1500)
    depths = [directory.depth for directory in descend(tmp_path, 10)]
    assert depths == list(range(1500, -1, -1))
    list(descend(tmp_path, 10, remove=True))  # pytest could not
    assert list(tmp_path.iterdir()) == []


@attack("a path longer than any may be", origin="output", expected="harmless", held_by="walk by descriptors")
def test_a_tree_whose_path_is_longer_than_any_path_may_be_is_walked_and_removed(tmp_path):
    dig(tmp_path, "n" * 200, 40)
    assert len(list(descend(tmp_path, 10, remove=True))) == 41
    assert list(tmp_path.iterdir()) == []


def test_every_branch_is_seen_the_deepest_first(tmp_path):
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).mkdir(parents=True)
    seen = [
        os.readlink(f"/proc/self/fd/{directory.descriptor}").removeprefix(str(tmp_path)) for directory in descend(tmp_path, 10)
    ]
    assert sorted(seen) == ["", "/a", "/a/b", "/a/b/c", "/a/d", "/e"]
    assert seen.index("/a/b/c") < seen.index("/a/b") < seen.index("/a") < seen.index("")


@attack(
    "a link in a tree that the node removes",
    origin="output",
    expected="refused",
    held_by="walk by descriptors, no link followed",
)
def test_no_link_is_followed(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "out").symlink_to("/")
    assert [directory.depth for directory in descend(tmp_path, 10)] == [1, 0]


def test_what_is_not_empty_stays(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "file").write_text("")
    list(descend(tmp_path, 10, remove=True))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]


def test_a_tree_that_is_not_there_is_nothing(tmp_path):
    assert list(descend(tmp_path / "gone", 10)) == []


def test_the_walk_ends_in_time(tmp_path, monkeypatch):
    for number in range(50):
        (tmp_path / str(number)).mkdir()
    clock = iter(range(1000))
    monkeypatch.setattr("explorer.lab.engine.descent.time.monotonic", lambda: next(clock))
    assert 0 < len(list(descend(tmp_path, 20))) < 50


@attack(
    "a directory moved away while the node walks it", origin="output", expected="refused", held_by="each way back is compared"
)
def test_a_way_back_that_leads_elsewhere_ends_the_walk(tmp_path):
    (tmp_path / "top" / "a" / "b").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    walk = descend(tmp_path / "top", 10)
    next(walk)
    (tmp_path / "top" / "a" / "b").rename(elsewhere / "b")
    assert list(walk) == []


@pytest.mark.parametrize("name", ["cgroup.procs", "freezer.state"])
def test_a_file_that_cannot_be_read_is_empty(tmp_path, name):
    for directory in descend(tmp_path, 10):
        assert directory.read(name) == ""
        directory.write(name, "1")
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_open(tmp_path):
    dig(tmp_path, "d", 30)
    before = len(os.listdir("/proc/self/fd"))
    for number, _ in enumerate(descend(tmp_path, 10)):
        assert len(os.listdir("/proc/self/fd")) <= before + 1
        if number == 10:
            break
    list(descend(tmp_path, 10))
    assert len(os.listdir("/proc/self/fd")) <= before + 1
