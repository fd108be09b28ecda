"""Notes about sandboxes that the node ended: kept for the learner, counted, bounded, and no path of anybody else's."""

from __future__ import annotations

import json

import pytest

from explorer.lab import ended
from explorer.lab.config import LabConfig


@pytest.fixture
def config(tmp_path):
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


def test_a_note_is_of_one_generation_and_is_counted(config):
    ended.note(config, "abc", 2, "memory", "it held 2 GB")
    assert ended.why(config, "abc", 2) == "memory"
    assert ended.why(config, "abc", 3) == ended.why(config, "other", 2) == ""
    assert ended.count(config) == {"memory": 1, "disk": 0}


def test_old_notes_go_and_the_count_stays(config, monkeypatch):
    monkeypatch.setattr(ended, "NOTES_KEPT", 3)
    for number in range(6):
        ended.note(config, f"s{number}", 1, "memory", "x")
    assert len(list((config.engine_dir / "ended").glob("*.note"))) == 3
    assert ended.count(config)["memory"] == 6


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".."])
def test_a_name_that_is_no_sandboxs_is_no_path(config, name):
    ended.note(config, name, 1, "memory", "x")
    assert ended.why(config, name, 1) == ""
    assert {path.name for path in config.engine_dir.rglob("*")} == {"ended", ended.COUNTS}


@pytest.mark.parametrize("text", ["", "[]", '{"why": 7}', '{"memory": "many"}', "\0"])
def test_a_spoilt_file_is_no_note(config, text):
    folder = config.engine_dir / "ended"
    folder.mkdir(parents=True)
    for name in ("a.note", ended.COUNTS):
        (folder / name).write_text(text)
    assert ended.why(config, "a", 1) == ""
    assert ended.count(config) == {"memory": 0, "disk": 0}
    ended.note(config, "a", 1, "disk", "x")
    assert json.loads((folder / ended.COUNTS).read_text())["disk"] == 1


def test_a_full_disk_keeps_no_sandbox_from_ending(config, monkeypatch):
    def full(path, told):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ended, "_write", full)
    ended.note(config, "abc", 1, "disk", "the node's disk was short of bytes")
    assert ended.why(config, "abc", 1) == ""


def test_one_that_is_ended_in_several_tries_counts_once(config):
    for _ in range(3):
        ended.note(config, "abc", 2, "memory", "it held 2 GB")
    ended.note(config, "abc", 3, "memory", "it held 2 GB")
    assert ended.count(config)["memory"] == 2
