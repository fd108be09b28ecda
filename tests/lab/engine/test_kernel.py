"""What the engine needs of the machine: prepared where it is missing, named where it cannot be had."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.engine import kernel
from explorer.lab.errors import NodeError


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A /etc and a /proc/sys of the test's own."""
    real = Path

    def elsewhere(*parts):
        path = real(*parts)
        if str(path).startswith(("/etc/sub", "/proc/sys")):
            return tmp_path / str(path).lstrip("/")
        return path

    monkeypatch.setattr(kernel, "Path", elsewhere)
    for name in ("etc", "proc/sys"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def typed(monkeypatch):
    """What was run; `typed.answer` is (status, output, error)."""

    class Typed(list[list[str]]):
        answer = (0, "", "")

        def run(self, argv, **options):
            self.append(list(argv))
            return subprocess.CompletedProcess(argv, *self.answer)

    made = Typed()
    monkeypatch.setattr("explorer.lab.engine.kernel.subprocess.run", made.run)
    return made


def test_a_limit_is_lowered_and_a_lower_one_is_left_alone(machine, typed, monkeypatch):
    monkeypatch.setattr(kernel, "AT_MOST", {"net/high": 10, "net/low": 10, "net/not-here": 10})
    (machine / "proc/sys/net").mkdir()
    for name, value in (("high", 99), ("low", 5)):
        (machine / "proc/sys/net" / name).write_text(str(value))
    kernel.lower_limits()
    assert [(machine / "proc/sys/net" / name).read_text() for name in ("high", "low")] == ["10", "5"]


def test_without_modprobe_the_limits_are_lowered_all_the_same(machine, monkeypatch):
    def missing(*words, **options):
        raise FileNotFoundError("modprobe")

    monkeypatch.setattr("explorer.lab.engine.kernel.subprocess.run", missing)
    kernel.lower_limits()


# --- id ranges ---
@pytest.fixture
def user(monkeypatch):
    monkeypatch.setattr("explorer.lab.engine.kernel.pwd.getpwnam", lambda name: name)


def test_a_range_is_added_behind_everybody_elses(machine, typed, user):
    (machine / "etc/subuid").write_text("ana:200000:65536")  # no end of line
    kernel.ensure_id_range()
    assert (machine / "etc/subuid").read_text() == "ana:200000:65536\ndockremap:265536:65536\n"
    assert (machine / "etc/subgid").read_text() == "dockremap:200000:65536\n"
    assert kernel.remapped_root() == (265_536, 200_000)
    assert typed == []


def test_a_range_that_is_there_stays(machine, typed, user):
    for name in ("subuid", "subgid"):
        (machine / "etc" / name).write_text("dockremap:300000:65536\n")
    kernel.ensure_id_range()
    kernel.ensure_id_range()
    assert (machine / "etc/subuid").read_text() == "dockremap:300000:65536\n"


def test_the_user_is_made_where_there_is_none(machine, typed, monkeypatch):
    def nobody(name):
        raise KeyError(name)

    monkeypatch.setattr("explorer.lab.engine.kernel.pwd.getpwnam", nobody)
    kernel.ensure_id_range()
    assert typed[0][0] == "useradd"
    assert typed[0][-1] == kernel.REMAP_USER


@pytest.mark.parametrize("text", ["", "ana:100000:65536\n", "dockremap\n", "dockremap:many:65536\n", "dockremapper:1:2\n"])
def test_a_file_without_a_usable_range_is_named_with_its_cure(machine, text):
    (machine / "etc/subuid").write_text(text)
    with pytest.raises(NodeError, match="/etc/subuid has no"):
        kernel.remapped_root()


def test_a_file_that_is_not_there_is_named_too(machine):
    with pytest.raises(NodeError, match="/etc/subuid has no usable range"):
        kernel.remapped_root()


# --- limits ---
def test_low_limits_are_raised_and_high_ones_left(machine, monkeypatch):
    monkeypatch.setattr(kernel, "LIMITS", {"low": 100, "high": 100, "odd": 100, "missing": 100})
    for name, text in {"low": "7\n", "high": "9999\n", "odd": "1\t2\t3\n"}.items():
        (machine / "proc/sys" / name).write_text(text)
    kernel.raise_limits()
    assert {path.name: path.read_text() for path in (machine / "proc/sys").iterdir()} == {
        "low": "100",
        "high": "9999\n",
        "odd": "1\t2\t3\n",
    }


# --- directories ---
def test_everything_is_made_passable_and_no_more(config, machine, typed, user, monkeypatch):
    monkeypatch.setattr(kernel, "impassable", lambda directory: None)
    kernel.prepare(config)
    for directory in (config.engine_dir, config.engine_dir / "expires", config.socket.parent):
        assert directory.stat().st_mode & 0o777 == 0o711
    assert ["ip", "netns", "add", "explorer-units"] in typed


def test_a_closed_directory_above_is_named_before_anything_is_started(config, machine, typed, user, monkeypatch):
    monkeypatch.setattr(kernel, "impassable", lambda directory: Path("/root"))
    with pytest.raises(NodeError, match="cannot lie below /root") as caught:
        kernel.prepare(config)
    assert "chmod o+x /root" in caught.value.detail
    assert typed == []


# --- the fence ---
def rules(typed):
    return [" ".join(argv[2:]) for argv in typed if any("tables" in word for word in argv[2:3])]


def test_nobody_on_a_lan_speaks_to_the_engines_namespace_or_another_lan(config, typed):
    kernel.fence(config)
    assert all(argv[:2] == ["nsenter", "--net=/run/netns/explorer-units"] for argv in typed)
    assert "iptables -w -I INPUT 1 ! -i lo -j DROP" in rules(typed)
    assert "iptables -w -I FORWARD 1 -j DROP" in rules(typed)


def test_where_bridged_frames_would_meet_the_rule_there_is_none(config, typed):
    typed.answer = (0, "bridged\n", "")
    kernel.fence(config)
    assert "iptables -w -I INPUT 1 ! -i lo -j DROP" in rules(typed)
    assert not [rule for rule in rules(typed) if rule.startswith("iptables -w -I FORWARD")]


def test_a_fence_that_does_not_stand_stops_the_engine(config, typed):
    typed.answer = (1, "", "iptables: no such table\n")
    with pytest.raises(NodeError, match="failed on this node") as caught:
        kernel.fence(config)
    assert "no such table" in caught.value.detail
