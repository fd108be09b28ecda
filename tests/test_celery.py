"""The tasks that come by themselves: they come whatever is done to the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from celery.schedules import schedule

from explorer.celery import SteadyScheduler, app

NOW = datetime(2026, 3, 1, 12, tzinfo=app.timezone)


@pytest.fixture
def entry(tmp_path):
    scheduler = SteadyScheduler(app=app, schedule_filename=str(tmp_path / "beat"), lazy=True)
    return scheduler, scheduler.Entry(name="reconcile", task="reconcile", schedule=schedule(10.0), last_run_at=NOW, app=app)


@pytest.mark.parametrize(
    ("moved", "due"),
    [
        (timedelta(seconds=4), False),
        (timedelta(seconds=10), True),
        (timedelta(hours=1), True),
        (timedelta(hours=-1), True),
        (timedelta(days=-3), True),
    ],
)
def test_it_is_due_after_its_time_and_when_the_clock_was_set_back(entry, monkeypatch, moved, due):
    scheduler, one = entry
    monkeypatch.setattr(type(one), "default_now", lambda self: NOW + moved)
    monkeypatch.setattr(type(one.schedule), "now", lambda self: NOW + moved)
    is_due, wait = scheduler.is_due(one)
    assert (is_due, 0 < wait <= 10) == (due, True)
