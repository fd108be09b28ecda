"""Every system call and socket family that the profiles refuse has its own reason in docs/seccomp.md, and no reason is of a
call that is allowed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from explorer.lab.hosts import machines

REASONS = Path(__file__).parents[3] / "docs" / "seccomp.md"
REMAIN = {"UNIX": 1, "INET": 2, "INET6": 10, "NETLINK": 16, "PACKET": 17}


def reasons(heading: str) -> list[list[str]]:
    section = REASONS.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def rules(text: str) -> list[dict]:
    return json.loads(text)["syscalls"]


def refused(found: list[dict]) -> set[str]:
    """Names; those that are refused for some arguments only carry the comment's first word."""
    names = set()
    for rule in found:
        if "socketpair" not in rule["names"]:
            mark = f" ({re.split('[: ]', rule['comment'])[0]})" if rule.get("args") else ""
            names |= {name + mark for name in rule["names"]}
    return names


@pytest.mark.parametrize("whose", ["Hosts and machines", "Machines without Docker"])
def test_each_call_has_a_reason_and_each_reason_a_call(whose):
    of_hosts, of_machines = rules(machines.seccomp()), rules(machines.machine_seccomp())
    found = of_hosts if whose == "Hosts and machines" else of_machines[len(of_hosts) :]
    told = reasons(whose)
    assert refused(found) == {row[0] for row in told}
    assert len(told) == len({row[0] for row in told})
    assert all(len(row[1]) > 8 for row in told)


def test_each_socket_family_has_a_reason():
    found = {rule["args"][0]["valueTwo"] for rule in rules(machines.seccomp()) if "socketpair" in rule["names"]}
    told = reasons("Socket families")
    assert found == {int(row[0]) for row in told}
    assert all(row[1] and row[2] for row in told)
    assert not found & set(REMAIN.values())


def test_every_family_below_the_highest_is_either_told_or_remains():
    told = {int(row[0]) for row in reasons("Socket families")}
    assert set(range(3, 46)) - told == set(REMAIN.values()) - {1, 2}


def test_a_call_without_a_reason_is_found():
    assert refused([{"names": ["dream"], "comment": "x"}]) == {"dream"}
    assert refused([{"names": ["socket"], "args": [1], "comment": "NETLINK_XFRM: why"}]) == {"socket (NETLINK_XFRM)"}
