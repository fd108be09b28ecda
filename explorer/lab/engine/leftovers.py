"""Finds and removes what an earlier engine of this installation may have left on the machine.

Only things that carry this installation's own paths or names are touched.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from explorer.environment import patient
from explorer.lab.config import LabConfig
from explorer.lab.engine import disks
from explorer.lab.engine.descent import Directory, descend
from explorer.lab.errors import NodeError

CGROUPS = Path("/sys/fs/cgroup")
ENDING_SECONDS = patient(5.0)
WALK_SECONDS = patient(10.0)  # for one walk through control groups; a learner's root may have made thousands of them


def claim(config: LabConfig) -> TextIOWrapper:
    """The lock that allows one engine per installation; it is held as long as the file is open. Raises NodeError."""
    config.engine_dir.mkdir(parents=True, exist_ok=True)
    file = open(config.engine_dir / "lock", "w")  # noqa: SIM115 (held for the engine's life)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise NodeError(f"An engine of installation {config.install} is already running.", str(config.engine_dir)) from error
    return file


def sweep(config: LabConfig) -> None:
    """Ends our processes, then removes control groups, mounts, the disks of hosts and the network namespace. It does not
    matter if nothing is there."""
    _end_processes(config)
    _remove_cgroups(config)
    for root in (config.socket.parent, config.engine_dir):
        for mount in _mounts_below(root):
            subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
    disks.detach_loops(config)
    disks.remove(config)
    if Path("/run/netns", config.netns).exists():
        subprocess.run(["ip", "netns", "del", config.netns], check=False, capture_output=True)


def forget_networks(config: LabConfig) -> None:
    """Removes the engine's files about networks before the engine starts: no sandbox outlives its engine. An engine that was
    killed may have written half a network, and the next engine then ends at its start (seen with 20.10: a panic in
    libnetwork's reservePools)."""
    for state in (config.engine_dir / "data").glob("*/network/files/local-kv.db"):
        state.unlink(missing_ok=True)


def empty(directory: Path) -> None:
    """Removes what is in a directory and leaves the directory. The web process has an empty one mounted over the engine's, so
    that it cannot reach the engine's socket; this mount would go with the directory, while web runs on.
    """
    with suppress(FileNotFoundError):
        for entry in list(os.scandir(directory)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)


def our_processes(config: LabConfig) -> set[int]:
    """The pids of our daemons, found by the exact paths in their arguments, and of all processes in our control groups."""
    signs = {
        f"--exec-root={config.socket.parent / 'exec'}",
        str(config.socket.parent / "exec/containerd/containerd.toml"),
        str(config.socket.parent / "exec/containerd/containerd.sock"),
    }
    found = {pid for pid, words in _command_lines() if signs & set(words)}
    for group in our_cgroups(config):
        found |= members(group)
    return found - {os.getpid()}


def members(group: Path) -> set[int]:
    """The pids of all processes in a control group and below it."""
    found: set[int] = set()
    for directory in descend(group, WALK_SECONDS):
        found |= _members(directory)
    return found


def our_cgroups(config: LabConfig) -> list[Path]:
    name = config.cgroup.strip("/")
    return [path for base in (CGROUPS, *sorted(CGROUPS.glob("*"))) if (path := base / name).is_dir()]


def kill_group(group: Path) -> int:
    """Kills every process in a control group and below it, frozen or not. Returns how many it found.

    In version 1, a killed process in a frozen group dies only when the group is thawed, and a learner's root may freeze a
    group.
    """
    found: set[int] = set()
    with suppress(OSError):
        (group / "cgroup.kill").write_text("1")  # version 2 kills all processes at once, with Linux 5.14 or newer
    for directory in descend(group, WALK_SECONDS):
        members = _members(directory)
        found |= members
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if directory.read("freezer.state") not in ("", "THAWED\n"):
            directory.write("freezer.state", "THAWED")
    return len(found)


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                yield int(entry), Path("/proc", entry, "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue


def _members(group: Directory) -> set[int]:
    try:
        return {int(pid) for pid in group.read("cgroup.procs").split()} - {0}
    except ValueError:
        return set()


def _end_processes(config: LabConfig) -> None:
    until = time.monotonic() + ENDING_SECONDS
    while pids := our_processes(config):
        late = time.monotonic() > until
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for group in our_cgroups(config):
            kill_group(group)
        if late:
            raise NodeError("Processes of an earlier engine do not end.", " ".join(map(str, sorted(pids))))
        time.sleep(0.05)


def _remove_cgroups(config: LabConfig) -> None:
    for group in our_cgroups(config):
        for _ in descend(group, WALK_SECONDS, remove=True):
            pass
        with suppress(OSError):
            group.rmdir()


def _mounts_below(root: Path) -> list[str]:
    targets = [line.split()[4].encode().decode("unicode_escape") for line in open("/proc/self/mountinfo")]  # noqa: SIM115
    return sorted((target for target in targets if Path(target).is_relative_to(root)), reverse=True)
