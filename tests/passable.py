"""A place of a test that other users may pass to, such as the web's. pytest's own is closed to them, again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def passable_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="explorer-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
