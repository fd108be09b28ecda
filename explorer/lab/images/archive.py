"""A stand-in as `docker save` would write it: one layer, and how Docker runs it.

The same layer and settings make the same bytes, so every Docker gives such an image the same id.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.errors import NodeError
from explorer.lab.images.build import complete, digest
from explorer.lab.images.names import MADE
from explorer.lab.images.recipes import recipe
from explorer.lab.images.stand_ins import settings

ARCHITECTURES = {"armhf": "arm", "i386": "386", "ppc64el": "ppc64le"}  # Debian's word → Docker's, where they differ
LAYER = "layer.tar"


@contextmanager
def archive(config: LabConfig, name: str) -> Iterator[Path]:
    """The archive of a stand-in that is built. It exists until the block ends. Raises NodeError."""
    with complete(config, name) as layer:
        path = layer.with_name("archive.tar")
        try:
            write(path, layer, _described(config, name, digest(layer)))
        except OSError as error:
            raise NodeError(f"The image {name} could not be packed.", str(error)) from error
        yield path


def write(path: Path, layer: Path, described: dict[str, Any]) -> None:
    told = json.dumps(described, sort_keys=True).encode()
    config = f"{hashlib.sha256(told).hexdigest()}.json"
    manifest = json.dumps([{"Config": config, "RepoTags": None, "Layers": [LAYER]}]).encode()
    with tarfile.open(path, "w") as made, layer.open("rb") as content:
        for name, data in (("manifest.json", manifest), (config, told)):
            made.addfile(_member(name, len(data)), io.BytesIO(data))
        made.addfile(_member(LAYER, layer.stat().st_size), content)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime = size, MADE
    return member


def _described(config: LabConfig, name: str, digest: str) -> dict[str, Any]:
    """The image's configuration, as OCI describes it."""
    at = f"{datetime.fromtimestamp(MADE, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "architecture": _architecture(),
        "os": "linux",
        "created": at,
        "config": settings(name),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": at, "created_by": f"Debian packages: {' '.join(recipe(config, name).packages)}"}],
    }


def _architecture() -> str:
    told = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    return ARCHITECTURES.get(told, told)
