"""Hosts are asked what their Docker Engine can do: once for an image, and never when nobody may."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.hosts import features, lifecycle
from explorer.network.engines.features import NAMES

ANSWERS = "".join(f"{name} yes\n" for name in NAMES)


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", engines=("26", "28"))


@pytest.fixture
def hosts(monkeypatch):
    """Hosts that answer with `said` and end with `status`; `opened` and `closed` are the names of their sandboxes."""

    class Hosts:
        said, status = ANSWERS, 0
        opened: list[str] = []
        closed: list[str] = []

    made = Hosts()
    made.opened, made.closed = [], []

    def open_sandbox(config, name, generation, scenario, expires_at, say, engine):
        if engine == "26":
            raise NodeError("This node has no hosts with Docker Engine 26.")
        made.opened.append(name)
        return {"hosts": {"h1": {"engine": f"{engine}.5.2"}}}

    def run_in(config, sandbox, where, argv, write, timeout):
        write("out", made.said.encode())
        return made.status

    monkeypatch.setattr(lifecycle, "open_sandbox", open_sandbox)
    monkeypatch.setattr(lifecycle, "close_sandbox", lambda config, name: made.closed.append(name))
    monkeypatch.setattr(features, "run_in", run_in)
    return made


def test_a_host_is_asked_once_and_closed(config, hosts):
    for _ in range(2):
        told = features.of_each(config, ["28"], may_ask=True)
        assert told == {"28": {"version": "28.5.2", "found": dict.fromkeys(NAMES, True)}}
    assert hosts.opened == hosts.closed
    assert len(hosts.opened) == 1


def test_without_leave_no_sandbox_is_opened(config, hosts):
    assert features.of_each(config, ["28"], may_ask=False) == {"28": {"error": "No host with it has been asked yet."}}
    assert hosts.opened == []


def test_one_that_cannot_be_opened_says_so_and_the_others_are_asked(config, hosts):
    told = features.of_each(config, ["26", "28"], may_ask=True)
    assert told["26"] == {"error": "This node has no hosts with Docker Engine 26."}
    assert told["28"]["version"] == "28.5.2"


@pytest.mark.parametrize(("said", "status"), [("", 0), (ANSWERS, 1), (ANSWERS.split("\n", 1)[1], 0), ("x" * 99, 0)])
def test_a_host_that_does_not_answer_everything_is_not_kept(config, hosts, said, status):
    hosts.said, hosts.status = said, status
    told = features.of_each(config, ["28"], may_ask=True)
    assert "could not be asked" in told["28"]["error"]
    assert hosts.opened == hosts.closed
    hosts.said, hosts.status = ANSWERS, 0
    assert "found" in features.of_each(config, ["28"], may_ask=True)["28"]


@pytest.mark.parametrize("kept", ["", "[]", "{}", json.dumps({"version": "28.5.2", "found": {"nftables": True}})])
def test_kept_answers_that_are_incomplete_are_asked_anew(config, hosts, kept):
    path = features._file(config, "28")
    path.parent.mkdir(parents=True)
    path.write_text(kept)
    assert features.of_each(config, ["28"], may_ask=True)["28"]["found"] == dict.fromkeys(NAMES, True)


def test_another_image_is_asked_anew(config, hosts, monkeypatch):
    features.of_each(config, ["28"], may_ask=True)
    monkeypatch.setattr(features, "tag", lambda config, name: f"explorer/{name}:other")
    features.of_each(config, ["28"], may_ask=True)
    assert len(hosts.opened) == 2


def test_podman_is_not_asked_about_docker(config, hosts):
    assert features.of_each(config, ["podman"], may_ask=True) == {}
    assert hosts.opened == []
