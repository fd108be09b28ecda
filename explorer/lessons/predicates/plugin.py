"""Questions about a third-party driver: what Docker asked it and what it answered, from the driver's own journal."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who
from explorer.network.model import Call
from explorer.network.world import World, like


def call(
    world: World,
    *,
    driver: str = "",
    method: str = "",
    asked: str = "",
    answer: str = "",
    answered: bool | None = None,
    refused: bool | None = None,
    first: bool = False,
    host: Who = "*",
    count: int = 1,
) -> bool:
    """Docker asked a driver at least `count` times. `asked` and `answer` are JSON patterns with *. `first`: before any other
    question."""
    calls = [one for one in world.everywhere(host, "calls", Call) if like(one.driver, driver)]
    fitting = [
        one
        for one in (calls[:1] if first else calls)
        if like(one.method, method)
        and like(one.asked, asked)
        and like(one.answer, answer)
        and (answered is None or (one.seconds is not None) == answered)
        and (refused is None or bool(one.error) == refused)
    ]
    return len(fitting) >= count


def driver_came_back(world: World, *, driver: str = "", host: Who = "*") -> bool:
    """A driver was asked, ended, was started again, and was asked again."""
    calls = [one for one in world.everywhere(host, "calls", Call) if like(one.driver, driver)]
    return any(len({one.run for one in calls if one.driver == name}) > 1 for name in {one.driver for one in calls})


QUESTIONS = (call, driver_came_back)
