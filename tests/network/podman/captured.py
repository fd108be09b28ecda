"""What a real Podman host said and had: `tests/captures/podman`, made by the commands in `made.sh` there."""

from __future__ import annotations

from pathlib import Path

from explorer.network.model import DockerState
from explorer.network.read import read_podman

FOLDER = Path(__file__).parents[2] / "captures" / "podman"


def text(name: str) -> str:
    return (FOLDER / name).read_text()


def state() -> DockerState:
    return read_podman("h1", *(text(f"{name}.json") for name in ("version", "networks", "containers", "own")))
