"""This node: its configuration for the lab (from the settings), its identity, its row, and the locks that its processes share.

The identity is a random word that the machine keeps beside its engine's data. Two machines that were given the same node name
by mistake have different identities, and the row says which of them has the name.

The locks are file locks (`flock`): the kernel releases them when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from explorer.lab.config import LabConfig
from explorer.lab.sources import read_source
from explorer.sandboxes.models import Node

NAME_KEPT = timedelta(minutes=1)  # a name belongs to its machine for this long after the machine was last heard of


@lru_cache(maxsize=1)
def lab_config() -> LabConfig:
    return LabConfig(
        install=settings.INSTALL,
        node=settings.NODE_NAME,
        engine_dir=settings.ENGINE_DIR,
        run_dir=settings.RUN_DIR,
        cache_dir=settings.CACHE_DIR,
        host_memory_mb=settings.HOST_MEMORY_MB,
        host_pids=settings.HOST_PIDS,
        host_disk_mb=settings.HOST_DISK_MB,
        host_cpus=settings.HOST_CPUS,
        image_mb=settings.IMAGE_MB,
        shelf_mb=settings.SHELF_MB,
        capacity=settings.SANDBOX_CAPACITY,
        engines=settings.ENGINES,
        sources=tuple(read_source(engine, told) for engine, told in settings.ENGINE_SOURCES.items()),
        images_dir=Path(settings.IMAGES_DIR) if settings.IMAGES_DIR else None,
    )


def ensure_node() -> Node:
    """This node's row, made if it is missing. A new row counts as away until the reconciler renews `seen_at`."""
    node, _ = Node.objects.get_or_create(name=settings.NODE_NAME, defaults={"seen_at": timezone.now().replace(year=2000)})
    return node


def identity() -> str:
    """This machine's identity, made at the first call."""
    return _identity(settings.ENGINE_DIR / "identity")


@lru_cache(maxsize=4)
def _identity(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        word = secrets.token_hex(16)
        fresh = path.with_name(f"{path.name}.{word}")
        fresh.write_text(word)
        with suppress(FileExistsError):  # another process was first
            os.link(fresh, path)  # so nobody ever reads an identity that is half written
        fresh.unlink()
    return path.read_text()[:32]


def begin_sweep(node: Node) -> int:
    """The number of this sweep, one more than the last. 0 when another machine has the node's name and was heard of lately."""
    may = Q(holder__in=["", identity()]) | Q(seen_at__lt=timezone.now() - NAME_KEPT)
    with transaction.atomic():
        mine = Node.objects.filter(may, pk=node.pk).update(holder=identity(), sweeps=F("sweeps") + 1)
        node.refresh_from_db()
    return node.sweeps if mine else 0


def lock_dir() -> Path:
    return settings.RUN_DIR / "work"


@contextmanager
def hold(name: str, wait: float = 0) -> Iterator[bool]:
    """Takes this node's lock `name` and releases it at the end. Yields False when another holds it for longer than `wait`
    seconds.
    """
    folder = lock_dir()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _take(descriptor, wait)
    finally:
        os.close(descriptor)


def _take(descriptor: int, wait: float) -> bool:
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
        else:
            return True


def is_held(name: str) -> bool:
    with hold(name) as got:
        return not got


def drop_old_locks(keep: set[str]) -> None:
    """Deletes the lock files of sandboxes that are not in `keep` and that are older than ten minutes."""
    folder = lock_dir()
    if not folder.is_dir():
        return
    for path in folder.glob("sb-*.lock"):
        name = path.stem
        if name.removeprefix("sb-") in keep or time.time() - path.stat().st_mtime < 600:
            continue
        with hold(name) as got:
            if got:
                path.unlink(missing_ok=True)
