"""The small decisions of a node, without an engine."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from explorer.lab import serve
from explorer.lab.config import LabConfig
from explorer.lab.engine import capabilities, kernel, leftovers, memory
from explorer.lab.errors import HostError, NodeError, NotThere
from explorer.lab.hosts import lans, lifecycle, machines, run
from explorer.lab.images import STAND_INS, build, lacking, names, recipes
from explorer.network.scenario import SCENARIOS

IMAGES = (*map(recipes.host, recipes.ENGINES), recipes.MACHINE, recipes.BOX)


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", 200_000),
        ("someone:100000:65536\n", 200_000),
        ("someone:200000:65536\n", 265_536),
        ("a:190000:20000\nb:265000:70000\n", 335_000),
        ("nonsense\nx:y:z\n", 200_000),
    ],
)
def test_a_free_id_range_overlaps_nobody_elses(text, first):
    assert kernel.free_range(text) == first


def test_the_first_directory_that_cannot_be_passed_is_named(tmp_path):
    tmp_path.chmod(0o711)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert kernel.impassable(closed / "a" / "b") in {closed, *tmp_path.parents}
    closed.chmod(0o711)
    assert kernel.impassable(closed) not in {closed, closed / "a"}


def test_addresses_are_fixed_by_name_and_place():
    scenario = SCENARIOS["three-hosts"]
    given = lans.addresses("10.77.3.0/24", scenario, scenario.names)
    assert given == {"h1": "10.77.3.11", "h2": "10.77.3.12", "h3": "10.77.3.13", "outside": "10.77.3.100"}


def test_the_time_a_sandbox_ends_is_written_read_and_forgotten(config):
    assert lans.read_expiry(config, "s") is None
    lans.write_expiry(config, "s", 1234.9)
    lans.write_expiry(config, "s", 2345.9)
    assert lans.read_expiry(config, "s") == 2345
    lans.forget_expiry(config, "s")
    lans.forget_expiry(config, "s")
    assert not lans.expiry_dir(config, "s").exists()


def test_capacity_is_what_was_set_or_what_memory_allows(config, monkeypatch):
    monkeypatch.setattr(memory, "memory_mb", lambda: 4096)
    assert lifecycle.capacity(config) == (4096 - memory.KEPT_MB) // memory.TYPICAL_MB
    monkeypatch.setattr(memory, "memory_mb", lambda: 100)
    assert lifecycle.capacity(config) == 1
    assert lifecycle.capacity(LabConfig("t", "n", Path("/"), Path("/"), Path("/"), capacity=7)) == 7


# --- images ---
def test_every_changed_input_is_another_image(monkeypatch, tmp_path, config):
    original = recipes.HERE

    def keys(change: str = "") -> tuple[str, str]:
        here = tmp_path / (change.replace("/", "-") or "same")
        subprocess.run(["cp", "-a", str(original), str(here)], check=True)
        if change:
            with (here / change).open("a") as file:
                file.write("less\n")
        monkeypatch.setattr(recipes, "HERE", here)
        names._key.cache_clear()
        names._base_key.cache_clear()
        return names.base_key(config, recipes.BOX), names.key(config, recipes.BOX)

    base, whole = keys()
    assert keys("box.packages")[0] != base
    assert keys("box.finish")[0] != base
    assert keys("stand-in.finish")[0] == base, "box is no stand-in"
    changed = keys("box/usr/local/sbin/answer")
    assert changed[0] == base, "our own files do not rebuild the packages"
    assert changed[1] != whole
    names._key.cache_clear()
    names._base_key.cache_clear()


def test_what_stand_ins_have_in_common_makes_each_another_image(monkeypatch, tmp_path, config):
    before = {name: names.base_key(config, name) for name in STAND_INS}
    here = tmp_path / "changed"
    subprocess.run(["cp", "-a", str(recipes.HERE), str(here)], check=True)
    (here / "stand-in.finish").write_text("#!/bin/sh\n")
    monkeypatch.setattr(recipes, "HERE", here)
    names._base_key.cache_clear()
    assert all(names.base_key(config, name) != key for name, key in before.items())
    assert [word for word in build.command(config, "database", here) if "finish" in word] == [
        f"--extract-hook=sh '{here}/{script}.finish' \"$1\"" for script in ("stand-in", "database")
    ]
    names._base_key.cache_clear()


def test_package_lists_are_names_only(config):
    for name in (*IMAGES, *STAND_INS):
        assert all(
            word.replace("-", "").replace(".", "").replace("+", "").isalnum() for word in recipes.recipe(config, name).packages
        )


def test_ready_made_images_are_taken_as_they_are(tmp_path, config):
    ready = replace(config, images_dir=tmp_path)
    with pytest.raises(NodeError, match="ready-made"):
        build.build_images(ready, names.needed(ready), lambda line: None)
    for name in names.needed(ready):
        (tmp_path / f"{name}.tar").write_bytes(b"")
    said: list[str] = []
    build.build_images(ready, names.needed(ready), said.append)
    assert said == []
    assert names.tar(ready, "box") == tmp_path / "box.tar"
    assert names.key(ready, "box") != names.key(config, "box")


def test_a_build_can_be_interrupted(config, monkeypatch):
    monkeypatch.setattr(build, "command", lambda config, name, target: ["sh", "-c", "sleep 60"])
    with pytest.raises(Exception, match="interrupted"):
        build.build_images(config, names.needed(config), lambda line: None, lambda: True)
    assert not [path for path in config.cache_dir.iterdir() if path.suffix != ".lock"]


def test_a_build_that_fails_says_why_and_leaves_nothing(config, monkeypatch):
    monkeypatch.setattr(build, "command", lambda config, name, target: ["sh", "-c", "echo 'E: no such package' >&2; exit 25"])
    with pytest.raises(Exception, match="could not be built") as caught:
        build.build_images(config, names.needed(config), lambda line: None)
    assert "no such package" in caught.value.detail  # type: ignore[attr-defined]
    assert not [path for path in config.cache_dir.iterdir() if path.suffix != ".lock"]


def test_an_archive_of_packages_that_does_not_answer_is_named(config, monkeypatch):
    line = "E: Failed to fetch http://archive.invalid/dists/trixie/InRelease  Could not resolve host"
    monkeypatch.setattr(build, "command", lambda config, name, target: ["sh", "-c", f"echo '{line}' >&2; exit 25"])
    with pytest.raises(NodeError, match="Debian's package archive does not answer") as caught:
        build.build_images(config, ["web-server"], lambda line: None)
    assert caught.value.detail == line


def test_nothing_is_built_without_room(config, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**29))
    monkeypatch.setattr(build, "command", lambda name, target: pytest.fail("it was built"))
    with pytest.raises(NodeError, match="There is no room to build the image database: 512 MB are free"):
        build.build_images(config, ["database"], lambda line: None)


def test_a_message_has_room_for_so_many_images():
    few = machines._listed(["box", "nginx:latest (a stand-in)"])
    assert few == "box, nginx:latest (a stand-in)"
    many = machines._listed(["box", *(f"image-{number}:latest (a stand-in)" for number in range(40))])
    assert len(many) < machines.IMAGES_SHOWN + 10
    assert many.endswith("(a stand-in) and more")


def test_start_scripts_are_executable_and_sound(config):
    for name in IMAGES:
        for path in recipes.recipe(config, name).tree:
            if "sbin" in path.parts and path.read_text().startswith("#!/bin/bash"):
                assert path.stat().st_mode & 0o111
                subprocess.run(["bash", "-n", str(path)], check=True)


# --- rights ---
def test_the_seccomp_profile_masks_the_family_to_what_the_kernel_reads():
    profile = json.loads(machines.seccomp())
    families = [rule for rule in profile["syscalls"] if "socketpair" in rule["names"]]
    refused = {rule["args"][0]["valueTwo"] for rule in families}
    assert {38, 40, 33, 15} <= refused
    assert not {1, 2, 10, 16, 17} & refused
    assert all(rule["args"][0]["op"] == "SCMP_CMP_MASKED_EQ" and rule["args"][0]["value"] == 2**32 - 1 for rule in families)
    assert all(rule.get("comment") for rule in profile["syscalls"]), "each refusal says why"


# --- running commands ---
def test_nonsense_commands_are_refused_before_the_engine_is_asked(config):
    with pytest.raises(HostError):
        run.run_in(config, "s", "h1", [], lambda *words: None, 1)
    with pytest.raises(HostError):
        run.run_in(config, "s", "h1", ["a\0b"], lambda *words: None, 1)
    with pytest.raises(NotThere):
        run.run_in(config, "s", "h1/--privileged", ["true"], lambda *words: None, 1)


# --- what the kernel can do ---
def test_drivers_say_what_they_lack():
    everything = dict.fromkeys(["veth", "bridge", "nat", "macvlan", "ipvlan", "vxlan", "vlan", "ipvs"], True)
    assert set(capabilities.drivers(everything).values()) == {""}
    poor = everything | {"ipvlan": False, "ipvs": False}
    told = capabilities.drivers(poor)
    assert told["ipvlan"] == "the kernel has no ipvlan"
    assert "routing mesh" in told["overlay"]
    assert "overlay" in capabilities.usable(poor)
    assert "ipvlan" not in capabilities.usable(poor)


def test_only_this_installations_paths_are_ours(config):
    assert leftovers.our_processes(config) == set()
    assert leftovers.our_cgroups(config) == []
    leftovers.sweep(config)


# --- versions of Docker Engine ---
def test_hosts_differ_in_the_suite_and_in_nothing_else(config):
    one, other = (recipes.recipe(config, name) for name in ("host", "host28"))
    assert replace(one, suite="") == replace(other, suite="")
    assert [build.command(config, name, Path("x"))[-2] for name in ("host", "host28", "machine")] == ["trixie", "sid", "trixie"]
    assert names.tag(config, "host28") != names.tag(config, "host")


def test_what_a_node_needs_is_the_first_version_it_is_set_to(config):
    assert names.needed(replace(config, engines=("28", "26"))) == ("host28", "machine", "box")
    assert names.optional(replace(config, engines=("28", "26"))) == ("host",)
    assert names.optional(replace(config, engines=("26",))) == ()


class Stop:
    """Comes after so many pauses."""

    def __init__(self, pauses: int = 1) -> None:
        self.left, self.paused = pauses, list[float]()

    def within(self, seconds: float) -> bool:
        self.paused.append(seconds)
        self.left -= 1
        return self.left < 0

    def __bool__(self) -> bool:
        return self.left < 0


FAILING = ["sh", "-c", "echo 'E: no route to the archive' >&2; exit 25"]


def test_a_version_whose_packages_cannot_be_had_is_left_out_with_a_sentence(config, monkeypatch):
    monkeypatch.setattr(build, "command", lambda config, name, target: FAILING)
    said: list[str] = []
    both = replace(config, engines=("26", "28"))
    serve._add_engines(both, cast(Any, Stop()), said.append)
    assert len(said) == 4, "each with the line that it is being built"
    assert said[3].startswith("left out: hosts with Docker Engine 28. The image host28 could not be built.")
    assert "no route to the archive" in said[3]
    assert lacking.missing(both, ["26"]) == {"28": "The image host28 could not be built."}


def test_it_is_tried_again_and_the_same_reason_is_said_once(config, monkeypatch):
    monkeypatch.setattr(build, "command", lambda config, name, target: FAILING)
    said: list[str] = []
    stop = Stop(3)
    serve._add_engines(config, cast(Any, stop), said.append)
    assert stop.paused == [0, serve.AGAIN_SECONDS, serve.LATER_SECONDS, serve.LATER_SECONDS]
    assert len([line for line in said if line.startswith("left out")]) == 1
    monkeypatch.setattr(build, "build_images", lambda *words: None)
    monkeypatch.setattr("explorer.lab.images.build_images", lambda *words: None)
    monkeypatch.setattr(serve, "import_images", lambda *words: None)
    serve._add_engines(config, cast(Any, Stop()), said.append)
    assert lacking.reasons(config) == {}, "and when it came there is no reason any more"


def test_the_node_begins_with_the_first_version_that_can_be_had(config, monkeypatch):
    made: list[list[str]] = []

    def build_images(config, names, say, stop):
        if "host29" in names:
            raise NodeError("The directory /srv/docker-29 is not there.")
        made.append(list(names))

    monkeypatch.setattr("explorer.lab.images.build_images", build_images)
    monkeypatch.setattr(serve, "import_images", lambda config, names, say: made.append(list(names)))
    said: list[str] = []
    three = replace(config, engines=("29", "28", "26"))
    serve._begin_hosts(three, cast(Any, Stop()), said.append)
    assert made == [["machine", "box", "host28"]] * 2
    assert said == ["left out: hosts with Docker Engine 29. The directory /srv/docker-29 is not there."]
    with pytest.raises(NodeError, match=r"no hosts with Docker Engine 29: The directory /srv/docker-29 is not there\."):
        serve._begin_hosts(replace(config, engines=("29",)), cast(Any, Stop()), said.append)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"28": ["x"]}', '{"99": "x"}', "\0" * 9])
def test_a_file_of_reasons_that_makes_no_sense_is_no_reason(config, text):
    config.engine_dir.mkdir(parents=True)
    (config.engine_dir / "engines-missing.json").write_text(text)
    assert set(lacking.reasons(replace(config, engines=("28",)))) <= {"28"}
    assert set(lacking.missing(replace(config, engines=("28",)), ())) == {"28"}


def test_a_ready_made_second_image_may_be_missing(tmp_path, config):
    ready = replace(config, images_dir=tmp_path, engines=("28",))
    said: list[str] = []
    serve._add_engines(ready, cast(Any, Stop()), said.append)
    assert said[0].startswith("left out: hosts with Docker Engine 28. The image host28 is not among the ready-made ones.")
    assert names.tag(ready, "host28"), "and asking for its name is no trouble"


@pytest.mark.parametrize("name", ["", "..", ".", "../x", "a/b", "/etc", "-x", "a\n", "a" * 65])
def test_the_name_of_a_row_that_is_no_name_reaches_no_file(config, name):
    """A taken-over web process writes rows; `..` would be written to, and mounted into its hosts."""
    for act in (lambda: lans.write_expiry(config, name, 1.0), lambda: lans.forget_expiry(config, name)):
        with pytest.raises(NodeError):
            act()
