"""Which network namespaces a host holds, and what a learner calls them.

Kernel first: the processes of the host's control group, grouped by the inode of their network namespace. Docker's names
second: a process below `…/docker/<64 hex>` belongs to that container, whatever the daemon says; the daemon only lends the
name. Everything a learner can multiply (processes, control groups, namespaces) has a cap, and what was cut is said.
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
CONTAINER = re.compile(r"(?:^|[/-])([0-9a-f]{64})(?:\.scope)?(?:/|$)")
RUNC_INIT = "runc\0init\0"
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
NAMESPACE = re.compile(r"net:\[(\d{1,20})\]")


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    container: str = ""  # the inner container's id, from the kernel's control-group path
    started: int = 0  # clock ticks since boot


@dataclass(slots=True)
class Seen:
    """What one look found: namespace inode → its processes, oldest first; inode → path of those a mount keeps."""

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

    def only(self, inodes: Collection[int]) -> Seen:
        namespaces = {inode: processes for inode, processes in self.namespaces.items() if inode in inodes}
        return Seen(namespaces, {inode: path for inode, path in self.mounted.items() if inode in inodes}, self.cut)


@dataclass(frozen=True, slots=True)
class Sight:
    """A namespace under a learner's name for it. `container` is the inner id it was named after."""

    id: str
    kind: PlaceKind
    name: str
    netns: int
    shares: str = ""
    container: str = ""


class ControlGroup:
    """The control-group subtree of one container on the node's engine: one directory on v2, the `pids` one on v1."""

    def __init__(self, directory: Path, path: str) -> None:
        self.directory = directory
        self.path = path  # as in /proc/PID/cgroup

    @classmethod
    def of(cls, pid: int, container: str) -> ControlGroup:
        """Raises OSError when the process is gone or is not in that container's group."""
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
        """(pid, inner container id or ""), nearest groups first; ends at the caps."""
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


def look(group: ControlGroup, home: int = 0) -> Seen:
    """`home` is the host's own namespace."""
    seen = Seen()
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
            # a group lists its oldest processes first: a few tell when the container began
            started = start_time(pid) if container and len(together) < TIMED else TIMELESS
            together.append(Process(pid, container, started))
    for processes in seen.namespaces.values():
        processes.sort(key=lambda process: (process.started, process.pid))
    return seen


def on_its_way(pid: int) -> bool:
    """Whether this is runc's first step: it has the container's control group already, and not yet its namespaces."""
    try:
        return read_text(f"/proc/{pid}/cmdline", 64).endswith(RUNC_INIT)
    except OSError:
        return False


def name_places(host: str, home: int, seen: Seen, docker: DockerState | None) -> list[Sight]:
    """The host itself first. A container lives in the namespace of its oldest process; the oldest container there gives the
    namespace its name, the others share it. What nobody names is called by its inode."""
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
    """What `ip netns` calls it, or the overlay network that lives in it: Docker names those by the network's id."""
    name = path.rpartition("/")[2]
    what, network = ("load balancer", name[3:]) if name.startswith("lb_") else ("overlay", name.partition("-")[2])
    overlays = docker.networks if docker and len(network) >= 9 and not name.startswith("ns-") else ()
    return next((f"{overlay.name} ({what})" for overlay in overlays if overlay.id.startswith(network)), name)


def container_names(docker: DockerState | None) -> dict[str, str]:
    """Inner id → name, as far as the daemon's names are fit to be part of a place's id and unlike one another."""
    names: dict[str, str] = {}
    for container in docker.containers if docker else ():
        if NAME.fullmatch(container.name) and container.name not in names.values():
            names[container.id] = container.name
    return names


def unnamed(seen: Seen, docker: DockerState | None) -> Mapping[int, str]:
    """Inode → inner id, of namespaces in which a container runs whose name is not known yet."""
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
    """The process's path in the hierarchy of a v1 controller, or in the unified one for ""."""
    for line in read_text(f"/proc/{pid}/cgroup").splitlines():
        _number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(","):
            return path
    return ""


def mounted_at(controller: str) -> tuple[str, Path] | None:
    """(root within the hierarchy, mount point) on this machine."""
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
