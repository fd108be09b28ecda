"""The rules of a class for a sandbox that one of its learners opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """`class_id` names the class: its learners may claim the sandboxes that are prepared for it. `minutes` 0 and
    `extensions_most` None mean the values from the settings; `engine` "" means the engine that the learner asked for.
    """

    class_id: str = ""
    minutes: int = 0
    extensions_most: int | None = None
    engine: str = ""

    def fields(self) -> dict[str, Any]:
        """The values of these columns of the sandbox's row."""
        return {"class_id": self.class_id, "minutes": self.minutes, "extensions_most": self.extensions_most}


USUAL = Terms()
