"""`python -m bench.feed SANDBOX RATE SECONDS`: puts events on a sandbox's stream at a steady pace, made from its own picture.

A process of its own, as the relay is one, so that neither waits for the other. Prints how many it put there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from itertools import count, cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.network.model import Place
    from explorer.sandboxes.events import Event


def events(places: list[Place]) -> Iterator[Event]:
    """Without end: the kernel tells of an address, the interfaces of the place show it; one time in four an interface goes."""
    from explorer.network.model import Address, Interface, Line
    from explorer.sandboxes.events import Happened, ViewChanged

    for turn, place in zip(count(), cycle(places), strict=False):
        seen = place.views["interfaces"]
        *others, last = (one for one in seen.items if isinstance(one, Interface))
        cidr = f"10.98.{turn // 250 % 250}.{turn % 250}/32"
        text = f"    inet {cidr} scope global {last.name}"
        yield Happened(source="kernel", place=place.id, text=f"address {cidr} added to {last.name}")
        if turn % 4 == 3:
            left = tuple(line for line in seen.lines if line.key != last.key)
            gone = tuple(line for line in seen.lines if line.key == last.key)
            fewer = seen.model_copy(update={"items": tuple(others), "lines": left})
            yield ViewChanged(place=place.id, view="interfaces", observation=fewer, removed=gone)
        else:
            more = last.model_copy(update={"addresses": (*last.addresses, Address(cidr=cidr, family="inet"))})
            lines = (*seen.lines, Line(text=text, key=last.key))
            shown = seen.model_copy(update={"items": (*others, more), "lines": lines})
            yield ViewChanged(place=place.id, view="interfaces", observation=shown, changed=(last.key,))


def feed(sandbox: str, rate: float, seconds: float) -> int:
    from explorer.network.model import Snapshot
    from explorer.sandboxes import streams
    from explorer.sandboxes.events import snapshot_key

    client = streams.redis()
    kept = client.get(snapshot_key(sandbox))
    if not isinstance(kept, bytes):
        raise SystemExit(f"nothing is known of sandbox {sandbox}")
    snapshot = Snapshot.model_validate_json(kept)
    places = [one for one in snapshot.places.values() if "interfaces" in one.views and len(one.views["interfaces"].items) > 1]
    began = time.monotonic()
    total = round(rate * seconds)
    for turn, event in zip(range(total), events(places), strict=False):
        time.sleep(max(0.0, began + turn / rate - time.monotonic()))
        streams.publish(client, sandbox, event)
    took = time.monotonic() - began
    if took > 1.1 * seconds:
        raise SystemExit(f"{total} events took {took:.1f} s: this machine is too busy to put {rate:.0f} a second there")
    return total


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")
    django.setup()
    print(feed(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
