"""The runtime that gives a sandbox ids of its own: what it reads, what it changes, and real mounts where we are root."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.engine import ids, own_ids

MOUNTS = (
    "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "81 24 0:51 / /data/a\\040b/merged rw,relatime shared:6 - overlay overlay "
    "rw,lowerdir=/l/ONE:/l/TWO,upperdir=/x/diff,workdir=/x/work\n"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "run" / "engine").mkdir(parents=True)
    (tmp_path / "engine" / "tmp").mkdir(parents=True)
    return LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache")


def test_an_overlays_layers_are_read_from_the_mounts():
    found = own_ids.overlay_options(MOUNTS, "/data/a b/merged")
    assert found == {"lowerdir": "/l/ONE:/l/TWO", "upperdir": "/x/diff", "workdir": "/x/work"}


@pytest.mark.parametrize("where", ["/", "/nowhere", "/data/a\\040b/merged"])
def test_what_is_no_overlay_is_said(where):
    with pytest.raises(OSError, match="no overlay"):
        own_ids.overlay_options(MOUNTS, where)


def test_the_range_is_taken_out_of_the_environment():
    config = {"process": {"env": ["PATH=/bin", "EXPLORER_IDS=1073741824"]}}
    assert own_ids.asked_range(config) == 1073741824
    assert config["process"]["env"] == ["PATH=/bin"]


def test_a_container_that_names_no_range_keeps_dockers():
    assert own_ids.asked_range({"process": {"env": ["PATH=/bin"]}}) is None
    assert own_ids.asked_range({}) is None


def test_two_sandboxes_never_share_an_id(config):
    firsts = [ids.first_id(config, f"10.77.{number}.0/24") for number in range(256)]
    assert len({first // own_ids.COUNT for first in firsts}) == 256
    assert all(first >= 2**30 and first + own_ids.COUNT <= 2**31 for first in firsts)
    assert all(first % own_ids.COUNT == 0 for first in firsts)


def test_another_installation_has_a_block_of_its_own(config):
    other = LabConfig("other", "node", config.engine_dir, config.run_dir, config.cache_dir)
    ours = {ids.first_id(config, f"10.77.{number}.0/24") for number in range(256)}
    assert ours.isdisjoint(ids.first_id(other, f"10.77.{number}.0/24") for number in range(256))


def test_where_owners_cannot_be_mapped_all_share_dockers_range(config, monkeypatch):
    def refuses(folder, root):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(own_ids, "rehearse", refuses)
    monkeypatch.setattr(ids, "remapped_root", lambda: (200_000, 200_001))
    assert "does not map owners" in ids.prepare(config)
    assert not ids.in_use(config)
    assert ids.root_of(config, "10.77.4.0/24") == (200_000, 200_001)


def test_where_they_can_the_script_stands_ready(config, monkeypatch):
    monkeypatch.setattr(own_ids, "rehearse", lambda folder, root: None)
    monkeypatch.setattr(ids, "remapped_root", lambda: (200_000, 200_000))
    assert ids.prepare(config) == ""
    assert ids.in_use(config)
    first = ids.first_id(config, "10.77.4.0/24")
    assert ids.root_of(config, "10.77.4.0/24") == (first, first)


def test_the_script_calls_us_to_create_and_runc_for_the_rest(config, tmp_path, monkeypatch):
    """`runc` and our program are both replaced by one that says what it was called with."""
    said = tmp_path / "bin" / "runc"
    said.parent.mkdir()
    said.write_text('#!/bin/sh\necho "runc $*"\n')
    said.chmod(0o755)
    ours = tmp_path / "ours.py"
    ours.write_text("import sys; print('ours', *sys.argv[1:])\n")
    monkeypatch.setattr(own_ids, "__file__", str(ours))
    ids.write_script(config)
    folder = ids.roots(config) / "abc" / own_ids.ROOT
    folder.mkdir(parents=True)

    def call(*words):
        env = {"PATH": f"{said.parent}:/usr/bin:/bin"}
        return subprocess.run([ids.script(config), *words], env=env, capture_output=True, text=True, check=True).stdout.strip()

    assert call("--root", "/r", "create", "--bundle", "/b", "abc") == "ours --root /r create --bundle /b abc"
    assert call("--root", "/r", "exec", "--process", "/p", "abc") == "runc --root /r exec --process /p abc"
    assert folder.is_dir()
    assert call("--root", "/r", "delete", "abc") == "runc --root /r delete abc"
    assert not folder.parent.exists()


@needs_root
def test_it_works_on_this_machine_and_leaves_nothing(tmp_path):
    tmp_path.chmod(0o711)
    own_ids.rehearse(str(tmp_path), (200_000, 200_000))
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()


@needs_root
def test_a_file_keeps_its_owner_on_the_disk_and_has_the_sandboxs_where_it_is_used(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    os.chown(source, 200_000, 300_000)
    namespace = own_ids.mapping(200_000, 300_000, 2**30)
    try:
        own_ids.mount_again(str(source), str(target), namespace)
        assert (target.stat().st_uid, target.stat().st_gid) == (2**30, 2**30)
        (target / "made").mkdir()
        os.chown(target / "made", 2**30 + 5, 2**30 + 6)
        assert ((source / "made").stat().st_uid, (source / "made").stat().st_gid) == (200_005, 300_006)
    finally:
        os.close(namespace)
        subprocess.run(["umount", str(target)], check=True)


@needs_root
def test_a_bundle_that_cannot_be_had_ends_with_a_sentence(tmp_path):
    bundle = {
        "process": {"env": ["EXPLORER_IDS=1073741824"]},
        "root": {"path": str(tmp_path / "nowhere")},
        "mounts": [],
        "linux": {"uidMappings": [{"hostID": 200_000}], "gidMappings": [{"hostID": 200_000}]},
    }
    (tmp_path / "config.json").write_text(json.dumps(bundle))
    done = subprocess.run(
        ["python3", "-I", "-S", str(own_ids.__file__), "create", "--bundle", str(tmp_path), "abc"],
        env={**os.environ, own_ids.FOLDER: str(tmp_path / "roots")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "own user ids could not be set up" in done.stderr
    assert json.loads((tmp_path / "config.json").read_text()) == bundle
