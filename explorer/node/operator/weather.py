"""`manage.py sandbox weather`: the weather of a link, set by the relay if one looks into the sandbox, else by this process."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from explorer.lab.ask.weather import APPEARS_SECONDS, begin_link
from explorer.network.layout import scenario_of
from explorer.network.weather import Set, Weather, in_words
from explorer.node.operator.look import looking
from explorer.node.operator.trouble import Trouble
from explorer.node.this_node import lab_config
from explorer.sandboxes import streams
from explorer.sandboxes.events import WeatherTold, fresh_key, number_key
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.orders import Order, SetWeather

SECONDS = 15.0


def set_weather(sandbox: Sandbox, place: str, interface: str, values: dict[str, float]) -> dict[str, Any]:
    """Returns what was set, as the command prints it. Raises Trouble or LabError."""
    try:
        weather = Weather.model_validate(values)
        wish = SetWeather.model_validate({"place": place, "interface": interface, **values})
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][-1]) if first["loc"] else ""
        raise Trouble(f"This weather cannot be: {where} {first['msg'].removeprefix('Value error, ')}.") from error
    if not _by_relay(sandbox, wish):
        asyncio.run(_here(sandbox, place, interface, weather))
    return {"id": sandbox.pk, "place": place, "interface": interface, **weather.model_dump(), "text": in_words(weather)}


def begin_here(sandbox: Sandbox, say: Callable[[str], None]) -> None:
    """Sets what the sandbox's scenario begins with, when no worker is here and so no relay that does it."""
    wanted = scenario_of(sandbox.scenario, sandbox.layout).weather
    if not wanted or any(node.pk == sandbox.node_id for node in read_nodes().here):
        return

    async def begin() -> None:
        async with looking(lab_config(), sandbox.pk, sandbox.generation, sandbox.facts) as observer:
            until = time.monotonic() + APPEARS_SECONDS
            for one in wanted:
                done, lack = await begin_link(observer.set_weather, one, until)
                told = in_words(done[0].weather) if done else "no weather"
                say(f"{one.place} {one.interface}: {told}{f'; {lack}' if lack else ''}")

    asyncio.run(begin())


def as_text(told: dict[str, Any]) -> str:
    return f"{told['place']} {told['interface']}: {told['text'] or 'no weather'}"


def _by_relay(sandbox: Sandbox, wish: SetWeather) -> bool:
    """Whether the relay did it, so that pages say that it was set, and not typed. Raises Trouble with the relay's reason."""
    try:
        client = streams.redis()
        if not client.exists(fresh_key(sandbox.pk)) or sandbox.node_id is None:
            return False
        since = int(client.get(number_key(sandbox.pk)) or 0)  # type: ignore[arg-type]
        asked = secrets.token_hex(6)
        streams.give_order(client, sandbox.node_id, Order(sandbox=sandbox.pk, about=asked, wish=wish))
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            for event in streams.read_since(client, sandbox.pk, since).events:
                if isinstance(event, WeatherTold) and event.asked == asked:
                    if event.error:
                        raise Trouble(event.error)
                    return True
            time.sleep(0.1)
    except (streams.RedisError, OSError):
        return False
    raise Trouble("The node did not answer in time.")


async def _here(sandbox: Sandbox, place: str, interface: str, weather: Weather) -> list[Set]:
    async with looking(lab_config(), sandbox.pk, sandbox.generation, sandbox.facts) as observer:
        return await observer.set_weather(place, interface, weather)
