"""The runtime of the engine: who is called for what, and what it is able to do."""

import subprocess

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.engine import create, runtime


@pytest.fixture
def config(tmp_path):
    (tmp_path / "run" / "engine").mkdir(parents=True)
    (tmp_path / "engine" / "tmp").mkdir(parents=True)
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


def test_the_script_calls_us_to_create_and_runc_for_the_rest(config, tmp_path, monkeypatch):
    """`runc` and our program are both replaced by one that says what it was called with."""
    said = tmp_path / "bin" / "runc"
    said.parent.mkdir()
    said.write_text('#!/bin/sh\necho "runc $*"\n')
    said.chmod(0o755)
    ours = tmp_path / "explorer" / "lab" / "engine" / "create.py"
    ours.parent.mkdir(parents=True)
    ours.write_text("import sys; print('ours', *sys.argv[1:])\n")
    monkeypatch.setattr(runtime, "PACKAGES", tmp_path)
    runtime.write_script(config)
    folder = runtime.roots(config) / "abc" / create.BUNDLE_ROOT
    folder.mkdir(parents=True)

    def call(*words):
        env = {"PATH": f"{said.parent}:/usr/bin:/bin"}
        done = subprocess.run([runtime.script(config), *words], env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert call("--root", "/r", "create", "--bundle", "/b", "abc") == "ours --root /r create --bundle /b abc"
    assert call("--root", "/r", "exec", "--process", "/p", "abc") == "runc --root /r exec --process /p abc"
    assert folder.is_dir()
    assert call("--root", "/r", "delete", "abc") == "runc --root /r delete abc"
    assert not folder.parent.exists()


def test_nothing_is_known_to_work_before_it_was_tried(config):
    runtime.prepare(config)
    assert not runtime.is_able(config, "own-disks")
    runtime.be_able(config, "own-disks")
    assert runtime.is_able(config, "own-disks")


def test_what_an_earlier_engine_left_is_gone_before_the_next(config):
    left = runtime.roots(config) / "abc" / "own" / "root"
    left.mkdir(parents=True)
    (left / "file").write_text("kept by nobody")
    runtime.prepare(config)
    assert list(runtime.roots(config).iterdir()) == []
