"""The doctor tells a healthy node from a sick one, with a cure for each complaint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from explorer.lab import doctor
from explorer.lab.hosts import lifecycle
from explorer.lab.images import needed

pytestmark = pytest.mark.engine


def failing(found):
    return {check["name"]: check["cure"] for check in found["checks"] if check["must"] and not check["ok"]}


def test_a_running_node_is_healthy(lab_config, sandbox):
    found = doctor.examine(lab_config)
    assert found["ok"], failing(found)
    assert found["isolation"].startswith("full")
    sizes = {image["name"]: image["bytes"] for image in found["images"]}
    assert all(sizes[name] > 10_000_000 for name in needed(lab_config))
    assert found["engines"][0] == lab_config.engines[0]
    assert found["capacity"]["used"] >= 1
    assert found["capacity"]["free"] == lifecycle.capacity(lab_config) - found["capacity"]["used"]


def test_drivers_follow_from_what_the_kernel_did(lab_config):
    found = doctor.examine(lab_config)
    assert found["drivers"]["bridge"] == {"usable": True, "lacks": ""}
    assert found["drivers"]["ipvlan"]["usable"] == found["features"]["ipvlan"]
    assert found["drivers"]["macvlan"]["usable"] == found["features"]["macvlan"]


def test_an_engine_that_does_not_run_fails_with_its_cure(lab_config, tmp_path):
    found = doctor.examine(replace(lab_config, run_dir=tmp_path))
    assert not found["ok"]
    assert failing(found) == {"engine": "start it: make run"}


def test_missing_programs_and_a_closed_way_fail_with_their_cures(lab_config, monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(doctor, "TOOLS", ("ip", "no-such-program"))
    found = failing(doctor.examine(replace(lab_config, engine_dir=closed / "engine")))
    assert "install" in found["programs"]
    assert "chmod o+x" in found["way to the data"]


@pytest.mark.parametrize("run_dir", ["", "/nowhere"])
def test_the_command_prints_one_object_and_tells_by_its_status(lab_config, run_dir):
    env = os.environ | ({"EXPLORER_RUN": run_dir} if run_dir else {})
    words = [sys.executable, "manage.py", "labdoctor"]
    done = subprocess.run([*words, "--json", "--no-attack"], capture_output=True, text=True, check=False, env=env)
    assert done.stdout.count("\n") == 1
    assert done.returncode == (0 if json.loads(done.stdout)["ok"] else 1)
    assert json.loads(done.stdout)["ok"] is not bool(run_dir)
    as_text = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    assert as_text.returncode == done.returncode
    assert ("→ start it: make run" in as_text.stdout) is bool(run_dir)
    assert ("attempts from root in a host, container, machine: all refused" in as_text.stdout) is not bool(run_dir)
