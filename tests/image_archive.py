"""Archives as `docker save` writes them, of one layer, for tests of the image shelf."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def save(path: Path, reference: str, layer: bytes, labels: Mapping[str, str] | None = None) -> Path:
    """Writes the archive of an image whose one layer is this tar."""
    machine = platform.machine()
    config = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Labels": dict(labels or {}), "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "tests"}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as made:
        for name, data in (
            ("config.json", json.dumps(config).encode()),
            ("layer.tar", layer),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return path


def files(told: Mapping[str, bytes]) -> bytes:
    """A layer of these files."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as made:
        for name, data in told.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            made.addfile(member, io.BytesIO(data))
    return held.getvalue()
