"""Which network namespaces a host holds, and the names that a learner knows them by.

The kernel decides first: the processes of the host's control group are grouped by the inode of their network namespace.
Docker's names come second: a process below `…/docker/<64 hex>` (with Podman `…/libpod-<64 hex>`) belongs to that container,
whatever the daemon says; the daemon only gives the name. Everything that a learner can multiply (processes, control groups,
namespaces) is bounded, and `ProcessTable.cut` says that something was left out.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from explorer.network.model import DockerState, PlaceKind

PLACES_SHOWN = 64  # per sandbox
GROUPS_READ = 1_024
PROCESSES_READ = 4_096
TIMED, TIMELESS = 64, 1 << 63
FILE_BYTES = 64 * 1024
# Docker's groups have the id alone as their name, or `docker-ID.scope`; Podman's are `libpod-ID`, and the programs that watch
# its containers have `libpod-conmon-ID`.
CONTAINER = re.compile(r"(?:^|/|(?<!conmon)-)([0-9a-f]{64})(?:\.scope)?(?:/|$)")
RUNC_INIT, CRUN = "runc\0init\0", ("crun\0", "/usr/bin/crun\0")
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
NAMESPACE = re.compile(r"net:\[(\d{1,20})\]")


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    container: str = ""  # the inner container's id, from the kernel's control-group path
    started: int = 0  # clock ticks since boot


@dataclass(slots=True)
class ProcessTable:
    """The result of one look: namespace inode → its processes, the oldest first; inode → path of the namespaces that a mount
    keeps."""

    namespaces: dict[int, list[Process]] = field(default_factory=dict)
    mounted: dict[int, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def inodes(self) -> set[int]:
        return self.namespaces.keys() | self.mounted.keys()

    @property
    def containers(self) -> frozenset[str]:
        """The ids of containers that have a process."""
        return frozenset(one.container for processes in self.namespaces.values() for one in processes if one.container)

    def only(self, inodes: Collection[int]) -> ProcessTable:
        namespaces = {inode: processes for inode, processes in self.namespaces.items() if inode in inodes}
        return ProcessTable(namespaces, {inode: path for inode, path in self.mounted.items() if inode in inodes}, self.cut)


@dataclass(frozen=True, slots=True)
class Sight:
    """A namespace under a learner's name for it. `container` is the id of the inner container that gave the name."""

    id: str
    kind: PlaceKind
    name: str
    netns: int
    shares: str = ""
    container: str = ""


class ControlGroup:
    """The control groups of one container on the node's engine and below it: one directory on version 2; on version 1 that of
    `pids`."""

    def __init__(self, directory: Path, path: str) -> None:
        self.directory = directory
        self.path = path  # as in /proc/PID/cgroup

    @classmethod
    def of(cls, pid: int, container: str) -> ControlGroup:
        """The control group of the container. Raises OSError when process `pid` is gone or is not in it."""
        for controller in ("pids", ""):
            path = group_path(pid, controller)
            parts = path.split("/")
            depth = next((at for at, part in enumerate(parts) if container in part), None)
            mounted = mounted_at(controller)
            if depth is None or mounted is None:
                continue
            root, mount = mounted
            whole = "/".join(parts[: depth + 1])
            group = cls(mount / whole.removeprefix(root.rstrip("/")).lstrip("/"), whole)
            if group.directory.is_dir():
                return group
        raise FileNotFoundError(f"process {pid} has no control group of {container[:12]}")

    def belongs(self, pid: int) -> bool:
        try:
            lines = read_text(f"/proc/{pid}/cgroup").splitlines()
        except OSError:
            return False
        paths = [line.split(":", 2)[2] for line in lines if line.count(":") >= 2]
        return any(path == self.path or path.startswith(self.path + "/") for path in paths)

    def processes(self) -> Iterator[tuple[int, str]]:
        """(pid, inner container id or ""), the nearest groups first. It ends with (0, "") when a limit is reached."""
        left, groups = PROCESSES_READ, deque([self.directory])
        for _ in range(GROUPS_READ):
            if not groups:
                return
            directory = groups.popleft()
            try:
                pids = read_text(directory / "cgroup.procs").split()
                with os.scandir(directory) as entries:
                    groups.extend(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
            except OSError:
                continue
            inner = CONTAINER.search(str(directory.relative_to(self.directory)))
            for pid in pids[:left]:
                yield int(pid), inner[1] if inner else ""
            left -= len(pids)
            if left <= 0:
                break
        yield 0, ""  # there was more


def look(group: ControlGroup, home: int = 0) -> ProcessTable:
    """The namespaces of a host. `home` is the inode of the host's own namespace."""
    seen = ProcessTable()
    for pid, container in group.processes():
        if not pid:
            seen.cut = True
            break
        try:
            inode = NAMESPACE.fullmatch(os.readlink(f"/proc/{pid}/ns/net"))
        except OSError:
            continue  # it has ended
        if inode:
            if container and int(inode[1]) == home and on_its_way(pid):
                continue
            together = seen.namespaces.setdefault(int(inode[1]), [])
            # a group lists its oldest processes first, so a few are enough to know when the container began
            started = start_time(pid) if container and len(together) < TIMED else TIMELESS
            together.append(Process(pid, container, started))
    for processes in seen.namespaces.values():
        processes.sort(key=lambda process: (process.started, process.pid))
    return seen


def on_its_way(pid: int) -> bool:
    """Whether the process is the first step of runc or crun, which is in the container's control group but not yet in its
    namespaces."""
    try:
        words = read_text(f"/proc/{pid}/cmdline", 64)
        return words.endswith(RUNC_INIT) or words.startswith(CRUN)
    except OSError:
        return False


def name_places(host: str, home: int, seen: ProcessTable, docker: DockerState | None) -> list[Sight]:
    """The places, the host itself first. A container's namespace is that of its oldest process. The oldest container in a
    namespace gives the namespace its name; the others share it. A namespace without a name is called by its inode."""
    names = container_names(docker)
    oldest: dict[str, tuple[int, int, int]] = {}  # container → (started, pid, inode) of its oldest process
    for inode, processes in seen.namespaces.items():
        for process in processes:
            if process.container:
                mark = (process.started, process.pid, inode)
                oldest[process.container] = min(oldest.get(process.container, mark), mark)
    sights = {host: Sight(host, "host", host, home)}
    named: dict[int, str] = {home: host}
    for container, (_started, _pid, inode) in sorted(oldest.items(), key=lambda item: item[1]):
        name = names.get(container)
        if name:
            place = f"{host}/{name}"
            sights[place] = Sight(place, "container", name, inode, named.get(inode, ""), container)
            named.setdefault(inode, place)
    for inode in sorted(seen.inodes - named.keys()):
        place = f"{host}/ns-{inode}"
        if place not in sights:
            sights[place] = Sight(place, "namespace", name_of_mount(seen.mounted.get(inode, place), docker), inode)
    return list(sights.values())


def name_of_mount(path: str, docker: DockerState | None) -> str:
    """The name that `ip netns` uses, or the overlay network that the namespace is for: Docker uses the network's id there."""
    name = path.rpartition("/")[2]
    what, network = ("load balancer", name[3:]) if name.startswith("lb_") else ("overlay", name.partition("-")[2])
    overlays = docker.networks if docker and len(network) >= 9 and not name.startswith("ns-") else ()
    return next((f"{overlay.name} ({what})" for overlay in overlays if overlay.id.startswith(network)), name)


def container_names(docker: DockerState | None) -> dict[str, str]:
    """Inner id → name, without names that cannot be part of a place's id and without repeated names."""
    names: dict[str, str] = {}
    known: set[str] = set()
    for container in docker.containers if docker else ():
        if NAME.fullmatch(container.name) and container.name not in known:
            names[container.id] = container.name
            known.add(container.name)
    return names


def unnamed(seen: ProcessTable, docker: DockerState | None) -> Mapping[int, str]:
    """Inode → inner id, for namespaces of containers whose name is not known yet."""
    names = container_names(docker)
    return {
        inode: processes[0].container
        for inode, processes in seen.namespaces.items()
        if processes[0].container and not any(process.container in names for process in processes)
    }


def read_text(path: str | Path, limit: int = FILE_BYTES) -> str:
    with open(path, "rb") as file:
        return file.read(limit).decode("utf-8", "replace")


def group_path(pid: int, controller: str) -> str:
    """The process's path in the hierarchy of a v1 controller, or with "" in the unified hierarchy."""
    for line in read_text(f"/proc/{pid}/cgroup").splitlines():
        _number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(","):
            return path
    return ""


def mounted_at(controller: str) -> tuple[str, Path] | None:
    """(root within the hierarchy, mount point) on this machine; None when it is not mounted."""
    for line in read_text("/proc/self/mountinfo", 1 << 20).splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(kind) < 3 or len(fields) < 5:
            continue
        v1 = kind[0] == "cgroup" and controller and controller in kind[2].split(",")
        if v1 or (kind[0] == "cgroup2" and not controller):
            return fields[3], Path(fields[4])
    return None


def start_time(pid: int) -> int:
    try:
        return int(read_text(f"/proc/{pid}/stat", 4096).rpartition(")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0
