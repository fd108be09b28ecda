"""On a build machine (CI=true) an engine or browser test that skips has failed, unless the kernel lacks what it is about.

And whoever ends a run, however it was started, has fixtures end what they started.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Generator
from typing import Any

import pytest

from tests.attacks import pytest_itemcollected, pytest_runtest_logreport, seen, tried
from tests.reruns import pytest_configure, pytest_terminal_summary

__all__ = [
    "pytest_configure",
    "pytest_itemcollected",
    "pytest_runtest_logreport",
    "pytest_terminal_summary",
    "seen",
    "tried",
]

STRICT = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
ROOMS = ("tests/engine/", "tests/browser/")
EXCUSE = "kernel lacks"
AUDIT = importlib.import_module("explorer.classroom.migrations.0002_audit_triggers")


if threading.current_thread() is threading.main_thread():
    # a shell that is no terminal's starts its background jobs with interrupts ignored; a TERM ends Python without a word
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


def must_run(item: pytest.Item) -> bool:
    return item.nodeid.startswith(ROOMS) or any(item.iter_markers("engine")) or any(item.iter_markers("browser"))


def refuse_skip(report: Any) -> None:
    """A skip's `longrepr` is (path, line, reason)."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    reason = str(report.longrepr[2]).removeprefix("Skipped: ")
    if not reason.startswith(EXCUSE):
        report.outcome = "failed"
        report.longrepr = f"skipped where it must run: {reason}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit empty every table afterwards, which the audit log's triggers would refuse; its own test has them."""
    from django.db import connection

    with django_db_blocker.unblock():
        AUDIT.let_go(None, connection.schema_editor())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if STRICT and must_run(item):
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report = yield
    if STRICT and collector.nodeid.startswith(ROOMS):
        refuse_skip(report)
    return report


@pytest.fixture(autouse=True)
def _fresh_library(monkeypatch):
    """No test knows the lessons of another's database."""
    from explorer.sandboxes import library

    monkeypatch.setattr(library, "_asked_at", -library.ASK_EVERY)
    monkeypatch.setattr(library, "_shelf", library.Shelf())
