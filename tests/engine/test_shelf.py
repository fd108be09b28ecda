"""The image shelf on a real engine: one copy for all hosts, closed to all of them, gone when nothing needs it."""

import gzip
import io
import os
import tarfile
import time
from dataclasses import replace

import pytest

from explorer.lab.errors import NodeError
from explorer.lab.hosts import lifecycle, stocking
from explorer.lab.images import BOX, shelf, tar
from tests.attacks import attack
from tests.engine.conftest import aside

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def shelved(lab_config):
    """A root file system on the shelf; taken off at the end."""
    one = aside(stocking.add, lab_config, "corner-shop:1", str(tar(lab_config, BOX)), lambda line: None, ("nginx",))
    yield one
    aside(stocking.remove, lab_config, "corner-shop:1")


@pytest.fixture
def two(shelved, open_one, engine_version):
    """Two sandboxes of each version of Docker Engine."""
    return open_one(engine=engine_version)[0], open_one(engine=engine_version)[0]


def test_two_hosts_run_it_from_one_copy(lab_config, shelved, two, shell):
    assert shelved.bytes > 20 * 2**20
    for name in two:
        status, said = shell("h1", "docker run --rm corner-shop:1 cat /etc/nsswitch.conf && docker run --rm nginx id -u", name)
        assert (status, said.split()[-1]) == (0, "0"), said
    inner = f"stat -c '%d %i' {shelf.MOUNTED}/{shelved.layers[0]}/usr/bin/bash; du -sm /var/lib/docker | cut -f1"
    seen = [shell("h1", inner, name)[1].split() for name in two]
    assert seen[0][:2] == seen[1][:2], "the same inode on the same device, so one copy on disk and in the page cache"
    assert all(int(one[2]) < 20 for one in seen), "a host's own disk holds no layer"
    assert os.path.isdir(shelf.layers_dir(lab_config) / shelved.layers[0])


@attack("writing to the layers that all hosts share", origin="host", expected="refused", held_by="mount locked read-only")
def test_nobody_in_a_host_can_change_it(shelved, two, shell):
    layer = f"{shelf.MOUNTED}/{shelved.layers[0]}"
    tries = [
        f"touch {layer}/etc/passwd",
        f"chmod 777 {layer}",
        f"mount -o remount,bind,rw {shelf.MOUNTED} && touch {layer}/x",
        f"mkdir -p /m; mount --bind {shelf.MOUNTED} /m && mount -o remount,bind,rw /m; touch /m/x",
        f"unshare -m sh -c 'mount -o remount,bind,rw {shelf.MOUNTED}; touch {layer}/x'",
        f"docker run --rm -v {shelf.MOUNTED}:/m box touch /m/x",
    ]
    for text in tries:
        status, said = shell("h1", text, two[0])
        assert status != 0, text
        assert "Read-only" in said or "denied" in said or "not permitted" in said, (text, said)
    status, said = shell(
        "h1", "docker run --name own nginx sh -c 'echo x >/etc/passwd; rm -rf /usr/bin/ping; cat /etc/passwd'", two[0]
    )
    assert (status, said) == (0, "x\n"), "a container writes on its own layer"
    assert "root" in shell("h1", "docker run --rm nginx cat /etc/passwd", two[1])[1]


def test_a_pull_says_at_once_why_not_and_what_is_here(shelved, two, shell):
    began = time.monotonic()
    status, said = shell("h1", "docker run --rm redis", two[0])
    assert status != 0
    assert "no way to a registry; images that are here: box, corner-shop:1, nginx:latest" in said
    assert time.monotonic() - began < 20


def test_what_is_taken_off_goes_when_no_sandbox_is_open(lab_config, tmp_path, open_one, monkeypatch):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "mark").write_text("here")
    one = aside(stocking.add, lab_config, "short-lived", str(root), lambda line: None)
    layer = shelf.layers_dir(lab_config) / one.layers[0]
    assert "short-lived:latest" in shelf.references(lab_config)
    open_one()
    aside(stocking.remove, lab_config, "short-lived")
    assert "short-lived:latest" not in shelf.references(lab_config)
    with pytest.raises(NodeError, match="There is no short-lived"):
        aside(stocking.remove, lab_config, "short-lived")
    assert aside(stocking.tidy, lab_config) >= 1
    assert layer.exists(), "a host may run a container from it"
    monkeypatch.setattr(lifecycle, "list_sandboxes", lambda config: [])  # other tests share an open one
    assert aside(stocking.tidy, lab_config) == 0
    assert not layer.exists()


def bomb(path, megabytes):
    """A small file that unpacks to a root file system of this size."""
    with gzip.open(path, "wb", compresslevel=1) as packed, tarfile.open(fileobj=packed, mode="w|") as made:
        for name, size in (("bin/sh", 1), ("usr/zeros", megabytes * 2**20)):
            member = tarfile.TarInfo(name)
            member.size = size
            made.addfile(member, Zeros(size))
    return path


class Zeros(io.RawIOBase):
    def __init__(self, size):
        self.left = size

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), self.left)
        buffer[:count] = bytes(count)
        self.left -= count
        return count


def sparse(path, size):
    with path.open("wb") as made:
        made.truncate(size)
    return path


def junk(path):
    path.write_bytes(os.urandom(100_000))
    return path


WRONG = {  # what is asked for, and the sentence
    "a tar that is none": ("own", lambda path: junk(path / "a.tar"), "not a tar archive of an image"),
    "an image of 5 GB": ("own", lambda path: sparse(path / "a.tar", 5 * 2**30), "larger than one may be: 5120 MB"),
    "one that unpacks to more than an image may have": (
        "own",
        lambda path: bomb(path / "a.tar.gz", 400),
        "larger than one may be",
    ),
    "a name with markup": ("<b>own</b>", lambda path: bomb(path / "a.tar.gz", 1), "That is not the name of an image"),
    "a shelf that is full": ("own", lambda path: bomb(path / "a.tar.gz", 100), "The shelf is full"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_on_the_shelf_is_one_sentence_and_leaves_nothing(lab_config, tmp_path, shelved, what):
    name, make, sentence = WRONG[what]
    taken = shelved.bytes // 2**20
    small = replace(lab_config, image_mb=200, shelf_mb=taken + 50 if "full" in what else taken + 1000)
    before = shelf.images(lab_config), sorted(os.listdir(shelf.layers_dir(lab_config)))
    with pytest.raises(NodeError) as refused:
        aside(stocking.add, small, name, str(make(tmp_path)), lambda line: None)
    assert sentence in str(refused.value), (refused.value, refused.value.detail)
    assert (shelf.images(lab_config), sorted(os.listdir(shelf.layers_dir(lab_config)))) == before
    assert stocking.SCRATCH not in {one.sandbox for one in lifecycle.list_sandboxes(lab_config)}
