"""What a learner's root may do to the disk: it ends at the host's limit, nobody else notices, and closing takes a moment."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from explorer.lab import diskguard, diskuse
from explorer.lab.engine import disks, leftovers
from explorer.lab.engine.client import session
from explorer.lab.errors import NodeError
from explorer.lab.hosts import lifecycle
from explorer.network.scenario import SCENARIOS
from tests.attacks import attack

pytestmark = pytest.mark.engine

MB = 2**20
LIMIT = "a disk of its own: an image of a fixed size"
FULL = "No space left on device"
KEEP = """
import os, sys, time
file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
size = int(sys.argv[2])
os.posix_fallocate(file, 0, size) if sys.argv[3] == "claim" else os.write(file, os.urandom(size))
os.unlink(sys.argv[1])
print("held", flush=True)
time.sleep(120)
"""
DIG = """
import os, sys
os.chdir(sys.argv[1])
made = 0
try:
    for made in range(int(sys.argv[2])):
        os.mkdir(sys.argv[3])
        os.chdir(sys.argv[3])
except OSError as error:
    print(error.strerror)
print(made)
"""


def taken(config, name: str) -> int:
    """Bytes of the node's disk that a sandbox takes."""
    os.sync()
    with session(config) as client:
        return diskuse.by_sandbox(config, client)[name].bytes


def limit(config) -> int:
    return config.host_disk_mb * MB


def loops(config) -> list[str]:
    folder = str(config.engine_dir)
    files = Path("/sys/block").glob("loop*/loop/backing_file")
    return [path.parts[3] for path in files if path.read_text().startswith(folder)]


def hold(shell, name: str, place: str, size: int, how: str = "write", where: str = "h1") -> None:
    """A program that writes or claims space in a file, deletes the file and keeps it open."""
    shell(where, f"nohup python3 -c '{KEEP}' {place} {size} {how} >/tmp/held 2>&1 &", name)
    _, text = shell(where, "until grep -q . /tmp/held; do sleep 0.1; done; cat /tmp/held", name)
    assert text.strip() == "held", text


@pytest.fixture
def own(lab_config):
    """Skips for a kernel without loop devices alone."""
    if not Path("/dev/loop-control").exists():
        pytest.skip("kernel lacks loop devices")
    assert disks.in_use(lab_config)
    return lab_config


# --- the limit ---
@attack("20 GB in one file, wherever a host may write", origin="host", expected="contained", held_by=LIMIT)
def test_a_file_ends_at_the_hosts_limit(own, open_one, shell, seen):
    name, _ = open_one()
    for place in ("/var/lib/docker/big", "/root/big", "/etc/hosts", "/etc/resolv.conf"):
        _, text = shell("h1", f"fallocate -l 20G {place}", name)
        seen(text)
        assert FULL in text
        _, text = shell("h1", f"stat -c '%b' {place}; truncate -s 0 {place}; df -B1 --output=size / | tail -1", name)
        blocks, size = map(int, text.split())
        assert blocks * 512 < size <= limit(own)
    assert shell("h1", "docker run --rm box true", name)[0] == 0


@attack("a disk filled by a machine without Docker", origin="machine", expected="contained", held_by=LIMIT)
def test_a_machine_has_a_limit_too(own, open_one, shell, seen):
    name, _ = open_one()
    for place in ("/root/big", "/etc/hosts"):
        _, text = shell("outside", f"head -c 1G /dev/zero >{place}", name)
        seen(text)
        assert FULL in text
        _, text = shell("outside", "df -B1 --output=size / | tail -1", name)
        assert int(text) <= disks.MACHINE_MB * MB
    assert taken(own, name) < limit(own)


@attack("files without content until the node has no inodes", origin="host", expected="contained", held_by=LIMIT)
def test_files_end_at_the_hosts_limit(own, open_one, shell, seen):
    name, _ = open_one()
    most = own.host_disk_mb * disks.INODES_PER_MB
    free = os.statvfs(own.engine_dir).f_favail
    _, text = shell("h1", f"mkdir /root/m; cd /root/m; seq {most + 1} | xargs touch 2>&1 | tail -1; df -i / | tail -1", name)
    seen(text)
    assert FULL in text
    assert free - os.statvfs(own.engine_dir).f_favail < 2000
    assert lifecycle.close_sandbox(own, name) == 5


@attack("space held in files that are deleted but open", origin="host", expected="contained", held_by=LIMIT)
@pytest.mark.parametrize("how", ["write", "claim"])
def test_deleted_files_that_are_open_count(own, open_one, shell, seen, how):
    name, _ = open_one()
    before = taken(own, name)
    hold(shell, name, "/var/lib/docker/big", 300 * MB, how)
    _, text = shell("h1", "fallocate -l 900M /root/more", name)
    seen(text)
    assert FULL in text
    if how == "write":
        assert taken(own, name) > before + 290 * MB, "the guard sees what no name leads to"


@attack("a container of a host that writes without end", origin="container", expected="contained", held_by=LIMIT)
def test_what_containers_write_is_the_hosts(own, open_one, shell, seen):
    name, _ = open_one()
    _, text = shell("h1", "docker run --rm box sh -c 'dd if=/dev/zero of=/big bs=1048576'; df -h /", name, timeout=120)
    seen(text)
    assert FULL in text
    shell("h1", "docker run -d --name chatty box sh -c 'yes'; sleep 3; docker rm -f chatty", name)
    assert taken(own, name) <= limit(own) + disks.MACHINE_MB * MB


def test_what_is_deleted_comes_back_to_the_node(own, open_one, shell):
    name, _ = open_one()
    before = taken(own, name)
    shell("h1", "head -c 200M /dev/urandom >/root/big; fallocate -p -o 0 -l 100M /root/big; sync", name)
    between = taken(own, name)
    assert 90 * MB < between - before < 115 * MB, "a hole that is punched is a hole on the node"
    shell("h1", "rm /root/big; sync", name)
    assert taken(own, name) - before < 15 * MB


# --- a full host tells the truth and can be closed ---
def test_a_full_host_says_so_and_works_again_after_cleaning_up(own, open_one, shell):
    name, _ = open_one()
    shell("h1", "head -c 2G /dev/zero >/root/big", name)
    status, text = shell("h1", "docker run --name late box true", name)
    assert status != 0
    assert "no space left on device" in text.lower()
    assert shell("h1", "rm /root/big; docker rm -f late; docker run --rm box true", name)[0] == 0


def test_a_full_sandbox_is_opened_again_and_closed(own, open_one, shell):
    name, _ = open_one()
    shell("h1", "head -c 2G /dev/zero >/root/big; head -c 2G /dev/zero >/var/lib/docker/more", name)
    facts = lifecycle.open_sandbox(own, name, 2, SCENARIOS["one-host"], time.time() + 600, lambda phase, detail: None)
    assert facts["hosts"]
    assert shell("h1", "test ! -e /root/big && docker run --rm box true", name)[0] == 0
    shell("h1", "head -c 2G /dev/zero >/root/big", name)
    assert lifecycle.close_sandbox(own, name) == 5


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Disks are made in a file system with room for the smaller or the first of two, and not for both."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(tmp_path)], check=True)
    monkeypatch.setattr(disks, "folder", lambda config: tmp_path)
    yield tmp_path
    monkeypatch.undo()
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_node_without_room_says_so_and_leaves_nothing(own, new_name, small):
    name = new_name()
    with pytest.raises(NodeError, match=r"^(h1|outside) did not start\. (outside|h1) was taken down again\.$") as caught:
        lifecycle.open_sandbox(own, name, 1, SCENARIOS["one-host"], time.time() + 600, lambda phase, detail: None)
    assert FULL in caught.value.detail
    assert list(small.iterdir()) == []
    assert [found for found in lifecycle.list_sandboxes(own) if found.sandbox == name] == []


# --- removal ---
@attack(
    "45,000 directories inside each other, {letters} letters each", origin="host", expected="contained",
    held_by="removing a disk is one unlink",
)  # fmt: skip
@pytest.mark.parametrize("letters", [1, 255])
def test_a_deep_tree_is_closed_like_any_other(own, open_one, shell, seen, letters):
    name, _ = open_one()
    _, text = shell("h1", f"python3 -c '{DIG}' /var/lib/docker 45000 {'d' * letters}", name, timeout=120)
    seen(text)
    assert int(text.split()[-1]) > 40_000
    assert lifecycle.close_sandbox(own, name) == 5
    assert list(disks.find(own, name)) == []


def at_rest(config) -> int:
    """The number of loop devices, once it has not changed for two seconds: the kernel lets go of earlier ones late."""
    until, last, since = time.monotonic() + 30, len(loops(config)), time.monotonic()
    while time.monotonic() < min(until, since + 2):
        time.sleep(0.1)
        if (now := len(loops(config))) != last:
            last, since = now, time.monotonic()
    return last


def test_closing_leaves_no_loop_device_and_no_mount(own, open_one):
    before = at_rest(own)
    name, facts = open_one("two-hosts")
    assert len(loops(own)) == before + 3
    lifecycle.close_sandbox(own, name)
    until = time.monotonic() + 20
    while len(loops(own)) > before and time.monotonic() < until:
        time.sleep(0.1)
    assert len(loops(own)) == before
    mounts = Path("/proc/self/mountinfo").read_text()
    assert not [one for host in facts["hosts"].values() if (one := host["container"]) in mounts]


def test_a_disk_that_nothing_else_is_left_of_is_found_and_removed(own, new_name):
    """As after a crash between the copy and the container."""
    name = new_name()
    disks.make(own, name, 3, "h1", disks.MACHINE)
    (found,) = [found for found in lifecycle.list_sandboxes(own) if found.sandbox == name]
    assert (found.generation, found.objects, found.running) == (3, 1, 0)
    assert lifecycle.close_sandbox(own, name, 3) == 1


# --- the guard ---
@pytest.fixture
def short_of(monkeypatch):
    """The node's disk has as little room as a test says, and sandboxes of tests are large enough to matter."""
    monkeypatch.setattr(diskguard, "WORTH_IT_BYTES", 80 * MB)
    return lambda what: monkeypatch.setattr(diskguard, "lacking", lambda config: what)


@attack(
    "the disk guard blinded by deleted files and deep trees", origin="host", expected="ended", held_by="blocks of the image"
)
def test_who_hides_what_it_takes_is_ended_and_no_innocent_one(own, open_one, shell, sandbox, short_of):
    innocent, _ = open_one()
    shell("h1", "truncate -s 700M /root/sparse", innocent)
    hiding, _ = open_one()
    shell("h1", f"python3 -c '{DIG}' /var/lib/docker 5000 d", hiding)
    hold(shell, hiding, "/var/lib/docker/big", 200 * MB)
    os.sync()
    short_of("bytes")
    guard = diskguard.Guard(own)
    assert guard.relieve() == hiding
    assert guard.relieve() == "", "the others take what they were given"
    assert shell("h1", "true", innocent)[0] == 0
    assert shell("h1", "true")[0] == 0


# --- where there are no loop devices ---
@pytest.fixture
def shared(lab_config, monkeypatch):
    """Hosts that are opened now write to the node's own disk."""
    monkeypatch.setattr(disks, "in_use", lambda config: False)
    return lab_config


def close_in_steps(config, name: str) -> None:
    """As the reconciler does: what was not removed in one step is gone on with."""
    for _ in range(20):
        with suppress(NodeError):
            lifecycle.close_sandbox(config, name)
            return
    pytest.fail("no end of removing it")


@attack(
    "a deep tree on a node without loop devices", origin="host", expected="contained", held_by="removal that flattens the tree"
)
def test_without_own_disks_a_deep_tree_is_removed_in_time(shared, open_one, shell, seen):
    name, _ = open_one()
    for place in ("/var/lib/docker", "/root"):
        _, text = shell("h1", f"python3 -c '{DIG}' {place} 5000 d", name, timeout=120)
        seen(text)
        assert text.split() == ["4999"]
    close_in_steps(shared, name)
    assert lifecycle.close_sandbox(shared, name) == 0


@attack(
    "the same guard on a node without loop devices", origin="host", expected="ended", held_by="blocks, found by descriptors"
)
@pytest.mark.parametrize("how", ["deep", "deleted"])
def test_without_own_disks_the_guard_finds_who_hides(shared, open_one, shell, sandbox, short_of, how):
    innocent, _ = open_one()
    shell("h1", "truncate -s 700M /root/sparse", innocent)
    hiding, _ = open_one()
    if how == "deep":
        shell("h1", f"python3 -c '{DIG}' /root 5000 d; head -c 200M /dev/urandom >/root/d/big; sync", hiding)
    else:
        hold(shell, hiding, "/var/lib/docker/big", 200 * MB, "claim")
    short_of("bytes")
    with suppress(NodeError):  # it is removed in several steps, which begin with the end of its processes
        assert diskguard.Guard(shared).relieve() == hiding
    assert not [found for found in lifecycle.list_sandboxes(shared) if found.sandbox == hiding and found.running > 1]
    assert shell("h1", "true", innocent)[0] == 0
    close_in_steps(shared, hiding)


# --- the next start ---
def test_what_a_killed_engine_left_is_swept(own, new_name, tmp_path, monkeypatch):
    """The functions of the next start, on an installation's own directory beside the running one."""
    from dataclasses import replace

    from explorer.lab.engine import own_disk

    other = replace(own, install="swept", engine_dir=tmp_path / "engine", run_dir=tmp_path / "run")
    for path in (other.engine_dir / "tmp", disks.folder(other), disks.templates(other)):
        path.mkdir(parents=True)
    disks.make_template(other, disks.MACHINE)
    disk = disks.make(other, "a", 1, "outside", disks.MACHINE)
    (other.engine_dir / "tmp" / "mounted").mkdir()
    own_disk.mount_image(str(disk), str(other.engine_dir / "tmp" / "mounted"))
    assert len(loops(other)) == 1
    leftovers.sweep(other)
    assert loops(other) == []
    assert list(disks.find(other)) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
