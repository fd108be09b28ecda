"""Log records: one line each, with the ids, and nothing that a host says can look like another record or move a terminal."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import settings as unhurried
from hypothesis import strategies as st

from explorer import log_lines, settings
from explorer.log_lines import as_json, as_line, escape, part_of

TOP = Path(__file__).resolve().parents[1]
HOSTILE = "web\n2026-11-30T00:00:00Z error    BRAKE\x1b[2J\x9b31m\u202edlrow\r\x00"
values = st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()), st.dictionaries(st.text(), st.text()))


def record(**facts):
    return {"event": "seen", "level": "info", "logger": "explorer.x", "timestamp": "T", **facts}


@unhurried(deadline=None)
@given(st.dictionaries(st.text(min_size=1), values), st.text(), st.text())
def test_a_record_is_one_line_whatever_it_holds(facts, event, trace):
    line = as_line(None, "", {**facts, "event": event, "exception": trace})
    first, *more = line.split("\n")
    assert line.replace("\n", "").isprintable()
    assert all(one.startswith("  | ") for one in more)
    assert len(more) == (len(trace.split("\n")) if trace else 0)
    assert first


@unhurried(deadline=None)
@given(st.dictionaries(st.text(min_size=1), values), st.text())
def test_as_json_it_is_one_object_on_one_line(facts, event):
    text = as_json(None, "", {**facts, "event": event})
    assert text.isprintable()
    assert isinstance(json.loads(text), dict)


def test_ids_come_first_and_in_the_same_order():
    line = as_line(None, "", record(zebra=1, sandbox="abc", task_id="t", request_id="r", part="worker", node="node1"))
    assert re.findall(r"(\w+)=", line) == ["node", "part", "request_id", "task_id", "sandbox", "zebra", "logger"]


def test_what_a_host_says_is_escaped():
    line = as_line(None, "", record(name=HOSTILE))
    assert r'name="web\n2026-11-30T00:00:00Z error' in line
    assert r"\x1b[2J\x9b31m\u202edlrow\r\x00" in line


def test_half_a_character_does_not_break_the_log():
    assert as_line(None, "", record(name="x\ud800")).encode()
    assert as_json(None, "", record(name="x\ud800")).encode()


def test_a_quoted_value_cannot_end_early():
    assert r'name="a\" forged=\\"' in as_line(None, "", record(name='a" forged=\\'))


def test_values_are_bounded():
    assert len(as_line(None, "", record(name="x y" * 100_000))) < 3000
    assert len(as_json(None, "", record(name=["x" * 100_000] * 1000))) < 3_000_000
    assert len(escape("x" * 10_000)) == log_lines.MOST + 1


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["/srv/manage.py", "relay"], "relay"),
        (["manage.py"], "manage"),
        (["/venv/lib/celery/__main__.py", "-A", "explorer.celery", "worker"], "worker"),
        (["/venv/bin/celery", "worker"], "worker"),
        (["/venv/lib/uvicorn/__main__.py", "explorer.asgi:application"], "web"),
        (["/venv/bin/pytest"], "pytest"),
        (["/venv/lib/pytest/__main__.py"], "pytest"),
        ([], "python"),
    ],
)
def test_a_process_knows_which_part_it_is(argv, part):
    assert part_of(argv) == part


def printed(how, code):
    """What a process with our settings writes to its log."""
    head = "import django; django.setup()\nimport logging, structlog\nlog = structlog.get_logger('explorer.x')\n"
    env = {**os.environ, "EXPLORER_LOG": how, "DJANGO_SETTINGS_MODULE": "explorer.settings"}
    done = subprocess.run([sys.executable, "-c", head + code], env=env, cwd=TOP, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if "hello" in line or line.startswith("  |")]


@pytest.mark.parametrize("how", ["line", "json"])
def test_both_kinds_of_loggers_write_it_so(how):
    code = r"""
structlog.contextvars.bind_contextvars(task_id="t1", sandbox="abc")
log.info("hello", name="a\nb")
logging.getLogger("other").warning("hello %s", "c\nd")
"""
    lines = printed(how, code)
    assert len(lines) == 2
    for line in lines:
        assert r"\n" in line
        facts = json.loads(line) if how == "json" else dict(re.findall(r"(\w+)=(\w+)", line))
        assert (facts["task_id"], facts["sandbox"]) == ("t1", "abc")


def test_a_traceback_is_barred():
    lines = printed("line", "try: raise ValueError('x\\nforged hello')\nexcept ValueError: log.exception('hello')\n")
    assert "  | ValueError: x" in lines
    assert "  | forged hello" in lines


def test_another_way_of_writing_logs_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", "import explorer.settings"],
        env={**os.environ, "EXPLORER_LOG": "xml"},
        cwd=TOP,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "EXPLORER_LOG='xml': expected line or json" in done.stderr


def test_a_tasks_records_carry_its_id():
    from explorer.celery import forget_task, name_task

    name_task(task_id="t1")
    assert structlog.contextvars.get_contextvars()["task_id"] == "t1"
    forget_task()
    assert "task_id" not in structlog.contextvars.get_contextvars()


def test_uvicorns_records_go_the_same_way():
    told = settings.LOGGING["loggers"]["uvicorn.error"]  # type: ignore[index]
    assert told == {"level": "WARNING", "handlers": [], "propagate": True}
    assert logging.getLogger("uvicorn.error").propagate
