"""Comparisons on a real node: from the wish to a clean engine, through killed processes, and without a worker at all."""

import json
import signal
import time

from explorer.network.comparison import Comparison
from tests.engine.stack import *  # noqa: F403

PAIR = "columns=host,none&throughput=0"
START = f"""
from explorer.sandboxes import comparisons
from explorer.network.comparison.spec import from_query
print(comparisons.start_comparison(Learner.objects.create(), from_query("{PAIR}"), nodes.read_nodes()).pk)
"""
UNTIL_OPENING = """
import time
until = time.monotonic() + 30
while not Sandbox.objects.filter(state="opening").exists():
    assert time.monotonic() < until
    time.sleep(0.02)
"""
REMOVE = """
from explorer.lab.hosts import lifecycle
from explorer.node.this_node import lab_config
lifecycle.close_sandbox(lab_config(), "{0}")
"""
LOOK = """
import json
from explorer.sandboxes import comparisons
c = Comparison.objects.get(pk="{0}")
{1}
print(json.dumps({{"state": c.state, "reason": c.reason, "columns": {{
    k.key: {{"state": k.state, "phase": k.phase, "attempts": k.attempts, "cells": k.cells, "reason": k.reason,
             "sandbox": k.sandbox_id, "box": k.sandbox.state if k.sandbox else ""}}
    for k in c.columns.select_related("sandbox")}}}}))
"""


def look(node, comparison, watched=True):
    note = f'comparisons.note_look("{comparison}")' if watched else ""
    return json.loads(node.python(LOOK.format(comparison, note)))


def until(node, comparison, wanted, seconds=90, watched=True):
    end = time.monotonic() + seconds
    while not wanted(now := look(node, comparison, watched)):
        assert time.monotonic() < end, now
        time.sleep(0.2)
    return now


def is_over(now):
    return now["state"] != "running"


def until_clean(node, seconds=60):
    end = time.monotonic() + seconds
    while left := node.tell("list")["sandboxes"]:
        assert time.monotonic() < end, left
        time.sleep(0.5)


def compare(node, *words, status=0):
    done = node.manage("compare", "--json", *words, seconds=180)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_without_a_worker_the_command_does_it_all(bare, tmp_path):
    out = tmp_path / "made.json"
    said = compare(bare, "--drivers", "host,none", "--no-throughput", "--out", str(out))
    told = Comparison.model_validate(said)
    assert [(column.variant.id, column.state) for column in told.columns] == [("host", "done"), ("none", "done")]
    assert told.columns[0].cell("netns").mark == "no"
    assert told.columns[1].cell("netns").mark == "yes"
    assert told.versions.engines["host"].startswith("26")
    assert told.noise.median > 0
    assert json.loads(out.read_text()) == said
    assert bare.tell("list")["sandboxes"] == []


def test_what_makes_no_sense_is_said(bare):
    assert "2 to 5 columns" in compare(bare, "--drivers", "bridge", status=1)["error"]
    assert "There is no 'frobnicate'" in compare(bare, "--drivers", "bridge,frobnicate", status=1)["error"]
    assert "no directory" in compare(bare, "--drivers", "host,none", "--out", "/nowhere/at/all.json", status=1)["error"]


def test_with_worker_and_relay_it_is_asked_for_like_by_everybody(node):
    told = Comparison.model_validate(compare(node, "--drivers", "host,none", "--no-throughput"))
    assert {column.state for column in told.columns} == {"done"}
    assert node.tell("list")["sandboxes"] == []


def test_a_relay_killed_in_the_middle_leaves_it_to_the_next(node):
    comparison = node.python(START).strip()
    before = until(node, comparison, lambda now: any(k["state"] == "running" for k in now["columns"].values()))
    node.stop("relay", signal.SIGKILL)
    node.start_relay()
    done = until(node, comparison, is_over)
    assert {k["state"] for k in done["columns"].values()} == {"done"}, done
    again = [key for key, k in done["columns"].items() if k["attempts"] == 2]
    assert again, (before, done)
    for key in again:
        assert done["columns"][key]["sandbox"] != before["columns"][key]["sandbox"]
    until_clean(node)


def test_a_worker_killed_while_it_opens_them_is_made_up_for(node):
    comparison = node.python(START + UNTIL_OPENING).split()[0]
    node.stop("worker", signal.SIGKILL)
    node.start_worker()
    done = until(node, comparison, is_over, seconds=200)
    assert {k["state"] for k in done["columns"].values()} == {"done"}, done
    until_clean(node)


def test_a_host_that_dies_is_a_column_that_failed_and_the_other_is_measured(node):
    node.stop("relay")
    comparison = node.python(START).strip()
    now = until(node, comparison, lambda now: {k["box"] for k in now["columns"].values()} == {"ready"})
    node.python(REMOVE.format(now["columns"]["host"]["sandbox"]))
    node.start_relay()
    done = until(node, comparison, is_over)
    assert done["columns"]["host"]["state"] == "failed"
    assert done["columns"]["host"]["reason"]
    assert done["columns"]["none"]["state"] == "done"
    until_clean(node)


def test_when_nobody_looks_any_more_it_is_over_within_a_minute(node):
    """No relay, so that it does not come to its end by itself."""
    node.stop("relay")
    comparison = node.python(START).strip()
    began = time.monotonic()
    done = until(node, comparison, is_over, watched=False)
    until_clean(node)
    assert time.monotonic() - began < 60
    assert (done["state"], {k["state"] for k in done["columns"].values()}) == ("ended", {"failed"})
    assert "Nobody looked" in done["reason"]
    node.start_relay()
