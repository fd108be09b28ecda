"""A driver's journal followed from outside: what is new is told once, and no path of the host's is trusted."""

import json
import os

import pytest

from explorer.lab.inside.pace import Pace
from explorer.lab.watch import calls
from explorer.lab.watch.calls import END_BYTES, Calls

HOSTS_USER = 200_000


@pytest.fixture
def journal(tmp_path, monkeypatch):
    path = tmp_path / "calls.jsonl"
    monkeypatch.setattr(calls, "JOURNAL", str(path).lstrip("/"))
    return path


@pytest.fixture
def told():
    return []


@pytest.fixture
def following(journal, told):
    return Calls(os.getpid(), lambda sentence, detail: told.append((sentence, detail)))


def own(path):
    """A host's files belong to its own users, never to the machine's root."""
    if os.geteuid() == 0:
        os.chown(path, HOSTS_USER, HOSTS_USER, follow_symlinks=False)


def note(journal, number, **told):
    with journal.open("a") as file:
        line = {"driver": "lab", "call": f"7-{number}", "method": "Join", "at": 1000.0, **told}
        file.write(json.dumps(line) + "\n")
    own(journal)


def test_where_no_driver_ever_ran_there_is_no_view(following, told):
    assert not following.glance()
    assert following.seen is None
    assert told == []


def test_a_call_is_told_when_asked_and_when_answered(following, journal, told):
    following.glance()
    note(journal, 1, asked={"NetworkID": "abc"})
    assert following.glance()
    note(journal, 1, answer={})
    assert following.glance()
    assert told == [("Docker asked lab: Join", "network abc"), ("lab answered Join: {}", "network abc")]
    assert not following.glance()


def test_both_at_once_is_one_sentence(following, journal, told):
    following.glance()
    note(journal, 1, asked={})
    note(journal, 1, answer={"Err": "no room"})
    following.glance()
    assert told == [("lab refused Join: error: no room", "")]


def test_what_stood_there_before_is_no_news(following, journal, told):
    note(journal, 1, asked={})
    assert following.glance()
    assert told == []
    assert len(following.seen.items) == 1


def test_a_flood_is_counted_and_slowed_down(following, journal, told):
    following._pace = Pace(2, 0.001)
    following.glance()
    for number in range(30):
        note(journal, number, asked={})
    assert following.glance()
    assert len(told) == 13
    assert "18 more" in told[-1][0]
    note(journal, 31, asked={})
    assert following.glance()
    note(journal, 32, asked={})
    assert not following.glance()  # later, then


def test_a_journal_that_went_shows_nothing(following, journal):
    note(journal, 1, asked={})
    following.glance()
    journal.unlink()
    assert following.glance()
    assert following.seen.lines == ()


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory", "device", "link in the way"])
def test_what_is_no_file_of_the_hosts_is_empty(following, journal, tmp_path, kind, monkeypatch):
    secret = tmp_path / "secret"
    note(secret, 1, asked={"secret": 1})
    match kind:
        case "symlink":
            journal.symlink_to(secret)
        case "fifo":
            os.mkfifo(journal)
        case "directory":
            journal.mkdir()
        case "device":
            monkeypatch.setattr(calls, "JOURNAL", "dev/zero")
        case "link in the way":
            (tmp_path / "way").symlink_to(tmp_path)
            monkeypatch.setattr(calls, "JOURNAL", str(tmp_path / "way" / "secret").lstrip("/"))
    following.glance()
    assert following.seen is None or following.seen.lines == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own a file as root")
def test_a_file_of_the_machines_root_is_not_read(following, journal):
    note(journal, 1, asked={"secret": 1})
    os.chown(journal, 0, 0)
    following.glance()
    assert following.seen.lines == ()


def test_a_huge_journal_costs_its_end_alone(following, journal):
    with journal.open("wb") as file:
        file.truncate(1 << 30)  # a gigabyte of holes
        file.seek(0, 2)
        file.write(b"\n")
    note(journal, 1, asked={})
    following.glance()
    assert [item.key for item in following.seen.items] == ["call:lab:7-1:1000.000"]
    assert sum(len(line.text) for line in following.seen.lines) < END_BYTES


def test_bytes_that_are_no_text_are_shown_as_such(following, journal):
    journal.write_bytes(b"\xff\xfe<script>\n\xc3")
    own(journal)
    following.glance()
    assert following.seen.items == ()
    assert following.seen.lines[0].text == "\ufffd\ufffd<script>"
