"""A sentence cannot be made without evidence: not at run time, and not past mypy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from explorer.network.journeys import Asked, Evidence
from explorer.network.journeys.evidence import Sentence, sender_told

TOP = Path(__file__).resolve().parents[3]
GROUND = sender_told("h1", "nobody there", 113)


def test_what_was_gathered_for_nothing_is_left_out():
    assert Sentence("It ended.", GROUND, None, GROUND).evidence == (GROUND, GROUND)


@pytest.mark.parametrize("grounds", [(), (None,), ("a guess",)])
def test_without_evidence_there_is_no_sentence(grounds):
    with pytest.raises(TypeError):
        Sentence("It surely was the firewall.", *grounds)


def test_mypy_refuses_it_too(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from explorer.network.journeys.evidence import Sentence\n\nSentence('It surely was the firewall.')\n")
    argv = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(TOP / "pyproject.toml"),
        "--follow-imports",
        "silent",
        str(wrong),
    ]
    told = subprocess.run(argv, cwd=TOP, capture_output=True, text=True, check=False)
    assert 'Missing positional argument "first"' in told.stdout, told.stdout + told.stderr


def test_evidence_says_what_to_type():
    assert Evidence.model_validate_json(GROUND.model_dump_json()) == GROUND
    assert "No route to host" in GROUND.text


@pytest.mark.parametrize(
    ("asked", "means"),
    [
        ({"target": "h1:8080"}, ("h1", "tcp", 8080)),
        ({"target": "h1:8080", "kind": "http"}, ("h1", "http", 8080)),
        ({"target": "10.77.1.2:53", "kind": "ping"}, ("10.77.1.2", "tcp", 53)),
        ({"target": "h1/web"}, ("h1/web", "ping", 80)),
        ({"target": "h1:8080", "kind": "dns"}, ("h1:8080", "dns", 80)),
        ({"target": "fd00::1"}, ("fd00::1", "ping", 80)),
        ({"target": "*", "kind": "record"}, ("*", "record", 80)),
    ],
)
def test_a_target_may_end_with_its_port(asked, means):
    told = Asked.model_validate({"source": "outside"} | asked)
    assert (told.target, told.kind, told.port) == means


def test_a_port_that_is_none_is_refused():
    with pytest.raises(ValueError, match="less than or equal to 65535"):
        Asked(source="outside", target="h1:99999")
