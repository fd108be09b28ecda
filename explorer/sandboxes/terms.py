"""What a sandbox is opened under when somebody else's rules hold for it: those of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """`class_id` names the class whose terms these are; its learners claim what is prepared for it, and nobody else does.
    `minutes` 0 and `extensions_most` None mean as the settings say; `engine` "" is whichever was asked for."""

    class_id: str = ""
    minutes: int = 0
    extensions_most: int | None = None
    engine: str = ""

    def fields(self) -> dict[str, Any]:
        """As columns of the row."""
        return {"class_id": self.class_id, "minutes": self.minutes, "extensions_most": self.extensions_most}


USUAL = Terms()
