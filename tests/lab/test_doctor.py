"""What the doctor says of a node: everything there, something missing, no engine at all; each lack with a cure."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from explorer.lab import doctor
from explorer.lab.config import LabConfig
from explorer.lab.doctor import Check, examine
from explorer.lab.drops import hear
from explorer.lab.engine import capabilities, disks, kernel, memory
from explorer.lab.errors import NodeError
from explorer.lab.images import lacking
from explorer.lab.isolation.tried import Tried
from explorer.lab.watch import commands
from explorer.network.engines.features import NAMES as FEATURES
from explorer.node.management.commands import labdoctor
from tests.lab.memory_engine import MemoryEngine, serving

Disk = namedtuple("Disk", "total used free")
FULL = {"SecurityOptions": ["name=seccomp,profile=default", "name=userns"], "ServerVersion": "20.10", "Driver": "overlay2"}
NAMES = [need.name for need in capabilities.probes()]


@pytest.fixture
def config(tmp_path):
    made = LabConfig("units", "node1", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", engines=("26", "28"))
    made.engine_dir.mkdir()
    return made


@pytest.fixture
def features(monkeypatch):
    """Of the kernel; a test takes some away."""
    everything = dict.fromkeys([*NAMES, "overlayfs", "user namespaces"], True)
    monkeypatch.setattr(capabilities, "features", lambda: everything)
    return everything


@pytest.fixture
def good(monkeypatch, features):
    """A machine that has all it needs, as far as it is asked."""
    monkeypatch.setattr("explorer.lab.doctor.os.geteuid", lambda: 0)
    monkeypatch.setattr("explorer.lab.doctor.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("explorer.lab.doctor.shutil.disk_usage", lambda path: Disk(1, 1, 10**12))
    monkeypatch.setattr(kernel, "impassable", lambda path: None)
    monkeypatch.setattr(kernel, "remapped_root", lambda: (200_000, 200_000))
    monkeypatch.setattr(kernel, "LIMITS", {})
    monkeypatch.setattr(disks, "in_use", lambda config: True)
    monkeypatch.setattr(memory, "memory_mb", lambda: 16_000)
    monkeypatch.setattr(commands, "why_not", lambda: "")
    monkeypatch.setattr(hear, "why_not", lambda: "")


@pytest.fixture
def engine(config, monkeypatch):
    """One that holds every image and has a namespace of its own."""
    made = MemoryEngine()
    monkeypatch.setattr("docker.DockerClient.info", lambda self: FULL)
    monkeypatch.setattr("explorer.lab.images.load.engines", lambda config, client: ("26", "28"))
    monkeypatch.setattr(
        "explorer.lab.images.load.details",
        lambda config, client: [{"name": name, "bytes": 1} for name in ("host", "host28", "machine", "box")],
    )
    monkeypatch.setattr(doctor, "_isolation", lambda config, info: "full: everything")
    with serving(made, config.socket):
        yield made


def checks(told):
    return {one["name"]: one for one in told["checks"]}


def failed(told):
    return {name for name, one in checks(told).items() if not one["ok"]}


def test_a_good_node_is_good_in_every_point(config, good, engine):
    told = examine(config)
    assert told["ok"]
    assert failed(told) == set()
    assert told["engine"] == "20.10"
    assert told["engines"] == ["26", "28"]
    assert told["engine_features"] == {engine: {"error": "No host with it has been asked yet."} for engine in ("26", "28")}
    assert told["capacity"] == {"sandboxes": 93, "used": 0, "free": 93}
    assert all(one["usable"] for one in told["drivers"].values())


def test_sandboxes_that_stand_take_room(config, good, engine):
    labels = {"explorer.install": "units", "explorer.sandbox": "s", "explorer.generation": "1"}
    engine.volumes["v"] = {"Name": "v", "Labels": labels}
    assert examine(config)["capacity"]["used"] == 1


def test_without_an_engine_it_says_which_command_starts_one(config, good):
    told = examine(config)
    assert not told["ok"]
    assert failed(told) == {"engine"}
    assert checks(told)["engine"]["cure"] == "start it: make run"
    assert told["isolation"] == "none: the engine is not running"


@pytest.mark.parametrize(
    ("spoil", "name", "said"),
    [
        (lambda m, f: m.setattr("explorer.lab.doctor.os.geteuid", lambda: 1000), "root", "user id 1000"),
        (lambda m, f: m.setattr("explorer.lab.doctor.shutil.which", lambda n: n if n != "nft" else None), "programs", "nft"),
        (lambda m, f: f.update({"user namespaces": False}), "user namespaces", "missing"),
        (lambda m, f: f.update(overlayfs=False), "overlayfs", "missing"),
        (lambda m, f: f.update(veth=False, bridge=False), "veth, bridge, NAT", "no veth, no bridge"),
        (lambda m, f: m.setattr(kernel, "impassable", lambda p: Path("/root")), "way to the data", "/root"),
        (lambda m, f: m.setattr("explorer.lab.doctor.shutil.disk_usage", lambda p: Disk(1, 1, 2**20)), "disk", "1 MB free"),
        (lambda m, f: m.setattr(memory, "memory_mb", lambda: 512), "memory", "512 MB"),
    ],
    ids=["root", "programs", "user namespaces", "overlayfs", "links", "closed directory", "disk", "memory"],
)
def test_what_a_node_must_have_is_named_with_its_cure(config, good, engine, features, monkeypatch, spoil, name, said):
    spoil(monkeypatch, features)
    told = examine(config)
    assert not told["ok"]
    assert failed(told) == {name}
    assert checks(told)[name]["found"] == said
    assert checks(told)[name]["cure"]


def test_no_id_range_is_named_with_the_line_to_add(config, good, engine, monkeypatch):
    def none():
        raise NodeError("no range")

    monkeypatch.setattr(kernel, "remapped_root", none)
    told = examine(config)
    assert failed(told) == {"id range"}
    assert "dockremap:200000:65536" in checks(told)["id range"]["cure"]


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda m, f: m.setattr(kernel, "LIMITS", {"kernel/pid_max": 10**18}), "kernel limits"),
        (lambda m, f: m.setattr(disks, "in_use", lambda config: False), "disk of each host"),
        (lambda m, f: m.setattr(commands, "why_not", lambda: "no CONFIG_PROC_EVENTS"), "commands in the timeline"),
        (lambda m, f: m.setattr(hear, "why_not", lambda: "there is no clang"), "drop reasons"),
        (lambda m, f: f.update(conntrack=False), "conntrack"),
        (lambda m, f: m.setattr("explorer.lab.images.load.engines", lambda config, client: ("26",)), "engine versions"),
    ],
    ids=["limits", "own disks", "commands", "drop reasons", "conntrack", "versions"],
)
def test_what_would_be_welcome_fails_nothing(config, good, engine, features, monkeypatch, spoil, name):
    spoil(monkeypatch, features)
    told = examine(config)
    assert told["ok"]
    assert failed(told) == {name}


def test_a_missing_image_of_those_that_are_needed_is_named(config, good, engine, monkeypatch):
    held = [
        {"name": "host", "bytes": 1},
        {"name": "host28", "bytes": 0},
        {"name": "machine", "bytes": 0},
        {"name": "box", "bytes": 1},
    ]
    monkeypatch.setattr("explorer.lab.images.load.details", lambda config, client: held)
    told = examine(config)
    assert checks(told)["images"]["found"] == "machine", "host28 is only welcome"


def test_an_engine_that_is_not_isolated_is_not_good(config, good, engine, monkeypatch):
    monkeypatch.setattr(doctor, "_isolation", lambda config, info: "not enough: no user namespaces")
    assert failed(examine(config)) == {"isolation"}


@pytest.mark.parametrize(
    ("options", "lacks"),
    [
        ([], ["no user namespaces", "no seccomp"]),
        (None, ["no user namespaces", "no seccomp"]),
        (["name=seccomp,profile=default"], ["no user namespaces"]),
        (["name=userns"], ["no seccomp"]),
    ],
)
def test_what_an_engine_lacks_is_listed(config, options, lacks):
    told = doctor._isolation(config, {"SecurityOptions": options})
    assert told == "not enough: " + ", ".join([*lacks, "no network namespace of its own"])


def test_a_check_is_data():
    assert Check("x", True, True, "there").cure == ""


# --- isolation, tried ---


def tried(name="digging", held=True, fair=True, seen="EPERM"):
    return Tried("host", name, "a wall", seen, held, fair)


def attempts_of(config):
    return next((check for check in examine(config, attack=True)["checks"] if check["name"] == doctor.ATTEMPTS), None)


def test_isolation_is_not_tried_unasked(good, engine, config, monkeypatch):
    monkeypatch.setattr(doctor, "try_isolation", lambda config: pytest.fail("a sandbox was opened"))
    assert doctor.ATTEMPTS not in {check["name"] for check in examine(config)["checks"]}


def test_refused_attempts_are_counted(good, engine, config, monkeypatch):
    monkeypatch.setattr(doctor, "try_isolation", lambda config: [tried(), tried("climbing")])
    told = attempts_of(config)
    assert told["ok"]
    assert told["found"] == "2 attempts from root in a host: all refused"


def test_one_that_got_through_fails_the_node_and_is_named(good, engine, config, monkeypatch):
    through = tried("climbing", held=False, seen="got through: root")
    monkeypatch.setattr(doctor, "try_isolation", lambda config: [tried(), through])
    told = attempts_of(config)
    assert (told["ok"], told["must"]) == (False, True)
    assert told["found"] == "1 of 2 attempts got through: climbing, from a host (got through: root)"
    assert "open no sandboxes here" in told["cure"]


def test_attempts_that_could_not_be_made_are_named_and_fail_nothing(config):
    check = doctor.judge([tried(), *(tried(f"no {number}", held=False, fair=False, seen="no attempt") for number in range(5))])
    assert (check.ok, check.must) == (False, False)
    assert check.found.startswith("1 attempts refused; 5 could not be made: no 0, from a host (no attempt); no 1")
    assert check.found.endswith("; and 2 more")


def test_without_a_place_nothing_is_tried(good, engine, config, monkeypatch):
    monkeypatch.setattr(doctor, "try_isolation", lambda config: pytest.fail("a sandbox was opened"))
    monkeypatch.setattr("explorer.lab.hosts.lifecycle.capacity", lambda config: 0)
    assert "every place for a sandbox is taken" in attempts_of(config)["found"]


def test_a_sandbox_that_does_not_open_is_told(good, engine, config, monkeypatch):
    def fails(config):
        raise NodeError("No LAN is left.", "10.77")

    monkeypatch.setattr(doctor, "try_isolation", fails)
    told = attempts_of(config)
    assert (told["ok"], told["must"], told["found"]) == (False, False, "not tried: No LAN is left. 10.77")


def test_a_version_that_is_missing_is_named_with_its_reason(config, good, engine, monkeypatch):
    monkeypatch.setattr("explorer.lab.images.load.engines", lambda config, client: ("26",))
    assert checks(examine(config))["engine versions"]["found"] == "hosts with 26 · not there: 28: it is being made."
    lacking.note(config, "28", "The directory /srv/docker-28 is not there.")
    told = examine(config)
    assert (
        checks(told)["engine versions"]["found"] == "hosts with 26 · not there: 28: The directory /srv/docker-28 is not there."
    )
    assert told["ok"]


def test_a_node_without_hosts_of_any_version_fails(config, good, engine, monkeypatch):
    held = [{"name": name, "bytes": int(name in ("machine", "box"))} for name in ("host", "host28", "machine", "box")]
    monkeypatch.setattr("explorer.lab.images.load.details", lambda config, client: held)
    told = examine(config)
    assert not told["ok"]
    assert checks(told)["images"]["found"] == "any of hosts"


def test_the_features_of_each_version_stand_in_the_text(config):
    found = dict.fromkeys(FEATURES, False) | {"forward-chain": True, "ipv6-only": None}
    lines = labdoctor.features_of("28", {"version": "28.5.2", "found": found})
    assert lines[0] == "28: what a host with 28.5.2 answered"
    assert [line for line in lines if line.startswith("  yes")] == ["  yes  the chain DOCKER-FORWARD"]
    assert [line for line in lines if line.startswith("  ?")] == ["  ?    networks without IPv4"]
    assert labdoctor.features_of("29", {"error": "x"}) == ["29: x"]
