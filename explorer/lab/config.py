"""What a node needs to know about itself. Whoever starts it fills this from the settings, which the lab does not import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer.network.scenario import DEFAULT_ENGINE


@dataclass(frozen=True, slots=True)
class LabConfig:
    install: str  # names labels, network namespace and engine data of this installation
    node: str
    engine_dir: Path  # data root, exec root, log of the dedicated engine; kept between starts
    run_dir: Path  # sockets and pid files; gone after a stop
    cache_dir: Path  # image root file systems, keyed by a hash of their inputs
    host_memory_mb: int = 512
    host_pids: int = 1024
    host_cpus: int = 1
    capacity: int = 0  # 0: worked out from memory
    engines: tuple[str, ...] = (DEFAULT_ENGINE,)  # versions of hosts; the first is needed, the others are welcome
    images_dir: Path | None = None  # host.tar, machine.tar and box.tar made elsewhere; None: they are built

    @property
    def netns(self) -> str:
        return f"explorer-{self.install}"

    @property
    def socket(self) -> Path:
        return self.run_dir / "engine" / "docker.sock"

    @property
    def cgroup(self) -> str:
        return f"/explorer-{self.install}"  # parent of all hosts' and machines' control groups

    @property
    def labels(self) -> dict[str, str]:
        return {"explorer.install": self.install}
