"""Settings of the kernel that root in a host can write: each is written, and changes neither on the machine nor in the
engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks import attack

pytestmark = pytest.mark.engine
OWN = ("/proc/sys/net", "/proc/sys/fs/mqueue", "/proc/sys/kernel")
BY_ITSELF = ("/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/random/", "/proc/sys/kernel/pty/nr")
# changes every setting that it may, by one where it is a number; says which
WRITE = """
import json, os
changed = {}
for top in %s:
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path) as file:
                    before = file.read()
                words = before.split()
                fd = os.open(path, os.O_WRONLY)
            except OSError:
                continue
            for more in (1, -1, 1000):
                try:
                    os.pwrite(fd, " ".join([str(int(words[0]) + more), *words[1:]]).encode(), 0)
                    with open(path) as file:
                        after = file.read()
                except (OSError, ValueError, IndexError):
                    continue
                if after != before:
                    changed[path] = after.strip()
                    break
            os.close(fd)
print(json.dumps(changed))
"""
READ = """
import json, os
found = {}
for top in %s:
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path) as file:
                    found[path] = file.read(4000).strip()
            except (OSError, UnicodeDecodeError):
                pass
print(json.dumps(found))
"""


def settings(*enter: str) -> dict[str, str]:
    told = subprocess.run([*enter, sys.executable, "-c", READ % (OWN,)], capture_output=True, text=True, check=True).stdout
    return {path: value for path, value in json.loads(told).items() if not path.startswith(BY_ITSELF)}


@attack(
    "every setting that a host may write, written",
    origin="host",
    expected="contained",
    held_by="settings of namespaces",
    slow=True,
)
def test_no_setting_of_a_host_is_the_machines(lab_config, open_one, shell, seen):
    name, _ = open_one()
    spaces = {"the machine": (), "the engine": ("nsenter", f"--net=/run/netns/{lab_config.netns}")}
    before = {who: settings(*enter) for who, enter in spaces.items()}
    status, told = shell("h1", "python3 -", name, stdin=(WRITE % (OWN,)).encode(), timeout=120)
    assert status == 0, told
    written = json.loads(told.splitlines()[-1])
    assert len(written) > 300, "or next to nothing was tried"
    after = {who: settings(*enter) for who, enter in spaces.items()}
    moved = {
        f"{who}: {path}": (before[who][path], after[who].get(path), value)
        for path, value in written.items()
        for who in spaces
        if path in before[who] and before[who][path] != after[who].get(path) == value  # others may change them too
    }
    for moved_path, (was, _, _) in moved.items():  # as it was, whatever the verdict
        if moved_path.startswith("the machine"):
            Path(moved_path.partition(": ")[2]).write_text(was)
    seen(f"{len(written)} settings changed in the host, {len(moved)} outside it")
    assert moved == {}


BINFMT = """mount -t binfmt_misc none /mnt || exit 7
echo ':explorer-attack:M::EXPLORERATTACK::/bin/true:F' >/mnt/register; ls /mnt"""


@attack("a program for a format of files: binfmt_misc", origin="host", expected="contained", held_by="user namespace")
def test_a_registered_format_is_the_hosts_alone(open_one, shell, seen):
    name, _ = open_one()
    status, told = shell("h1", BINFMT, name)
    seen(told if status else "registered in the host alone")
    if status != 7:  # kernels before 6.7 refuse the mount
        assert "explorer-attack" in told
    looked = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t binfmt_misc none /mnt && ls /mnt"], capture_output=True, text=True, check=False
    )
    assert "explorer-attack" not in looked.stdout
