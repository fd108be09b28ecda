"""The disk of each host and machine: a sparse ext4 image, which is a copy of a template (see `own_disk`).

A template is made once for each version of Docker Engine and holds the seed, so a copy takes as long as copying the seed's
blocks. Removing a disk is one unlink, whatever a learner's root made on it.

Weighed on a machine with two cores, 30 file systems with the seed at once: ext4 without a journal takes 0.16 MB of kernel
memory and 1.3 kernel threads each and is mounted in 26 ms; with a journal one thread more; xfs takes 0.6 MB, 8 threads, 53 ms;
btrfs takes 5 MB, 15 threads, 89 ms. One btrfs with a limit for each subvolume was not chosen: it has no limit of inodes, and
its hosts would wait for each other's commits. Project quotas need a kernel and a file system that have them.

Where there are no loop devices, hosts write to the node's own disk, and only `diskguard` protects it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from explorer.lab.config import LabConfig
from explorer.lab.engine import own_disk, runtime
from explorer.lab.engine.kernel import remapped_root
from explorer.lab.errors import NodeError

ABLE = "own-disks"
MACHINE = "machine"
MACHINE_MB = 128
INODES_PER_MB = 64
LEAST_FREE_BYTES = 1500 * 2**20  # of the node's disk: below that, space is short
FORMAT = "1"  # raise this number when the way of making a template changes
FEATURES = "^has_journal,^resize_inode,^huge_file"
NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})\.([0-9]{1,18})\.([A-Za-z0-9][A-Za-z0-9_-]{0,63})")

Fill = Callable[[Path], None]


class Disk(NamedTuple):
    sandbox: str
    generation: int
    path: Path

    @property
    def taken(self) -> int:
        """Bytes on the node's disk; 0 when the image is gone."""
        with suppress(OSError):
            return self.path.stat().st_blocks * 512
        return 0


def in_use(config: LabConfig) -> bool:
    """Whether hosts of the present engine have disks of their own."""
    return runtime.is_able(config, ABLE)


def folder(config: LabConfig) -> Path:
    return config.engine_dir / "disks"


def templates(config: LabConfig) -> Path:
    return config.engine_dir / "templates"


def template(config: LabConfig, key: str) -> Path:
    """The template of a host with the seed `key`, or of a machine."""
    return templates(config) / f"{key}-{FORMAT}-{_megabytes(config, key)}"


def _megabytes(config: LabConfig, key: str) -> int:
    return MACHINE_MB if key == MACHINE else config.host_disk_mb


def prepare(config: LabConfig) -> str:
    """Before the engine starts. Makes the template of a machine as a trial; returns what is missing, or ""."""
    for path in (folder(config), templates(config)):
        path.mkdir(mode=0o700, exist_ok=True)
    template(config, MACHINE).unlink(missing_ok=True)
    try:
        make_template(config, MACHINE)
    except (NodeError, OSError) as error:
        return f"no loop device with a file system can be had ({getattr(error, 'detail', '') or error})"
    runtime.be_able(config, ABLE)
    return ""


def make_template(config: LabConfig, key: str, fill: Fill | None = None) -> None:
    """Makes the template `key`; `fill` puts the first content into a host's /var/lib/docker. Raises NodeError, OSError."""
    megabytes = _megabytes(config, key)
    with tempfile.TemporaryDirectory(dir=config.engine_dir / "tmp", prefix="template-", ignore_cleanup_errors=True) as place:
        image = Path(place, "image")
        _make_file_system(image, megabytes)
        with own_disk.opened(str(image), str(Path(place, "mounted"))) as mounted:
            _lay_out(Path(mounted), fill)
        image.replace(template(config, key))


def _make_file_system(image: Path, megabytes: int) -> None:
    """Nothing is written that a new file does not hold already: zeros are holes of the file."""
    extended = "nodiscard,lazy_itable_init=1,packed_meta_blocks=1"
    words = ["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-O", FEATURES, "-m", "0", "-I", "256", "-E", extended]
    words += ["-N", str(megabytes * INODES_PER_MB), str(image), f"{megabytes}M"]
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True)
    except OSError as error:
        raise NodeError("A host's file system could not be made.", f"mke2fs: {error.strerror}; install e2fsprogs") from error
    if done.returncode:
        raise NodeError("A host's file system could not be made.", done.stderr.strip()[:500])
    image.chmod(0o600)


def _lay_out(mounted: Path, fill: Fill | None) -> None:
    mounted.chmod(0o711)
    with suppress(OSError):
        (mounted / "lost+found").rmdir()
    names = [own_disk.ROOT, f"{own_disk.ROOT}/diff", f"{own_disk.ROOT}/work", own_disk.ETC]
    for name in [*names, own_disk.DOCKER] if fill else names:
        (mounted / name).mkdir()
        os.chown(mounted / name, *remapped_root())
        (mounted / name).chmod(0o711 if name == own_disk.DOCKER else 0o755)
    if fill:
        fill(mounted / own_disk.DOCKER)


def make(config: LabConfig, sandbox: str, generation: int, name: str, key: str) -> Path:
    """Makes the disk of a host or machine from the template `key`. Raises NodeError."""
    path = folder(config) / f"{sandbox}.{generation}.{name}"
    if not NAME.fullmatch(path.name):
        raise NodeError("That is not the name of a host.", repr(path.name)[:200])
    words = ["cp", "--sparse=auto", "--reflink=auto", str(template(config, key)), str(path)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        path.unlink(missing_ok=True)
        raise NodeError("A host's disk could not be made.", done.stderr.strip()[:500])
    return path


def find(config: LabConfig, sandbox: str | None = None, generation: int | None = None) -> Iterator[Disk]:
    """The disks of this installation, of one sandbox, or of one generation of it."""
    with suppress(FileNotFoundError):
        for path in folder(config).iterdir():
            if parts := NAME.fullmatch(path.name):
                disk = Disk(parts[1], int(parts[2]), path)
                if sandbox in (None, disk.sandbox) and generation in (None, disk.generation):
                    yield disk


def remove(config: LabConfig, sandbox: str | None = None, generation: int | None = None) -> int:
    """Removes disks; the kernel gives their blocks back when nothing uses them any more. Returns the number."""
    gone = 0
    for disk in find(config, sandbox, generation):
        with suppress(FileNotFoundError):
            disk.path.unlink()
            gone += 1
    return gone


def upper_layer(container: dict[str, Any]) -> Path | None:
    """The directory on the node with what a container without a disk of its own wrote, from the engine's inspection."""
    path = ((container.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir")
    return Path(path) if path else None


def forget_templates(config: LabConfig, keys: list[str]) -> None:
    """Removes the templates that are not those of `keys` or of a machine."""
    kept = {template(config, key) for key in (*keys, MACHINE)}
    for path in templates(config).iterdir():
        if path not in kept:
            path.unlink(missing_ok=True)


def detach_loops(config: LabConfig) -> None:
    """Lets go of loop devices on files of this installation, which an engine that was killed may have left."""
    for entry in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):
            if Path(entry.read_text().strip().removesuffix(" (deleted)")).is_relative_to(config.engine_dir):
                own_disk.detach(f"/dev/{entry.parts[3]}")
