"""Where Docker's own packages for one version of Docker Engine come from: a directory of packages, or an apt repository.

The operator names both in a setting; what is in them is read when an image is made (`images.packages`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

SETTING = "EXPLORER_ENGINE_SOURCES"
_SECRET = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Source:
    """`folder` or `line`, never both. `line` is one of apt's sources.list."""

    engine: str
    folder: Path | None = None
    line: str = ""

    @property
    def where(self) -> str:
        """What it is, for a sentence; without a name or password that the line may have."""
        return f"the directory {self.folder}" if self.folder else f"the apt repository “{_SECRET.sub('', self.line)}”"

    @property
    def state(self) -> str:
        """A text that differs when the directory's packages do. A repository's content is not looked at."""
        return self.line or "\n".join(f"{path.name} {found.st_size} {found.st_mtime_ns}" for path, found in self._files())

    def packages(self) -> list[Path]:
        """The packages in the directory, in the order of their names."""
        return [path for path, _ in self._files()]

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        try:
            found = sorted(self.folder.glob("*.deb")) if self.folder else []
            return [(path, path.stat()) for path in found if path.is_file()]
        except OSError:
            return []


def read_source(engine: str, told: str) -> Source:
    """From the setting's words, whose form `environment.engine_sources` has checked."""
    return Source(engine, folder=Path(told)) if told.startswith("/") else Source(engine, line=" ".join(told.split()))
