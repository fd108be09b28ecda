"""The twenty worst interleavings, each with the reason why it is bad. They are played on a real engine (`test_worst.py`).

An act is done until a share of its steps (statements of the database and calls of the engine). Then its process dies, or
something else happens and the act goes on.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Worst:
    act: str  # open, reset or close: the worker's task
    share: float  # of its steps
    happens: str  # die, or a method of the node
    why: str

    @property
    def name(self) -> str:
        return f"{self.act}-{self.share:.2f}-{self.happens}"


WORST = (
    Worst("open", 0.10, "die", "the row is taken, nothing is built: nobody works at it and no task is left"),
    Worst("open", 0.30, "die", "a LAN without hosts: its subnet is taken"),
    Worst("open", 0.45, "die", "containers are made and not started: the next try meets their names"),
    Worst("open", 0.60, "die", "a host runs before its control group and limits are its own"),
    Worst("open", 0.75, "die", "all hosts run, the scenario is half built: it must not be taken for complete"),
    Worst("open", 0.90, "die", "everything stands, the row does not say so"),
    Worst("open", 0.98, "die", "the row says ready, the action does not"),
    Worst("open", 0.30, "close", "closed while its LAN is made: what is made afterwards belongs to nobody"),
    Worst("open", 0.60, "close", "closed while its hosts start"),
    Worst("open", 0.90, "close", "closed between the last look at the row and its last change"),
    Worst("open", 0.50, "deliver_again", "the same task on a second worker while the first builds"),
    Worst("open", 0.50, "sweep", "the sweep sees half a sandbox that a row wants"),
    Worst("reset", 0.15, "die", "the old generation is half removed"),
    Worst("reset", 0.50, "die", "the old generation is gone, the new one half made"),
    Worst("reset", 0.95, "die", "the new generation stands, the row still resets"),
    Worst("reset", 0.50, "close", "closed while the new generation is made"),
    Worst("reset", 0.50, "sweep", "the sweep sees two generations of one row"),
    Worst("close", 0.30, "die", "half of a sandbox that nobody wants"),
    Worst("close", 0.90, "die", "nothing is left, the row still closes"),
    Worst("close", 0.50, "deliver_again", "two workers remove the same objects"),
)
