"""The toy driver and its lesson, there for one test: found in the toys' folder, as the product finds its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.lessons.load import load_lessons
from explorer.lessons.model import Lesson
from explorer.network.drivers import DRIVERS, Driver, find_drivers
from explorer.sandboxes import library
from tests.toys import drivers

LESSONS = Path(__file__).parent / "lessons"


@pytest.fixture
def toy(monkeypatch) -> Driver:
    [driver] = find_drivers(drivers)
    monkeypatch.setitem(DRIVERS, driver.name, driver)
    return driver


@pytest.fixture
def toy_lesson(toy, monkeypatch) -> Lesson:
    lesson = load_lessons(LESSONS)["toyvlan"]
    monkeypatch.setattr(library, "load_lessons", lambda: {**load_lessons(), lesson.slug: lesson})
    return lesson
