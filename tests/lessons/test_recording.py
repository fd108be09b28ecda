"""Recordings belong to the lessons as they are, come from real runs, and are refused when they do not."""

from __future__ import annotations

import gzip
import json

import pytest

from explorer.lessons import recording
from explorer.lessons.checks import evaluate
from explorer.lessons.load import CONTENT, load_lessons
from explorer.lessons.model import Command, Part
from explorer.lessons.recording import RecordedStep, Recording, find_recording, path_of, played, read_recording, write_recording
from explorer.network.model import Snapshot

LESSONS = load_lessons()
RECORDED = sorted(path.parent.name for path in CONTENT.glob(f"*/{recording.NAME}"))
AGAIN = "the lesson {} was changed after it was recorded: record it again with `make record-vm`, and commit what it wrote"


@pytest.fixture
def lesson():
    return LESSONS["macvlan"]


@pytest.mark.parametrize("slug", RECORDED)
def test_it_belongs_to_the_lesson_as_it_is(slug):
    assert read_recording(path_of(LESSONS[slug])).played == played(LESSONS[slug]), AGAIN.format(slug)
    assert find_recording(LESSONS[slug])


@pytest.mark.parametrize("slug", RECORDED)
def test_it_was_green_step_by_step(slug):
    lesson, kept = LESSONS[slug], find_recording(LESSONS[slug])
    assert [one.step for one in kept.seen] == ["", *(step.id for step in lesson.steps)]
    for step in lesson.steps:
        before, after = kept.around(step.id)
        assert before.at < after.at
        assert evaluate(step, after).done, step.id
        assert all(kept.answer(prediction.id) for prediction in step.predictions)


@pytest.mark.parametrize("slug", RECORDED)
def test_it_says_where_it_was_made(slug):
    kept = find_recording(LESSONS[slug])
    assert kept.kernel.count(".") >= 2
    assert kept.engine.count(".") >= 2
    assert kept.at > 1_750_000_000
    assert path_of(LESSONS[slug]).stat().st_size < 200_000


def test_a_lesson_without_one_has_none():
    assert find_recording(LESSONS["bridge"]) is None


def test_whatever_is_played_changes_the_hash(lesson):
    first = lesson.steps[0]
    more = Part(html="", commands=(Command(place="h1", command="true"),))
    other = first.model_copy(update={"parts": (*first.parts, more)})
    assert played(lesson) == played(lesson.model_copy(update={"title": "Another title"}))
    assert played(lesson) != played(lesson.model_copy(update={"scenario": "two-hosts"}))
    assert played(lesson) != played(lesson.model_copy(update={"steps": (other, *lesson.steps[1:])}))


@pytest.fixture
def file(tmp_path, lesson, monkeypatch):
    path = tmp_path / "recording.json.gz"
    monkeypatch.setattr(recording, "path_of", lambda lesson: path)
    recording._read.cache_clear()
    yield path
    recording._read.cache_clear()


def one(of, **changed):
    seen = (RecordedStep(step="", snapshot=Snapshot(sandbox="s")),)
    facts = {"lesson": of.slug, "kernel": "6.12", "engine": "26.1.5", "at": 1.0, "played": played(of), "seen": seen}
    return Recording.model_validate(facts | changed)


def test_written_and_found_again(file, lesson):
    write_recording(file, one(lesson))
    assert find_recording(lesson) == one(lesson)


@pytest.mark.parametrize("changed", [{"played": "other"}, {"lesson": "bridge"}])
def test_another_lessons_recording_is_not_found(file, lesson, changed):
    write_recording(file, one(lesson, **changed))
    assert find_recording(lesson) is None


BROKEN = {
    "empty": b"",
    "nonsense": b"nonsense",
    "no recording": gzip.compress(b"{}"),
    "cut": gzip.compress(json.dumps({"x": 1}).encode())[:-6],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_one_is_not_found(file, lesson, data):
    file.write_bytes(data)
    assert find_recording(lesson) is None


def test_the_same_recording_is_the_same_file(tmp_path, lesson):
    for name in "ab":
        write_recording(tmp_path / name, one(lesson))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
