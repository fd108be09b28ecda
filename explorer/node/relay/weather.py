"""Sets the weather of links, for pages, scenarios and lessons, one after the other, and keeps in Redis what was set: a later
relay still knows what came from the page, and what a sandbox or its lesson began with."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import redis.asyncio as redis_asyncio
import structlog
from pydantic import TypeAdapter, ValidationError

from explorer.lab.ask.weather import APPEARS_SECONDS, begin_link
from explorer.lab.errors import LabError
from explorer.network.scenario import StartWeather
from explorer.network.weather import Set, Weather, in_words
from explorer.sandboxes.events import Event, Happened, WeatherTold
from explorer.sandboxes.orders import SetWeather
from explorer.sandboxes.streams import KEPT_SECONDS, RedisError

log = structlog.get_logger(__name__)

WAITING = 16
BEGUN = b"begun"  # the field of Redis beside those of links
BEGUN_LIST = TypeAdapter(tuple[StartWeather, ...])
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
        self._asked: asyncio.Queue[tuple[str, SetWeather] | None] = asyncio.Queue(WAITING)
        self._wanted: tuple[StartWeather, ...] = ()
        self._begun: tuple[StartWeather, ...] = ()

    def set_weather(self, asked: str, wish: SetWeather) -> None:
        try:
            self._asked.put_nowait((asked, wish))
        except asyncio.QueueFull:
            log.info("weather asked for faster than it can be set; one was left out", asked=asked)

    def begin_with(self, wanted: Sequence[StartWeather]) -> None:
        """What the sandbox begins with, by its scenario and its lesson. When a later lesson begins with something else, links
        that only the earlier one wanted lose theirs."""
        if self._wanted != tuple(wanted):
            self._wanted = tuple(wanted)
            with suppress(asyncio.QueueFull):  # when it is full, `run` looks soon anyway
                self._asked.put_nowait(None)

    async def remember(self) -> None:
        """Reads what was set before."""
        raw = await self._redis.hgetall(self._key)  # type: ignore[misc]
        known = []
        for key, value in raw.items():
            try:
                if key == BEGUN:
                    self._begun = BEGUN_LIST.validate_json(value)
                else:
                    known.append(Set.model_validate_json(value))
            except ValidationError:
                log.warning("a record of weather is of another version; it was left out", key=key.decode(errors="replace"))
        if known:
            self._know(known)

    async def run(self) -> None:
        """Runs until it is cancelled."""
        while True:
            if self._wanted != self._begun:
                await self._begin_all(self._wanted)
            if (next_one := await self._asked.get()) is None:
                continue
            asked, wish = next_one
            error, text = "", ""
            try:
                weather = wish.weather
                text = in_words(weather)
                await self._set(wish.place, wish.interface, weather)
            except ValidationError as invalid:
                error = _sentence(invalid)
            except LabError as trouble:
                error = str(trouble)
            except Exception:
                log.exception("weather failed", asked=asked)
                error = "The weather could not be set. That is our fault; try again."
            await self._tell(WeatherTold(asked=asked, place=wish.place, interface=wish.interface, text=text, error=error))

    async def _begin_all(self, wanted: tuple[StartWeather, ...]) -> None:
        until = time.monotonic() + APPEARS_SECONDS
        links = {(one.place, one.interface) for one in wanted}
        for one in self._begun:
            if (one.place, one.interface) not in links:
                await self._end(one)
        for one in wanted:
            if one not in self._begun:
                await self._begin(one, until)
        self._begun = wanted
        await self._keep({BEGUN.decode(): json.dumps([one.model_dump() for one in wanted])})

    async def _end(self, one: StartWeather) -> None:
        try:
            await self._set(one.place, one.interface, Weather())
        except LabError as error:  # such as a container that the learner removed
            log.info("weather not ended", place=one.place, interface=one.interface, error=str(error))

    async def _begin(self, one: StartWeather, until: float) -> None:
        done, lack = await begin_link(self._apply, one, until)
        if done:
            await self._know_of(one.place, [each.model_copy(update={"begun": True}) for each in done], ", from the start")
        if lack:
            words = "without all of its weather" if done else "without its weather"
            await self._tell(Happened(source="sandbox", place=one.place, text=f"link {one.interface} {words}: {lack}"))

    async def _set(self, place: str, interface: str, weather: Weather) -> None:
        await self._know_of(place, await self._apply(place, interface, weather), "")

    async def _know_of(self, place: str, done: Sequence[Set], whence: str) -> None:
        self._know(done)
        await self._keep({f"{one.place} {one.interface}": one.model_dump_json() for one in done})
        ends = " and ".join(f"{one.place} {one.interface}" for one in done)
        words = f"link weather at {ends}: {in_words(done[0].weather) or 'none any more'}{whence}"
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
