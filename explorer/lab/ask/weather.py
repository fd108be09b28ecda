"""Gives a link its weather: the node's own `tc` and `ip` in the namespaces at its ends. The far end of a member's way to the
LAN is a port of the LAN's bridge, in the engine's namespace; it gets the same."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.engine import bridges, capabilities
from explorer.lab.errors import BadWeather, LabError, NodeError, NotThere
from explorer.lab.inside.allowance import Account
from explorer.lab.inside.netns import Namespace
from explorer.lab.inside.tools import run_tools
from explorer.network.model import Place
from explorer.network.scenario import StartWeather
from explorer.network.weather import DEVICE, ENDS, NEEDS_NETEM, PLAIN_MTU, End, Set, Weather, commands, ends_of, qdisc_of

NO_NETEM = "The kernel of this node has no netem: it can give a link a rate and an MTU, but no delay, jitter or loss."
NO_RATE = "The kernel of this node has no tbf: it can give a link an MTU, but no rate."

NAMESPACES = Path("/run/netns")
APPEARS_SECONDS = 30.0  # for all: a container of the scenario may be seen a moment later than the sandbox
AGAIN = 0.5
NONE_THERE = "handle of zero"  # tc's word for a discipline that is gone already


async def set_weather(
    config: LabConfig,
    places: Mapping[str, Place],
    place: str,
    device: str,
    weather: Weather,
    made: Mapping[tuple[str, str], Set],
    namespace_of: Callable[[str], Namespace | None],
    account: Account,
) -> list[Set]:
    """Sets it at both ends. `made` is what was set before, by place and interface. Returns what was set at the ends that are in
    the sandbox. Raises NotThere, BadWeather or NodeError."""
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
        await _run(namespace.fd, end.place, commands(name, weather, wanted, shaped), account)
        if len(ends) == 1:
            await _beyond(config, namespace, end, weather, account)
        done.append(Set(place=end.place, interface=name, weather=weather, mtu_before=usual))
    return done


async def begin_link(
    apply: Callable[[str, str, Weather], Awaitable[list[Set]]], one: StartWeather, until: float
) -> tuple[list[Set], str]:
    """Sets what a link begins with, once its place is seen, at the latest `until` (monotonic). Returns what was set, and why it
    is not all; "" when it is. Where the kernel has no netem, the rest of it is set."""
    weather, lack = one.weather, ""
    while True:
        try:
            return await apply(one.place, one.interface, weather), lack
        except NotThere as error:
            if time.monotonic() > until:
                return [], str(error)
            await asyncio.sleep(AGAIN)
        except BadWeather as error:
            rest = weather.model_copy(update=dict.fromkeys(NEEDS_NETEM, 0))
            if lack or rest.plain or rest == weather:
                return [], str(error)
            weather, lack = rest, str(error)
        except LabError as error:
            return [], str(error)


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


async def _beyond(config: LabConfig, member: Namespace, end: End, weather: Weather, account: Account) -> None:
    """The same at the port of the LAN's bridge to which this end leads, if it leads to one."""
    held: list[int] = []
    try:
        held.append(os.dup(member.fd))  # the caller may close its descriptor while the kernel is asked
        port = await asyncio.to_thread(bridges.port_of, config, held[0], end.interface.index)
        if DEVICE.fullmatch(port):
            held.append(os.open(NAMESPACES / config.netns, os.O_RDONLY | os.O_CLOEXEC))
            made = commands(port, weather, weather.mtu or PLAIN_MTU, shaped=True)
            await _run(held[1], "the LAN", made, account)
    except OSError as error:
        raise NodeError(f"The LAN's end of {end.place}'s link could not be reached.", str(error)) from error
    finally:
        for fd in held:
            os.close(fd)


async def _run(fd: int, place: str, made: list[tuple[str, ...]], account: Account) -> None:
    for command in made:
        outputs = await run_tools(fd, {"set": command}, account)
        error = outputs["set"].error
        if error and not (command[:3] == ("tc", "qdisc", "del") and NONE_THERE in error):
            raise NodeError(f"`{' '.join(command[:3])}` in {place} said: {error[:200]}")
