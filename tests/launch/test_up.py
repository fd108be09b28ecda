"""`manage.py up` before anything has started: what it refuses, in one sentence."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def up(passable_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    places = {
        "EXPLORER_STATE": str(passable_path / "var"),
        "EXPLORER_RUN": str(passable_path / "run"),
        "EXPLORER_INSTALL": "t-up",
    }
    argv = [sys.executable, str(TOP / "manage.py"), "up", *words]
    return subprocess.run(argv, env={**os.environ, **places, **variables}, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PORT": "eighty"}, "PORT='eighty': expected a whole number from 1 to 65535"),
        ({"PORT": "70000"}, "PORT='70000'"),
        ({"EXPLORER_PRODUCTION": "1"}, "SECRET_KEY: production needs a secret of its own"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: unknown kind 'mysql'"),
        ({"EXPLORER_LOG_LEVEL": "LOUD"}, "EXPLORER_LOG_LEVEL='LOUD'"),
        ({"REDIS_URL": "unix:///nowhere/socket", "PORT": "8199"}, "REDIS_URL does not answer"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence(passable_path, variables, sentence):
    done = up(passable_path, "--parts", "web", **variables)
    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (passable_path / "run").exists()


def test_a_taken_port_is_one_sentence(passable_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = up(passable_path, PORT=str(port))
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr
    assert f"make run PORT={port + 1}" in done.stderr


def test_a_node_alone_has_nobody_to_work_for(passable_path):
    done = up(passable_path, "--parts", "node")
    assert done.returncode == 1
    assert "a node on its own needs the REDIS_URL" in done.stderr or "a node needs root" in done.stderr
