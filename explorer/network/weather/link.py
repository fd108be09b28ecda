"""The weather of a link: delay, jitter, loss, rate and MTU of what leaves one interface, within bounds, and in tc's words.

A link has two ends. The weather of an end holds for what leaves by it, as with `tc` on any machine. Only a cable has weather:
the interface of a container, host or machine that leads to a bridge or to the LAN, and its other end, which is in the sandbox
or, for a way to the LAN, on the node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from explorer.network.model import Interface, Line, Observation, Place, Qdisc
from explorer.network.weather.rates import plain_number, rate_in_words

DELAY_MS, LOSS_PERCENT, MTU = 2_000.0, 100.0, 9_000
RATE_KBIT_LEAST, RATE_KBIT = 8, 1_000_000
MTU_LEAST = 576  # below 1280 an interface has no IPv6
ENDS = 16  # with weather at once in one sandbox
WAITING = 200  # packets that wait at one end: the kernel charges nobody for them
PLAIN_MTU, OVERLAY_MTU = 1_500, 1_450
NEEDS_NETEM = ("delay_ms", "jitter_ms", "loss_percent")
PAGE = "page"  # the owner of what was set from the page
DEVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}", re.ASCII)
_CABLES = ("veth", "physical", "")


def _plain(value: object) -> object:
    return 0 if value in ("", None) else value


Amount = Annotated[float, BeforeValidator(_plain)]
Whole = Annotated[int, BeforeValidator(_plain)]


class Weather(BaseModel):
    """0 stands for "as without weather"."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    delay_ms: Amount = Field(default=0, ge=0, le=DELAY_MS, allow_inf_nan=False)
    jitter_ms: Amount = Field(default=0, ge=0, le=DELAY_MS, allow_inf_nan=False)
    loss_percent: Amount = Field(default=0, ge=0, le=LOSS_PERCENT, allow_inf_nan=False)
    rate_kbit: Whole = Field(default=0, ge=0, le=RATE_KBIT)
    mtu: Whole = Field(default=0, ge=0, le=MTU)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.jitter_ms > self.delay_ms:
            raise ValueError("the jitter is at most the delay")
        if 0 < self.rate_kbit < RATE_KBIT_LEAST:
            raise ValueError(f"the rate is at least {RATE_KBIT_LEAST} kbit/s")
        if 0 < self.mtu < MTU_LEAST:
            raise ValueError(f"the MTU is at least {MTU_LEAST}")
        return self

    @property
    def plain(self) -> bool:
        return not any(getattr(self, name) for name in type(self).model_fields)

    @property
    def shaped(self) -> bool:
        """Whether it takes a queueing discipline."""
        return bool(self.delay_ms or self.loss_percent or self.rate_kbit)

    @property
    def needs_netem(self) -> bool:
        return any(getattr(self, name) for name in NEEDS_NETEM)


class Set(BaseModel):
    """Weather that was set, at one end: from the page, or, with `begun`, because the scenario or lesson begins with it.
    `mtu_before` is the MTU without it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    place: str
    interface: str
    weather: Weather
    mtu_before: int = PLAIN_MTU
    begun: bool = False

    @property
    def whence(self) -> str:
        return "from the start, by this sandbox's scenario or lesson" if self.begun else "from this page"


def in_words(weather: Weather) -> str:
    """Such as `50 ms ± 5 ms · 1 % lost · 1 Mbit/s · MTU 1400`; empty for none."""
    jitter = f" ± {plain_number(weather.jitter_ms)} ms" if weather.jitter_ms else ""
    parts = [f"{plain_number(weather.delay_ms)} ms{jitter}"] if weather.delay_ms else []
    parts += [f"{plain_number(weather.loss_percent)} % lost"] if weather.loss_percent else []
    parts += [rate_in_words(weather.rate_kbit * 1000)] if weather.rate_kbit else []
    parts += [f"MTU {weather.mtu}"] if weather.mtu else []
    return " · ".join(parts)


# --- in tc's words --------------------------------------------------------------------------------------------------


def commands(device: str, weather: Weather, mtu: int, shaped: bool) -> list[tuple[str, ...]]:
    """The commands that give this end its weather. `mtu` is the MTU that it gets, 0 for the one it has; `shaped` says that it
    has a queueing discipline now, which has to go when the weather takes none."""
    made: list[tuple[str, ...]] = [("ip", "link", "set", "dev", device, "mtu", str(mtu))] if mtu else []
    if weather.shaped:
        made.append(("tc", "qdisc", "replace", "dev", device, "root", *discipline(weather)))
    elif shaped:
        made.append(("tc", "qdisc", "del", "dev", device, "root"))
    return made


def discipline(weather: Weather) -> tuple[str, ...]:
    rate = f"{weather.rate_kbit}kbit"
    if not weather.needs_netem:
        burst = max(16_000, weather.rate_kbit * 1000 // 8 // 100)  # bytes in ten milliseconds
        return ("tbf", "rate", rate, "burst", str(burst), "latency", "100ms")
    words = ["netem", "limit", str(WAITING)]
    if weather.delay_ms:
        words += ["delay", f"{plain_number(weather.delay_ms)}ms"]
        words += [f"{plain_number(weather.jitter_ms)}ms"] if weather.jitter_ms else []
    words += ["loss", f"{plain_number(weather.loss_percent)}%"] if weather.loss_percent else []
    words += ["rate", rate] if weather.rate_kbit else []
    return tuple(words)


# --- what a sandbox has ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class End:
    place: str
    interface: Interface


def ends_of(places: Mapping[str, Place], place: str, device: str) -> list[End]:
    """The ends of the cable that this interface is an end of: itself first, then the other one if it is in this sandbox. Empty
    when there is no such cable."""
    seen = places.get(place)
    near = seen and _interface(seen, device)
    if not seen or not near or seen.shares or near.kind not in _CABLES or near.name == "lo":
        return []
    return [End(place, near), *_far(places, place, near)]


def _far(places: Mapping[str, Place], place: str, near: Interface) -> list[End]:
    if near.peer_index is None or near.kind != "veth":
        return []
    host = place.partition("/")[0]
    fitting = [
        End(one.id, interface)
        for one in places.values()
        if one.id.partition("/")[0] == host and one.id != place and not one.shares
        for interface in interfaces_of(one)
        if interface.index == near.peer_index and interface.peer_index == near.index and interface.kind == "veth"
    ]
    told = near.peer_place
    return [one for one in fitting if not told or one.place == told][:1]


def interfaces_of(place: Place) -> list[Interface]:
    seen = place.views.get("interfaces")
    return [item for item in seen.items if isinstance(item, Interface)] if seen else []


def qdisc_of(place: Place, device: str) -> Qdisc | None:
    """The discipline at the root of this interface, without the kernel's own."""
    seen = place.views.get("qdiscs")
    found = (item for item in (seen.items if seen else ()) if isinstance(item, Qdisc))
    return next((one for one in found if one.dev == device and one.parent == "root"), None)


def read_weather(place: Place, device: str) -> Weather | None:
    """The weather at this end as the kernel shows it. None when the kernel has something there that weather cannot say."""
    near, qdisc = _interface(place, device), qdisc_of(place, device)
    usual = (PLAIN_MTU, OVERLAY_MTU) if "/" in place.id else (PLAIN_MTU,)  # as Docker makes the cable of a container
    mtu = near.mtu if near and near.mtu not in usual else 0
    values: dict[str, float] = {"mtu": mtu if MTU_LEAST <= mtu <= MTU else 0}
    if qdisc:
        if qdisc.kind not in ("netem", "tbf") or qdisc.more:
            return None
        values |= {"delay_ms": qdisc.delay_ms, "jitter_ms": qdisc.jitter_ms, "loss_percent": qdisc.loss_percent}
        values["rate_kbit"] = round(qdisc.rate / 1000)
    try:
        return Weather.model_validate(values)
    except ValueError:
        return None


def _interface(place: Place, device: str) -> Interface | None:
    return next((one for one in interfaces_of(place) if one.name == device), None)


# --- whose it is ------------------------------------------------------------------------------------------------------


def tell(seen: Observation, made: Mapping[str, Set]) -> Observation:
    """The observation of the interfaces or qdiscs of one place, with a sentence for what was set there from the page or from
    the start. `made` is by interface. A line that is not as it was set is somebody else's."""
    items = {item.key: item for item in seen.items}
    lines = tuple(_told(line, items.get(line.key), made) for line in seen.lines)
    return seen if lines == seen.lines else seen.model_copy(update={"lines": lines})


def _told(line: Line, item: object, made: Mapping[str, Set]) -> Line:
    if isinstance(item, Qdisc) and (one := made.get(item.dev)) and _fits(item, one.weather):
        return line.model_copy(update={"why": f"The weather of this link, set {one.whence}: {item.words}.", "about": (PAGE,)})
    if isinstance(item, Interface) and " mtu " in line.text and (one := made.get(item.name)) and one.weather.mtu == item.mtu:
        return line.model_copy(update={"why": f"{line.why} The MTU of {item.mtu} was set {one.whence}.".strip()})
    return line


def lasting(place: Place, made: Mapping[str, Set]) -> dict[str, Set]:
    """What was set and is still as it was set. Whatever somebody changed since, or typed again, is no longer the page's."""
    return {device: one for device, one in made.items() if _lasts(place, device, one.weather)}


def _lasts(place: Place, device: str, weather: Weather) -> bool:
    near, qdisc = _interface(place, device), qdisc_of(place, device)
    if near is None or (weather.mtu and near.mtu != weather.mtu):
        return False
    return not weather.shaped or (qdisc is not None and _fits(qdisc, weather))


def _fits(item: Qdisc, weather: Weather) -> bool:
    if not weather.shaped or item.parent != "root" or item.more:
        return False
    same = (item.delay_ms, item.jitter_ms, item.loss_percent, item.rate)
    return item.kind == discipline(weather)[0] and all(
        abs(one - other) <= 0.01 * max(one, other)
        for one, other in zip(
            same, (weather.delay_ms, weather.jitter_ms, weather.loss_percent, weather.rate_kbit * 1000), strict=True
        )
    )
