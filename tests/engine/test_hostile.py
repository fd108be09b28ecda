"""What root in a host may try against its own end, and against what all hosts share."""

from pathlib import Path

import pytest

from explorer.lab.engine import disks
from explorer.lab.engine.client import session
from explorer.lab.hosts import lifecycle, quota
from tests.attacks import attack

pytestmark = pytest.mark.engine

FREEZE_1 = """mkdir /sys/fs/cgroup/freezer/ice
for pid in 1 $(pgrep containerd); do echo $pid >/sys/fs/cgroup/freezer/ice/cgroup.procs; done
echo FROZEN >/sys/fs/cgroup/freezer/ice/freezer.state; cat /sys/fs/cgroup/freezer/ice/freezer.state"""
FREEZE_2 = """mkdir /sys/fs/cgroup/ice
for pid in $(pgrep containerd); do echo $pid >/sys/fs/cgroup/ice/cgroup.procs; done
echo 1 >/sys/fs/cgroup/ice/cgroup.freeze && echo FROZEN"""
INOTIFY = """import ctypes, time
c = ctypes.CDLL(None)
print(sum(c.inotify_init() >= 0 for _ in range(5000)), flush=True)
time.sleep(30)"""
TERMINALS = """import os, time
taken = [os.open("/dev/ptmx", 2) for _ in range(3500)]
print(len(taken), flush=True)
time.sleep(30)"""


def take(shell, name: str, program: str) -> int:
    """Runs a program that takes all it can and keeps it for half a minute; how much it got."""
    wait = "until grep -q . /tmp/got; do sleep 0.1; done; cat /tmp/got"
    text = f"ulimit -n 10000; (python3 -c '{program}' >/tmp/got 2>&1 &); {wait}"
    return int(shell("h1", text, name)[1].split()[-1])


@attack("a host that froze itself, to outlive its end", origin="host", expected="ended", held_by="thaw and kill from the node")
def test_a_host_that_froze_itself_goes_all_the_same(lab_config, open_one, shell):
    name, _ = open_one()
    status, said = shell("h1", FREEZE_1 if Path("/sys/fs/cgroup/freezer").is_dir() else FREEZE_2, name)
    assert status == 0, said
    assert "FR" in said, said  # FROZEN or still FREEZING
    assert lifecycle.close_sandbox(lab_config, name) > 0
    assert name not in {found.sandbox for found in lifecycle.list_sandboxes(lab_config)}


@attack(
    "50 MB of /etc/hosts for the engine to read",
    origin="host",
    expected="contained",
    held_by="the file is on the host's own disk, or it is cut before the engine reads it",
)
def test_a_huge_hosts_file_is_not_what_the_engine_reads(lab_config, open_one, shell):
    name, facts = open_one()
    shell("h1", "yes 10.1.1.1 a-long-name.example | head -c 50000000 >>/etc/hosts", name)
    with session(lab_config) as client:
        found = client.api.inspect_container(facts["hosts"]["h1"]["container"])
    assert int(shell("h1", "stat -c %s /etc/hosts", name)[1]) > 50_000_000
    if not disks.in_use(lab_config):
        quota.cut_files(found)
    assert Path(found["HostsPath"]).stat().st_size <= quota.KEPT_BYTES


@attack("limits in /proc/sys/user, raised", origin="host", expected="refused", held_by="no CAP_SYS_RESOURCE in a host")
def test_what_the_kernel_counts_for_all_hosts_is_limited_for_each(shell):
    for name, value in quota.PER_HOST.items():
        assert shell("h1", f"cat /proc/sys/user/{name}")[1].strip() == str(value)
        assert shell("h1", f"echo 999999 >/proc/sys/user/{name}")[0] != 0


@attack("inotify instances without end", origin="host", expected="contained", held_by="a limit per host: /proc/sys/user")
def test_one_host_cannot_take_every_inotify_instance(open_one, shell):
    name, _ = open_one()
    other, _ = open_one()
    assert 0 < take(shell, name, INOTIFY) <= quota.PER_HOST["max_inotify_instances"]
    assert take(shell, other, INOTIFY.replace("5000", "20")) == 20


@attack(
    "3500 pseudo-terminals", origin="host", expected="contained", held_by="the machine's limit is above what one host can take"
)
def test_terminals_are_not_used_up_by_one_host(open_one, shell):
    name, _ = open_one()
    other, _ = open_one()
    take(shell, name, TERMINALS)
    assert take(shell, other, TERMINALS.replace("3500", "1")) == 1
