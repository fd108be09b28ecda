"""What a sandbox is opened under when somebody else's rules hold for it, such as those of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """`pool` names the sandboxes kept for this asker and nobody else; `minutes` 0 and `extensions_most` None mean as the
    settings say; `engine` "" is whichever was asked for."""

    pool: str = ""
    minutes: int = 0
    extensions_most: int | None = None
    engine: str = ""

    def fields(self) -> dict[str, Any]:
        """As columns of the row."""
        return {"pool": self.pool, "minutes": self.minutes, "extensions_most": self.extensions_most}


USUAL = Terms()
