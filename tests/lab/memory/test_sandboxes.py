"""Control groups of a host are counted by directories that say how many they have, however deep and however many."""

from __future__ import annotations

import time

from explorer.lab.memory import sandboxes


def test_groups_are_counted_wherever_they_are(tmp_path):
    for number in range(40):
        (tmp_path / "wide" / f"g{number}").mkdir(parents=True)
    deep = tmp_path / "deep"
    for _ in range(60):
        deep /= "d"
    deep.mkdir(parents=True)
    assert sandboxes.count_groups(tmp_path) == 1 + 40 + 1 + 60


def test_a_group_that_is_gone_has_none(tmp_path):
    assert sandboxes.count_groups(tmp_path / "gone") == 0


def test_more_than_are_looked_at_are_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(sandboxes, "MOST_GROUPS", 3)
    deep = tmp_path
    for _ in range(10):
        deep /= "d"
    deep.mkdir(parents=True)
    assert sandboxes.count_groups(tmp_path) <= 3


def test_many_mount_namespaces_and_groups_do_not_keep_the_guard_from_ending_anybody(tmp_path, monkeypatch):
    def slow(thing):
        time.sleep(0.02)
        return 1

    monkeypatch.setattr(sandboxes, "MOUNTS_TOGETHER", 1.0, raising=False)
    monkeypatch.setattr(sandboxes, "GROUPS_TOGETHER", 1.0, raising=False)
    monkeypatch.setattr(sandboxes, "_namespaces", lambda sandbox: [])
    monkeypatch.setattr(sandboxes, "_mount_namespaces", lambda sandbox: list(range(300)))
    monkeypatch.setattr(sandboxes, "_groups", lambda config, sandbox: [tmp_path] * 300)
    monkeypatch.setattr(sandboxes, "count_tmpfs", slow)
    monkeypatch.setattr(sandboxes, "count_groups", slow)
    held = sandboxes.held_by(None, sandboxes.Sandbox("s"))
    assert 0 < held["mounts of tmpfs"] < 300 * sandboxes.TMPFS
    assert 0 < held["control groups"] < 300 * sandboxes.GROUP
