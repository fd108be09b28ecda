"""The list of the kernel's counts (docs/kernel-counts.md) is complete for the kernel that the tests run on: each limit that it
has is held by something, or the list says why it is no lever."""

from __future__ import annotations

import re
import resource
from fnmatch import fnmatch
from pathlib import Path

import pytest

from explorer.lab.engine import kernel
from explorer.lab.hosts import quota

LIST = Path(__file__).parents[2] / "docs" / "kernel-counts.md"
SYS = Path("/proc/sys")
LOOKS_LIKE_A_LIMIT = re.compile(
    r"max|limit|thresh|_mem$|quota|hard|backlog|hash_entries|/sem$|/shm|/msg|hugepages|pipe-|-nr$|/nr$"
)
# Values of one interface, one neighbour table of an interface, one process: not counts of a user or of the machine.
OF_ONE_THING = re.compile(r"net/ipv[46]/conf/|net/ipv[46]/neigh/(?!default/gc_)|_timeout|/msg_next_id|/shm_next_id")


def rows(heading: str) -> list[list[str]]:
    section = LIST.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def levers(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def listed() -> list[str]:
    held = [lever for row in rows("Held") for lever in levers(row[1])]
    return held + [lever for row in rows("No lever") for lever in levers(row[0])]


def limits_of_this_kernel() -> list[str]:
    found = [str(path.relative_to(SYS)) for path in SYS.rglob("*") if path.is_file()]
    counts = [name for name in found if name.startswith("user/") or LOOKS_LIKE_A_LIMIT.search(f"/{name}")]
    return sorted(name for name in counts if not OF_ONE_THING.search(name))


def missing(limits: list[str], known: list[str]) -> list[str]:
    return [name for name in limits if not any(fnmatch(name, pattern) for pattern in known)]


def test_every_limit_in_proc_sys_is_in_the_list():
    limits = limits_of_this_kernel()
    assert len(limits) > 60, "and there are some"
    assert missing(limits, listed()) == []


def test_every_resource_limit_is_in_the_list():
    assert missing([name for name in dir(resource) if name.startswith("RLIMIT_")], listed()) == []


def test_a_limit_that_is_not_in_the_list_is_found():
    assert missing(["user/max_dreams"], listed()) == ["user/max_dreams"]


@pytest.mark.parametrize(("name", "value"), quota.PER_HOST.items())
def test_what_is_set_for_each_host_is_what_the_list_says(name, value):
    (row,) = [row for row in rows("Held") if levers(row[1]) == [f"user/{name}"]]
    assert row[4] == str(value)


@pytest.mark.parametrize("name", [*kernel.LIMITS, *kernel.AT_MOST])
def test_what_is_set_for_the_machine_is_in_the_list(name):
    assert missing([name], [lever for row in rows("Held") for lever in levers(row[1])]) == []


def test_each_row_says_what_holds_it():
    for row in rows("Held"):
        assert len(row) == 5
        assert all(row), row
    for row in [*rows("Kernel memory that nobody is charged for"), *rows("No lever")]:
        assert row[0]
        assert row[-1], row
