"""Control groups of a host are counted by directories that say how many they have, however deep and however many."""

from __future__ import annotations

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
