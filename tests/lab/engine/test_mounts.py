"""Mounts made for a container: what is read of an overlay, and owners that differ by where a file is seen."""

import os
import subprocess

import pytest

from explorer.lab.engine import mounts, own_ids

MOUNTS = (
    "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "81 24 0:51 / /data/a\\040b/merged rw,relatime shared:6 - overlay overlay "
    "rw,lowerdir=/l/ONE:/l/TWO,upperdir=/x/diff,workdir=/x/work\n"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def test_an_overlays_layers_are_read_from_the_mounts():
    found = mounts.overlay_options(MOUNTS, "/data/a b/merged")
    assert found == {"lowerdir": "/l/ONE:/l/TWO", "upperdir": "/x/diff", "workdir": "/x/work"}


@pytest.mark.parametrize("where", ["/", "/nowhere", "/data/a\\040b/merged"])
def test_what_is_no_overlay_is_said(where):
    with pytest.raises(OSError, match="no overlay"):
        mounts.overlay_options(MOUNTS, where)


@needs_root
def test_a_file_keeps_its_owner_on_the_disk_and_has_the_sandboxs_where_it_is_used(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    os.chown(source, 200_000, 300_000)
    namespace = own_ids.mapping(200_000, 300_000, 2**30)
    try:
        mounts.mount_again(str(source), str(target), namespace)
        assert (target.stat().st_uid, target.stat().st_gid) == (2**30, 2**30)
        (target / "made").mkdir()
        os.chown(target / "made", 2**30 + 5, 2**30 + 6)
        assert ((source / "made").stat().st_uid, (source / "made").stat().st_gid) == (200_005, 300_006)
    finally:
        os.close(namespace)
        subprocess.run(["umount", str(target)], check=True)
