"""Gives a link its weather: the node's own `tc` and `ip` in the namespaces at its ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cache

from explorer.lab.engine import capabilities
from explorer.lab.errors import BadWeather, NodeError, NotThere
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.tools import run_tools
from explorer.network.model import Place
from explorer.network.weather import DEVICE, ENDS, Set, Weather, commands, ends_of, qdisc_of

NO_NETEM = "The kernel of this node has no netem: it can give a link a rate and an MTU, but no delay, jitter or loss."
NO_RATE = "The kernel of this node has no tbf: it can give a link an MTU, but no rate."

NONE_THERE = "handle of zero"  # tc's word for a discipline that is gone already


async def set_weather(
    places: Mapping[str, Place],
    place: str,
    device: str,
    weather: Weather,
    made: Mapping[tuple[str, str], Set],
    namespace_of: Callable[[str], Namespace | None],
    account: Account,
) -> list[Set]:
    """Sets it at both ends, as far as they are in the sandbox. `made` is what was set before, by place and interface. Raises
    NotThere, BadWeather or NodeError."""
    ends = ends_of(places, place, device)
    if not ends or not all(DEVICE.fullmatch(end.interface.name) for end in ends):
        raise NotThere(f"{place[:60]} has no cable {device[:20]!r}: only the interface at an end of a cable has weather.")
    await _check(weather)
    there = {key for key, one in made.items() if key[0] in places and not one.weather.plain}
    others = there - {(end.place, end.interface.name) for end in ends}
    if not weather.plain and len(others) + len(ends) > ENDS:
        raise BadWeather(f"A sandbox has weather at {ENDS} ends of links at most. Clear another link first.")
    spaces = []
    for end in ends:
        if (namespace := namespace_of(end.place)) is None:
            raise NotThere(f"{end.place} is gone.")  # before the other end has weather that nobody knows of
        spaces.append(namespace)
    done = []
    for end, namespace in zip(ends, spaces, strict=True):
        name = end.interface.name
        before = made.get((end.place, name))
        usual = before.mtu_before if before else end.interface.mtu
        wanted = weather.mtu or (usual if before and before.weather.mtu else 0)
        shaped = qdisc_of(places[end.place], name) is not None
        await _run(namespace, end.place, commands(name, weather, wanted, shaped), account)
        done.append(Set(place=end.place, interface=name, weather=weather, mtu_before=usual))
    return done


async def _check(weather: Weather) -> None:
    if not weather.shaped:
        return
    can = await asyncio.to_thread(kernel)
    if weather.needs_netem and not can["netem"]:
        raise BadWeather(NO_NETEM)
    if not weather.needs_netem and not can["tbf"]:
        raise BadWeather(NO_RATE)


@cache
def kernel() -> dict[str, bool]:
    """Whether the kernel has netem and tbf."""
    found = capabilities.features()
    return {name: found[name] for name in ("netem", "tbf")}


async def _run(namespace: Namespace, place: str, made: list[tuple[str, ...]], account: Account) -> None:
    for command in made:
        outputs = await run_tools(namespace.fd, {"set": command}, account)
        error = outputs["set"].error
        if error and not (command[:3] == ("tc", "qdisc", "del") and NONE_THERE in error):
            raise NodeError(f"`{' '.join(command[:3])}` in {place} said: {error[:200]}")
