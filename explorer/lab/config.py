"""What the package `lab` needs to know about its node. The caller fills it from the settings; `lab` does not read settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer.lab.sources import Source
from explorer.network.engines import DEFAULT_ENGINE


@dataclass(frozen=True, slots=True)
class LabConfig:
    install: str  # part of the labels, the network namespace's name and the engine's paths of this installation
    node: str
    engine_dir: Path  # data and images of the node's engine; kept between starts
    run_dir: Path  # sockets and pid files; removed at a stop
    cache_dir: Path  # image root file systems, keyed by a hash of their inputs
    host_memory_mb: int = 512
    host_pids: int = 1024
    host_disk_mb: int = 1024
    host_cpus: int = 1
    image_mb: int = 2048  # of one image on the shelf, and of all of them
    shelf_mb: int = 10240
    capacity: int = 0  # 0: computed from memory
    engines: tuple[str, ...] = (DEFAULT_ENGINE,)  # versions of Docker Engine, the one that is made first at the beginning
    sources: tuple[Source, ...] = ()  # where Docker's own packages for some of them are; for the others Debian has them
    images_dir: Path | None = None  # directory with host.tar, machine.tar and box.tar made elsewhere; None: build them

    @property
    def netns(self) -> str:
        return f"explorer-{self.install}"

    @property
    def socket(self) -> Path:
        return self.run_dir / "engine" / "docker.sock"

    @property
    def cgroup(self) -> str:
        return f"/explorer-{self.install}"  # the parent of the control groups of all hosts and machines

    @property
    def labels(self) -> dict[str, str]:
        return {"explorer.install": self.install}
