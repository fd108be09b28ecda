"""The process that serves the engine: when it is ready, why it is not, what it looks after, and how it ends."""

from __future__ import annotations

import signal
import subprocess
from typing import Any, cast

import pytest

from explorer.lab import diskguard, serve
from explorer.lab.config import LabConfig
from explorer.lab.engine import disks, ids, kernel, leftovers, runtime
from explorer.lab.errors import NodeError
from explorer.lab.hosts import lifecycle


@pytest.fixture
def config(tmp_path):
    made = LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")
    made.engine_dir.mkdir()
    made.socket.parent.mkdir(parents=True)
    return made


@pytest.fixture
def said():
    return []


class Daemon:
    """A process that runs; `ends_when` asked to."""

    def __init__(self, status=None, stubborn=False):
        self.status, self.stubborn, self.told = status, stubborn, []

    def poll(self):
        return self.status

    def terminate(self):
        self.told.append("TERM")
        self.status = None if self.stubborn else 0

    def kill(self):
        self.told.append("KILL")
        self.status = -9

    def wait(self, seconds=None):
        if self.status is None:
            raise subprocess.TimeoutExpired("dockerd", seconds or 0)
        return self.status


class Connection:
    """A client of an engine that answers."""

    def version(self):
        return {"Version": "20.10"}

    def close(self):
        pass


@pytest.fixture
def node(monkeypatch, config):
    """Everything around the engine happens at once and is written down; `node.daemon` is the engine."""
    done = []

    class Node:
        steps = done
        daemon = Daemon()

    def note(name, answer=None):
        def noted(*words, **named):
            done.append(name)
            return answer

        return noted

    monkeypatch.setattr(serve, "_check_root_and_tools", note("tools"))
    monkeypatch.setattr(leftovers, "sweep", note("sweep"))
    monkeypatch.setattr(kernel, "prepare", note("prepare"))
    monkeypatch.setattr(kernel, "fence", note("fence"))
    monkeypatch.setattr(runtime, "prepare", note("runtime"))
    monkeypatch.setattr(ids, "prepare", note("ids", ""))
    monkeypatch.setattr(disks, "prepare", note("disks", ""))
    monkeypatch.setattr(serve, "_start", note("start", Node.daemon))
    monkeypatch.setattr(serve, "wait_ready", note("wait"))
    monkeypatch.setattr(serve, "connect", lambda config: Connection())
    monkeypatch.setattr(lifecycle, "close_everything", note("close everything", 0))
    monkeypatch.setattr("explorer.lab.images.build_images", note("build"))
    monkeypatch.setattr(serve, "import_images", note("import"))
    monkeypatch.setattr(serve, "_add_engines", note("further"))
    monkeypatch.setattr(serve, "WATCH_SECONDS", 0.0)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield Node
    for number, handler in before.items():
        signal.signal(number, handler)


# --- the whole life of one ---
def test_it_is_ready_only_behind_its_fence_and_leaves_nothing(config, node, said):
    def ready():
        node.steps.append("ready")
        signal.raise_signal(signal.SIGTERM)

    assert serve.run_engine(config, said.append, ready) == 0
    assert [step for step in node.steps if step != "further"] == [
        *("tools", "sweep", "prepare", "runtime", "ids", "disks", "start", "wait", "fence", "close everything"),
        *("build", "import", "ready"),
        *("close everything", "sweep"),
    ]
    assert node.daemon.told == ["TERM"]
    assert not config.socket.parent.exists()
    leftovers.claim(config).close()  # and another may begin


def test_one_that_ends_by_itself_is_said_with_its_last_words(config, node, said):
    serve.log_file(config).write_text("first\nfailed to start daemon: no space\n")

    def ready():
        node.daemon.status = 1

    assert serve.run_engine(config, said.append, ready) == 1
    assert said[-1] == "The node's engine ended by itself. failed to start daemon: no space"
    assert node.steps[-1] == "sweep"


def test_what_cannot_be_prepared_is_said_and_swept(config, node, said, monkeypatch):
    def refuse(config):
        raise NodeError("ip failed on this node.", "no such device")

    monkeypatch.setattr(kernel, "prepare", refuse)
    assert serve.run_engine(config, said.append, lambda: None) == 1
    assert said == ["ip failed on this node. no such device"]
    assert "start" not in node.steps
    assert node.steps.count("sweep") == 2


def test_whoever_stops_it_while_it_starts_gets_no_error(config, node, said, monkeypatch):
    def interrupted(*words):
        signal.raise_signal(signal.SIGINT)
        raise NodeError("The node's engine did not start.")

    monkeypatch.setattr(serve, "wait_ready", interrupted)
    assert serve.run_engine(config, said.append, lambda: None) == 0
    assert said == []


def test_stopped_while_images_are_made_it_never_says_ready(config, node, said, monkeypatch):
    monkeypatch.setattr(serve, "import_images", lambda *words: signal.raise_signal(signal.SIGTERM))
    assert serve.run_engine(config, said.append, lambda: said.append("ready")) == 0
    assert "ready" not in said


def test_what_an_earlier_engine_left_and_cannot_go_yet_keeps_nobody_waiting(config, node, said, monkeypatch):
    def refuse(config):
        raise NodeError("A part of a sandbox is so large that it is removed in several steps.", "/var/lib/x")

    monkeypatch.setattr(lifecycle, "close_everything", refuse)
    assert serve.run_engine(config, said.append, lambda: signal.raise_signal(signal.SIGTERM)) == 0
    assert "another try follows" in said[0]


# --- ending ---
def test_an_engine_that_does_not_end_is_killed(config, node, said):
    stubborn = Daemon(stubborn=True)
    serve._end(config, cast(Any, stubborn), said.append)
    assert stubborn.told == ["TERM", "KILL"]


def test_hosts_that_cannot_be_removed_end_with_the_engine(config, node, said, monkeypatch):
    def refuse(config):
        raise NodeError("The node's engine does not answer.")

    monkeypatch.setattr(lifecycle, "close_everything", refuse)
    serve._end(config, node.daemon, said.append)
    assert "end with the engine" in said[0]
    assert node.daemon.told == ["TERM"]


def test_an_engine_that_is_gone_is_not_asked(config, node, said):
    serve._end(config, cast(Any, Daemon(status=1)), said.append)
    assert node.steps == ["sweep"]


def test_what_others_of_this_installation_use_stays(config, node, said):
    """Also the empty directory: a web process that runs on has something mounted over it."""
    (config.run_dir / "redis.sock").write_text("")
    config.socket.write_text("")
    (config.socket.parent / "exec").mkdir()
    before = config.socket.parent.stat().st_ino
    serve._end(config, None, said.append)
    assert sorted(path.name for path in config.run_dir.iterdir()) == ["engine", "redis.sock"]
    assert (config.socket.parent.stat().st_ino, list(config.socket.parent.iterdir())) == (before, [])


# --- looking after sandboxes ---
def test_who_overstayed_and_who_filled_the_disk_are_named(config, said, monkeypatch):
    monkeypatch.setattr(lifecycle, "end_overdue", lambda config: ["old"])
    guard = diskguard.Guard(config)
    monkeypatch.setattr(guard, "relieve", lambda: "big")
    serve._look_after(config, guard, said.append)
    assert [line.split(":")[0] for line in said] == ["sandbox old ended", "sandbox big ended"]


def test_trouble_in_looking_after_them_does_not_end_the_engine(config, said, monkeypatch):
    def refuse(config):
        raise NodeError("The node's engine failed.", "no space")

    monkeypatch.setattr(lifecycle, "end_overdue", refuse)
    guard = diskguard.Guard(config)
    monkeypatch.setattr(guard, "relieve", lambda: "big")
    serve._look_after(config, guard, said.append)
    assert said[0] == "The node's engine failed. no space"
    assert said[1].startswith("sandbox big ended"), "a full disk is looked at all the same"


# --- what is needed, and last words ---
def test_without_root_it_says_so(monkeypatch):
    monkeypatch.setattr("explorer.lab.serve.os.geteuid", lambda: 1000)
    with pytest.raises(NodeError, match="needs root"):
        serve._check_root_and_tools()


def test_missing_programs_are_named(monkeypatch):
    monkeypatch.setattr("explorer.lab.serve.os.geteuid", lambda: 0)
    monkeypatch.setattr("explorer.lab.serve.shutil.which", lambda name: None if name in ("ip", "iptables") else name)
    with pytest.raises(NodeError, match="missing on this node: ip, iptables"):
        serve._check_root_and_tools()


def test_everything_of_the_engine_lies_in_directories_of_its_own(config):
    words = serve.arguments(config)
    paths = [word.rpartition("=")[2].removeprefix("unix://") for word in words if "/" in word]
    ours = [path for path in paths if path.startswith((str(config.engine_dir), str(config.run_dir), config.cgroup))]
    assert ours == paths
    assert "--userns-remap=default" in words


@pytest.mark.parametrize(
    ("log", "last"),
    [(b"", ""), (b"one\ntwo\n", "two"), (b"x" * 5000 + b"\n\nend\n\n", "end"), (b"\xff\n", "\ufffd")],
)
def test_the_last_line_of_the_log_is_what_it_died_of(config, log, last):
    serve.log_file(config).write_bytes(log)
    assert serve._last_words(config) == last


def test_without_a_log_there_are_no_last_words(config):
    assert serve._last_words(config) == ""
