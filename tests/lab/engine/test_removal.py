"""Trees of a hostile user are removed: any depth, any width, in any number of steps."""

import os
import subprocess

import pytest

from explorer.lab.engine import removal

DEEP = 3_000  # paths of this tree are longer than any path may be


def dig(top, levels, name="d"):
    """Directories inside each other, each with a file."""
    here = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


@pytest.fixture
def top(tmp_path):
    made = tmp_path / "top"
    made.mkdir()
    yield made
    subprocess.run(["rm", "-rf", str(made)], check=False)


@pytest.mark.parametrize("name", ["d", "n" * 255], ids=["short names", "names of 255 bytes"])
def test_a_tree_deeper_than_any_path_goes_with_few_descriptors(top, name):
    dig(top, DEEP, name)
    before = len(os.listdir("/proc/self/fd"))
    assert removal.remove_tree(top, 60)
    assert not top.exists()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_wide_tree_goes(top, monkeypatch):
    monkeypatch.setattr(removal, "AT_ONCE", 7)
    for number in range(50):
        (top / f"file{number}").write_text("x")
        (top / f"d{number}" / "e" / "f").mkdir(parents=True)
    assert removal.empty(top, 60)
    assert list(top.iterdir()) == []


def test_a_link_is_removed_and_what_it_leads_to_stays(top, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("mine")
    (top / "below").mkdir()
    (top / "link").symlink_to(kept)
    (top / "below" / "link").symlink_to(kept)
    assert removal.remove_tree(top, 60)
    assert (kept / "file").read_text() == "mine"


def test_a_link_in_the_place_of_the_tree_is_not_followed(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("mine")
    (tmp_path / "top").symlink_to(tmp_path / "kept")
    assert not removal.empty(tmp_path / "top", 60)
    assert (tmp_path / "kept" / "file").exists()


def test_what_is_not_done_in_time_is_done_by_the_next_call(top, monkeypatch):
    dig(top, 500)
    steps = iter(range(10_000))
    monkeypatch.setattr("explorer.lab.engine.removal.time.monotonic", lambda: float(next(steps)))
    assert not removal.empty(top, 100)
    monkeypatch.undo()
    assert removal.empty(top, 60)


def test_what_is_missing_is_empty(tmp_path):
    assert removal.empty(tmp_path / "nowhere", 60)
    assert removal.remove_tree(tmp_path / "nowhere", 60)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_another_file_system_in_the_tree_is_left_alone(top):
    mounted = top / "a" / "mounted"
    mounted.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", str(mounted)], check=True)
    try:
        (mounted / "file").write_text("not the tree's")
        (top / "own").write_text("the tree's")
        assert not removal.empty(top, 60)
        assert (mounted / "file").exists()
        assert not (top / "own").exists()
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
    assert removal.empty(top, 60)
