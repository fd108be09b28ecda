"""What a kernel says about its memory, on both versions of control groups, and when it does not say it."""

from __future__ import annotations

import pytest

from explorer.lab.memory import node

MEMINFO = """MemTotal:       1000000 kB
MemFree:         300000 kB
MemAvailable:    600000 kB
Buffers:          10000 kB
Cached:          200000 kB
SwapCached:           0 kB
AnonPages:       100000 kB
SReclaimable:     40000 kB
HugePages_Total:      0
Hugetlb:              0 kB
"""


@pytest.fixture
def proc(tmp_path):
    folder = tmp_path / "proc"
    folder.mkdir()
    (folder / "meminfo").write_text(MEMINFO)
    (folder / "cgroups").write_text("#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t12\t1\nblkio\t7\t9001\t1\n")
    return folder


def test_what_is_charged_is_read_on_version_1(proc, tmp_path):
    for name, charged in (("explorer-a", 1000), ("docker", 500)):
        group = tmp_path / "groups" / "memory" / name
        group.mkdir(parents=True)
        (group / "memory.kmem.usage_in_bytes").write_text(f"{charged * 1024}\n")
    (tmp_path / "groups" / "memory" / "memory.kmem.usage_in_bytes").write_text("99999999\n")
    state = node.read(proc, tmp_path / "groups")
    assert (state.kernel, state.reclaimable, state.charged) == (390_000 * 1024, 40_000 * 1024, 1500 * 1024)


def test_what_is_charged_is_read_on_version_2(proc, tmp_path):
    group = tmp_path / "groups" / "explorer-a"
    group.mkdir(parents=True)
    (group / "memory.stat").write_text("anon 5\nkernel 2048\nsock 1024\nkernel_stack 7\n")
    state = node.read(proc, tmp_path / "groups")
    assert (state.total, state.available, state.charged, state.groups) == (1_000_000 * 1024, 600_000 * 1024, 3072, 9001)


@pytest.mark.parametrize(("charged", "reclaimable"), [(50, 400), (400, 50)])
def test_what_is_charged_is_no_growth(charged, reclaimable):
    before = node.State(10_000, 5_000, 1_000, reclaimable, charged)
    sockets_of_a_host = node.State(10_000, 5_000, 1_030, reclaimable, charged + 30)
    files_of_a_host = node.State(10_000, 5_000, 1_030, reclaimable + 30, charged + 30)
    neighbours = node.State(10_000, 5_000, 1_030, reclaimable, charged)
    assert [state.growth(before) for state in (sockets_of_a_host, files_of_a_host, neighbours)] == [0, 0, 30]


def test_names_of_files_that_nobody_is_charged_for_are_no_growth():
    before = node.State(10_000, 5_000, 1_000, 400, 50)
    assert node.State(10_000, 5_000, 1_030, 430, 50).growth(before) == 0


def test_a_kernel_without_the_list_of_groups_has_none(proc, tmp_path):
    (proc / "cgroups").unlink()
    assert node.read(proc, tmp_path / "nothing").groups == 0


def test_a_kernel_that_says_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        node.read(tmp_path, tmp_path)
