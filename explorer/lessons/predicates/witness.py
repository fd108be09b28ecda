"""Questions that need a witness: a LAN machine's own log, a packet that the node sent, a script of the lesson's author."""

from __future__ import annotations

from explorer.lessons.predicates.words import Who, asked
from explorer.network.model import Request, Script
from explorer.network.world import World, like


def request_seen(
    world: World, *, machine: Who = "outside", source: Who = "", protocol: str = "", what: str = "", from_port: int = 0
) -> bool:
    """A LAN machine's own log has a request from `source` that fits."""
    return any(
        like(one.protocol, protocol)
        and like(one.what, what)
        and world.belongs(one.source, source)
        and (not from_port or one.source_port == from_port)
        for one in world.everywhere(machine, "requests", Request)
    )


def probe(world: World, *, source: Who, target: Who, kind: str = "ping", port: int = 80, ok: bool, seen: Who = "") -> bool:
    """The node's own attempt to reach `target` had the result `ok`. Without a result yet, the question is false for both
    values of `ok`. `seen` is the source address that the target saw."""
    result = world.snapshot.probes.get(asked(source, target, kind, port).key)
    return result is not None and result.ok == ok and (not seen or world.belongs(result.source_seen, seen))


def script(world: World, *, file: str, place: Who = "h1", ok: bool = True) -> bool:
    """A script of the lesson's folder, run as root on a host, ended with status 0 (with `ok` false: with another status). It
    is for checks only: every other predicate is quicker and needs no program."""
    result = world.snapshot.scripts.get(Script(place=place, file=file).key)
    return result is not None and result.status is not None and (result.status == 0) == ok


QUESTIONS = (request_seen, probe, script)
