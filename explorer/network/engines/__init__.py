"""What hosts run containers with: versions of Docker Engine, and Podman, and what they are called."""

from __future__ import annotations

from explorer.network.engines.versions import (
    DEFAULT_ENGINE,
    PODMAN,
    engine_of,
    in_order,
    in_words,
    is_docker,
    is_engine,
    title,
    usual,
)

__all__ = [
    "DEFAULT_ENGINE",
    "PODMAN",
    "engine_of",
    "in_order",
    "in_words",
    "is_docker",
    "is_engine",
    "title",
    "usual",
]
