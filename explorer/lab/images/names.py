"""Which images there are, and what their hashes are made from."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from explorer.lab.config import LabConfig

HERE = Path(__file__).parent
HOST, MACHINE, BOX = "host", "machine", "box"
NAMES = (HOST, MACHINE, BOX)
SUITE = "trixie"
FORMAT = "1"  # raise when the way they are built changes
READY_MADE = "EXPLORER_IMAGES"  # a directory with host.tar, machine.tar and box.tar made elsewhere

CHANGES = {
    HOST: ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8", 'CMD ["host-start"]', "WORKDIR /root"],
    MACHINE: ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8", 'CMD ["machine-start"]', "WORKDIR /root"],
    BOX: ["ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8", 'CMD ["web"]', "EXPOSE 80", "WORKDIR /root"],
}  # fmt: skip


def packages(name: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (HERE / f"{name}.packages").read_text().splitlines())
    return [line for line in lines if line]


def input_files(name: str) -> list[Path]:
    """Files that go into an image besides packages: its tree and its finishing script."""
    tree = sorted(path for path in (HERE / name).rglob("*") if path.is_file())
    return [*tree, *(path for path in (HERE / f"{name}.finish",) if path.exists())]


@lru_cache(maxsize=len(NAMES))
def key(name: str) -> str:
    digest = hashlib.sha256("\n".join([FORMAT, SUITE, name, *packages(name), *CHANGES[name]]).encode())
    for path in input_files(name):
        digest.update(f"{path.relative_to(HERE)} {path.stat().st_mode & 0o111:o}\n".encode() + path.read_bytes())
    ready = ready_made(name)
    if ready:
        found = ready.stat()
        digest.update(f"{found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


def ready_made(name: str) -> Path | None:
    directory = os.environ.get(READY_MADE)
    return Path(directory, f"{name}.tar") if directory else None


def tar(config: LabConfig, name: str) -> Path:
    return ready_made(name) or config.cache_dir / f"{name}-{key(name)}.tar"


def tag(config: LabConfig, name: str) -> str:
    return f"explorer/{name}:{key(name)}"
