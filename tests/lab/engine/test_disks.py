"""Disks of hosts and machines: their names, their templates, and real file systems where we are root."""

import os
from pathlib import Path

import pytest

from explorer.lab.config import LabConfig
from explorer.lab.engine import disks, own_disk, runtime
from explorer.lab.errors import NodeError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
KEY = "seed"


@pytest.fixture
def config(tmp_path, monkeypatch):
    made = LabConfig("units", "node", tmp_path / "engine", tmp_path / "run", tmp_path / "cache", host_disk_mb=256)
    for path in (made.engine_dir / "tmp", disks.folder(made), disks.templates(made), made.socket.parent):
        path.mkdir(parents=True)
    monkeypatch.setattr(disks, "remapped_root", lambda: (200_000, 200_000))
    return made


def put(config, *names):
    for name in names:
        (disks.folder(config) / name).write_bytes(b"x" * 9000)


def put_layers(docker):
    (docker / "seed").write_text("layers")


# --- whose is it ---
def test_a_disk_is_found_by_its_sandbox_and_its_generation(config):
    put(config, "a.1.h1", "a.2.h1", "b-c_d.1.outside", "lost+found", "a.h1", ".1.h1")
    assert {(one.sandbox, one.generation) for one in disks.find(config)} == {("a", 1), ("a", 2), ("b-c_d", 1)}
    assert disks.remove(config, "a", 2) == 1
    assert disks.remove(config, "a") == 1
    assert disks.remove(config, "a") == 0
    assert disks.remove(config) == 1


@pytest.mark.parametrize("name", ["../h1", "", "h1/x", "a.b", "x" * 65], ids=["up", "empty", "slash", "dot", "long"])
def test_a_name_that_could_lead_elsewhere_is_refused(config, name):
    with pytest.raises(NodeError, match="not the name of a host"):
        disks.make(config, "a", 1, name, KEY)


def test_what_a_disk_takes_are_its_blocks(config):
    with open(disks.folder(config) / "a.1.h1", "wb") as file:
        file.truncate(2**30)
    (disk,) = disks.find(config)
    assert disk.taken < 2**20
    disk.path.unlink()
    assert disk.taken == 0


def test_templates_of_other_sizes_and_seeds_are_forgotten(config):
    kept = [disks.template(config, KEY), disks.template(config, disks.MACHINE)]
    for path in (*kept, disks.template(config, "old"), disks.templates(config) / f"{KEY}-{disks.FORMAT}-999"):
        path.write_text("x")
    disks.forget_templates(config, [KEY])
    assert sorted(disks.templates(config).iterdir()) == sorted(kept)


# --- where it cannot be had ---
def test_a_machine_without_mke2fs_says_what_to_install(config, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "e2fsprogs" in disks.prepare(config)
    assert not disks.in_use(config)


def test_a_machine_without_loop_devices_says_so(config, monkeypatch):
    monkeypatch.setattr(own_disk, "_CONTROL", "/nowhere/loop-control")
    assert "no loop device" in disks.prepare(config)
    assert not disks.in_use(config)
    assert list(disks.templates(config).iterdir()) == []
    assert list((config.engine_dir / "tmp").iterdir()) == []


def test_a_disk_that_cannot_be_copied_leaves_nothing(config):
    with pytest.raises(NodeError, match="could not be made") as caught:
        disks.make(config, "a", 1, "h1", KEY)
    assert "No such file" in caught.value.detail
    assert list(disks.find(config)) == []


# --- real ones ---
def fill(path):
    with open(path, "wb", buffering=0) as file:
        while file.write(os.urandom(2**20)):
            pass


def touch_many(folder, number):
    for name in range(number):
        os.close(os.open(f"{folder}/{name}", os.O_CREAT | os.O_WRONLY))


def loops(config):
    found = []
    for entry in Path("/sys/block").glob("loop*/loop/backing_file"):
        text = entry.read_text()
        if str(config.engine_dir) in text:
            found.append(entry.parts[3])
    return found


@pytest.fixture
def able(config):
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    runtime.prepare(config)
    assert disks.prepare(config) == ""
    return config


def test_a_host_gets_the_seed_and_its_limits(able, tmp_path):
    disks.make_template(able, KEY, put_layers)
    disk = disks.make(able, "a", 1, "h1", KEY)
    assert disk.stat().st_mode & 0o777 == 0o600
    with own_disk.opened(str(disk), str(tmp_path / "mounted")) as mounted:
        assert Path(mounted, "docker", "seed").read_text() == "layers"
        assert Path(mounted, "root", "diff").stat().st_uid == 200_000
        found = os.statvfs(mounted)
        assert found.f_files == 256 * disks.INODES_PER_MB
        assert 0.9 * 256 < found.f_blocks * found.f_frsize / 2**20 <= 256
    assert loops(able) == []


def test_what_is_written_ends_at_the_limit_and_comes_back_when_it_is_deleted(able, tmp_path):
    disk = disks.make(able, "a", 1, "outside", disks.MACHINE)
    with own_disk.opened(str(disk), str(tmp_path / "mounted")) as mounted:
        with pytest.raises(OSError, match="No space left"):
            fill(f"{mounted}/big")
        os.sync()
        (found,) = disks.find(able)
        assert 100 * 2**20 < found.taken <= disks.MACHINE_MB * 2**20
        os.unlink(f"{mounted}/big")
        os.sync()
        assert found.taken < 20 * 2**20


def test_few_and_small_requests_of_a_disk_are_under_way_at_once(able, tmp_path):
    disk = disks.make(able, "a", 1, "outside", disks.MACHINE)
    with own_disk.opened(str(disk), str(tmp_path / "mounted")):
        (device,) = loops(able)
        queue = Path("/sys/block", device, "queue")
        assert {name: int((queue / name).read_text()) for name in own_disk.QUEUE} == own_disk.QUEUE


def test_where_queues_cannot_be_bounded_a_disk_is_there_all_the_same(able, tmp_path, monkeypatch):
    monkeypatch.setattr(own_disk, "_SYS", str(tmp_path / "read-only"))
    disk = disks.make(able, "a", 1, "outside", disks.MACHINE)
    with own_disk.opened(str(disk), str(tmp_path / "mounted")) as mounted:
        assert Path(mounted, "root", "diff").is_dir()


def test_files_without_content_end_at_a_limit_too(able, tmp_path):
    disk = disks.make(able, "a", 1, "outside", disks.MACHINE)
    most = disks.MACHINE_MB * disks.INODES_PER_MB
    with own_disk.opened(str(disk), str(tmp_path / "mounted")) as mounted, pytest.raises(OSError, match="No space left"):
        touch_many(mounted, most)


def test_one_that_a_killed_engine_left_attached_is_let_go_of(able, tmp_path):
    disk = disks.make(able, "a", 1, "outside", disks.MACHINE)
    with own_disk.attached(str(disk), str(tmp_path)):
        assert len(loops(able)) == 1
        disk.unlink()
        disks.detach_loops(able)
    assert loops(able) == []


def test_a_device_that_dev_lacks_is_made_beside_the_mount(able, tmp_path, monkeypatch):
    """As in a container, whose /dev does not get the devices that are made later."""
    monkeypatch.setattr(own_disk, "_DEVICE", "/nowhere/loop{}")
    disk = disks.make(able, "a", 1, "outside", disks.MACHINE)
    with own_disk.opened(str(disk), str(tmp_path / "mounted")) as mounted:
        assert Path(mounted, "root", "diff").is_dir()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("loop")] == []
