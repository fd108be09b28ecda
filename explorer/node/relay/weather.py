"""Sets the weather of links, for pages and for scenarios, one after the other, and keeps in Redis what was set: a later relay
still knows what came from the page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import redis.asyncio as redis_asyncio
import structlog
from pydantic import ValidationError

from explorer.lab.errors import LabError, NotThere
from explorer.network.scenario import StartWeather
from explorer.network.weather import Set, Weather, in_words
from explorer.sandboxes.events import Event, Happened, WeatherTold
from explorer.sandboxes.orders import SetWeather
from explorer.sandboxes.streams import KEPT_SECONDS, RedisError

log = structlog.get_logger(__name__)

WAITING = 16
APPEARS_SECONDS = 30.0  # for all: a container of the scenario may be seen a moment later than the sandbox
AGAIN = 0.5
Apply = Callable[[str, str, Weather], Awaitable[list[Set]]]


class WeatherDesk:
    """`apply` sets the weather of one link and returns what was set at which end; `know` takes over what was set before."""

    def __init__(
        self,
        redis: redis_asyncio.Redis,
        key: str,
        apply: Apply,
        know: Callable[[Sequence[Set]], None],
        tell: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._redis, self._key = redis, key
        self._apply, self._know, self._tell = apply, know, tell
        self._asked: asyncio.Queue[tuple[str, SetWeather]] = asyncio.Queue(WAITING)

    def set_weather(self, asked: str, wish: SetWeather) -> None:
        try:
            self._asked.put_nowait((asked, wish))
        except asyncio.QueueFull:
            log.info("weather asked for faster than it can be set; one was left out", asked=asked)

    async def remember(self, begins_with: Sequence[StartWeather]) -> tuple[StartWeather, ...]:
        """Reads what was set before. Returns the scenario's weather that has still to be set."""
        raw = await self._redis.hgetall(self._key)  # type: ignore[misc]
        known = []
        for key, value in raw.items():
            if key == b"begun":
                continue
            try:
                known.append(Set.model_validate_json(value))
            except ValidationError:
                log.warning("a record of weather is of another version; it was left out", key=key.decode(errors="replace"))
        if known:
            self._know(known)
        return () if b"begun" in raw else tuple(begins_with)

    async def run(self, begins_with: Sequence[StartWeather] = ()) -> None:
        """Runs until it is cancelled."""
        until = time.monotonic() + APPEARS_SECONDS
        for one in begins_with:
            await self._begin(one, until)
        if begins_with:
            await self._keep({"begun": "1"})
        while True:
            asked, wish = await self._asked.get()
            error, text = "", ""
            try:
                weather = wish.weather
                text = in_words(weather)
                await self._set(wish.place, wish.interface, weather, "")
            except ValidationError as invalid:
                error = _sentence(invalid)
            except LabError as trouble:
                error = str(trouble)
            except Exception:
                log.exception("weather failed", asked=asked)
                error = "The weather could not be set. That is our fault; try again."
            await self._tell(WeatherTold(asked=asked, place=wish.place, interface=wish.interface, text=text, error=error))

    async def _begin(self, one: StartWeather, until: float) -> None:
        while True:
            try:
                await self._set(one.place, one.interface, one.weather, ", from the scenario")
                return
            except NotThere as error:
                if time.monotonic() > until:
                    await self._lack(one, str(error))
                    return
                await asyncio.sleep(AGAIN)
            except LabError as error:
                await self._lack(one, str(error))
                return

    async def _lack(self, one: StartWeather, why: str) -> None:
        await self._tell(Happened(source="sandbox", place=one.place, text=f"link {one.interface} without its weather: {why}"))

    async def _set(self, place: str, interface: str, weather: Weather, whence: str) -> None:
        done = await self._apply(place, interface, weather)
        self._know(done)
        await self._keep({f"{one.place} {one.interface}": one.model_dump_json() for one in done})
        ends = " and ".join(f"{one.place} {one.interface}" for one in done)
        words = f"link weather at {ends}: {in_words(weather) or 'none any more'}{whence}"
        await self._tell(Happened(source="sandbox", place=place, text=words))

    async def _keep(self, fields: dict[str, str]) -> None:
        try:
            await self._redis.hset(self._key, mapping=fields)  # type: ignore[misc]
            await self._redis.expire(self._key, KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("weather not kept", error=str(error))


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = str(first["loc"][-1]).removesuffix("_ms").removesuffix("_percent").removesuffix("_kbit") if first["loc"] else ""
    said = first["msg"].removeprefix("Value error, ").replace("Input should be", "is to be")
    return f"This weather cannot be: {where + ' ' if where else ''}{said}."
