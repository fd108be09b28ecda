"""What an earlier engine left: found by this installation's own names, ended, and nothing else touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups, leftovers
from explorer.lab.errors import NodeError

ROOT = (200_000, 200_001)  # a host's root, on the node

LISTENING = "import sys, time; print('here', flush=True); time.sleep(60)"


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A file system of control groups that a test writes itself, version 1: a directory for each controller."""
    root = tmp_path / "cgroup"
    monkeypatch.setattr(leftovers, "CGROUPS", root)

    def make(*names, procs="", **files):
        for name in names:
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / name / "cgroup.procs").write_text(procs)
            for file, text in files.items():
                (root / name / file.replace("__", ".")).write_text(text)
        return root

    return make


@pytest.fixture
def child():
    """A process of ours with these arguments, once it runs."""
    children = []

    def start(*words):
        one = subprocess.Popen([sys.executable, "-c", LISTENING, *words], stdout=subprocess.PIPE)
        children.append(one)
        assert one.stdout is not None
        one.stdout.readline()
        return one

    yield start
    for one in children:
        one.kill()
        one.wait()
        one.stdout.close()


# --- one engine per installation ---
def test_a_second_engine_of_the_same_installation_is_refused(config):
    held = leftovers.claim(config)
    with pytest.raises(NodeError, match="installation units is already running"):
        leftovers.claim(config)
    held.close()
    leftovers.claim(config).close()


# --- whose processes are ours ---
def test_a_daemon_is_known_by_the_exact_path_in_its_arguments(config, groups, child):
    groups()
    ours = child(f"--exec-root={config.socket.parent / 'exec'}")
    others = [child(f"--exec-root={config.socket.parent / 'exec2'}"), child(f"--exec-root={config.socket.parent}"), child()]
    found = leftovers.our_processes(config)
    assert ours.pid in found
    assert not found & {one.pid for one in others}


def test_whatever_is_in_our_control_groups_is_ours_but_never_we(config, groups):
    groups("pids/explorer-units/c1/docker/x", procs=f"41\n{os.getpid()}\n0\n")
    groups("memory/explorer-units", procs="42\n")
    groups("pids/explorer-units2/c1", "pids/elsewhere", procs="43\n")
    assert leftovers.our_processes(config) == {41, 42}


@pytest.mark.parametrize("text", ["", "what\n", "1 2 x", "\0"])
def test_a_group_that_lists_nonsense_has_no_members(config, groups, text):
    groups("pids/explorer-units", procs=text)
    assert leftovers.our_processes(config) == set()


def test_both_versions_of_control_groups_are_looked_at(config, groups):
    root = groups("explorer-units", "pids/explorer-units", "pids/other/explorer-units")
    assert leftovers.our_cgroups(config) == [root / "explorer-units", root / "pids/explorer-units"]


# --- killing ---
def test_everything_in_a_group_is_killed_and_counted(groups, child):
    one, other = child(), child()
    root = groups("g/a", procs=f"{one.pid}\n")
    groups("g", procs=f"{other.pid}\n999999999\n")
    assert leftovers.kill_group(root / "g") == 3
    assert one.wait(10) == other.wait(10) == -signal.SIGKILL


def test_a_frozen_group_is_thawed_so_that_its_dead_can_die(groups):
    root = groups("g/frozen", freezer__state="FROZEN\n")
    groups("g", freezer__state="THAWED\n")
    leftovers.kill_group(root / "g")
    assert (root / "g/frozen/freezer.state").read_text() == "THAWED"
    assert (root / "g/freezer.state").read_text() == "THAWED\n", "what is thawed is left alone"


def test_a_group_that_is_gone_has_nobody(tmp_path):
    assert leftovers.kill_group(tmp_path / "none") == 0


def test_a_daemon_that_was_left_is_ended(config, groups, child):
    groups()
    ours = child(str(config.socket.parent / "exec/containerd/containerd.toml"))
    ended = []
    kill = leftovers.os.kill  # type: ignore[attr-defined]

    def noted(pid, number):
        ended.append(pid)
        kill(pid, number)
        ours.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.lab.engine.leftovers.os.kill", noted)
        leftovers.sweep(config)
    assert ended == [ours.pid]
    assert ours.returncode == -signal.SIGKILL


def test_processes_that_do_not_end_are_named(config, groups, monkeypatch):
    groups("pids/explorer-units", procs="999999998\n")
    monkeypatch.setattr(leftovers, "ENDING_SECONDS", -1)
    with pytest.raises(NodeError, match="do not end") as caught:
        leftovers.sweep(config)
    assert caught.value.detail == "999999998"


# --- what else is left ---
def test_only_mounts_below_our_own_directories_are_taken_down(monkeypatch, tmp_path):
    mountinfo = tmp_path / "mountinfo"
    lines = [
        f"1 0 0:1 / {tmp_path}/engine/data rw - overlay overlay rw",
        f"2 1 0:1 / {tmp_path}/engine/data/with\\040space rw - tmpfs tmpfs rw",
        f"3 0 0:1 / {tmp_path}/engine2 rw - tmpfs tmpfs rw",
        "4 0 0:1 / / rw - ext4 /dev/sda rw",
    ]
    mountinfo.write_text("\n".join(lines) + "\n")
    real = open
    monkeypatch.setattr("builtins.open", lambda path, *more, **named: real(mountinfo if "mountinfo" in str(path) else path))
    assert leftovers._mounts_below(tmp_path / "engine") == [
        f"{tmp_path}/engine/data/with space",
        f"{tmp_path}/engine/data",
    ], "the innermost first"


def test_empty_groups_go_from_the_inside_out(config, groups, tmp_path):
    root = tmp_path / "cgroup"
    (root / "pids/explorer-units/a/b").mkdir(parents=True)
    (root / "pids/explorer-units2").mkdir()
    groups()
    leftovers._remove_cgroups(config)
    assert [path.name for path in (root / "pids").iterdir()] == ["explorer-units2"]


# --- a host's control groups ---
@pytest.fixture
def handed(monkeypatch):
    """(file, owner) in the order they were handed over."""
    given = []
    monkeypatch.setattr("explorer.lab.engine.cgroups.os.chown", lambda path, uid, gid: given.append((Path(path), uid, gid)))
    return given


def test_a_host_gets_what_it_needs_to_divide_its_group_and_no_limit(config, groups, handed):
    limits = {"memory__max": "1", "pids__max": "2", "cgroup__subtree_control": "", "tasks": ""}
    root = groups("pids/explorer-units/c1", "cpu/explorer-units/c1", **limits)
    cgroups.delegate(config, "c1", ROOT)
    names = {path.name for path, _, _ in handed if path.is_file()}
    assert names == {"cgroup.procs", "cgroup.subtree_control", "tasks"}
    assert {(uid, gid) for _, uid, gid in handed} == {(200_000, 200_001)}
    assert handed[-1][0] == root / "cpu/explorer-units/c1", "the one a host waits for comes last, after its files"


def test_a_group_that_is_late_is_waited_for(config, groups, handed, monkeypatch):
    root = groups("pids/explorer-units")
    monkeypatch.setattr(
        "explorer.lab.engine.cgroups.time.sleep", lambda _: (root / "pids/explorer-units/c1").mkdir(exist_ok=True)
    )
    cgroups.delegate(config, "c1", ROOT)
    assert [path for path, _, _ in handed] == [root / "pids/explorer-units/c1"]


def test_a_group_that_never_comes_is_the_nodes_fault(config, groups, handed, monkeypatch):
    groups("pids/explorer-units")
    monkeypatch.setattr(cgroups, "WAIT_SECONDS", -1)
    with pytest.raises(NodeError, match="nowhere to be found"):
        cgroups.delegate(config, "c1", ROOT)
    assert handed == []


def test_a_host_that_goes_on_forking_is_killed_again(config, groups, monkeypatch):
    groups("pids/explorer-units/c1")
    rounds = [3, 2, 1, 0, 7]
    monkeypatch.setattr(cgroups, "kill_group", lambda group: rounds.pop(0))
    cgroups.kill_all(config, "c1")
    assert rounds == [7]


def test_a_fork_bomb_is_not_fought_for_ever(config, groups, monkeypatch):
    groups("pids/explorer-units/c1")
    rounds = []

    def one_more(group):
        rounds.append(group)
        return 1

    monkeypatch.setattr(cgroups, "kill_group", one_more)
    monkeypatch.setattr("explorer.lab.engine.cgroups.time.sleep", lambda _: None)
    cgroups.kill_all(config, "c1")
    assert len(rounds) == cgroups.KILL_ROUNDS


# --- what a killed engine wrote ---
def test_networks_of_an_engine_that_was_killed_are_forgotten_and_nothing_else(config):
    files = config.engine_dir / "data" / "200000.200000" / "network" / "files"
    files.mkdir(parents=True)
    (files / "local-kv.db").write_bytes(b"half a network")
    kept = config.engine_dir / "data" / "200000.200000" / "image"
    kept.mkdir()
    leftovers.forget_networks(config)
    assert list(files.iterdir()) == []
    assert kept.is_dir()
    leftovers.forget_networks(config)
