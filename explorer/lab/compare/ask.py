"""Asks every place of a column its questions, each with a command that a person would type there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from explorer.environment import patient
from explorer.lab.compare.batch import Order, Places
from explorer.network.comparison.families import RECORDS
from explorer.network.comparison.read import MEMORY
from explorer.network.comparison.scene import Heard, Scene
from explorer.network.comparison.variants import CLIENT, FAR, PUBLISHED, SERVER

CURL, CURL_SECONDS = f"curl -sS -m {patient(2)}", 4.0
NAMESPACE, ADDRESSES = "readlink /proc/self/ns/net", "ip addr"
Told = Callable[[str, Heard], None]


async def ask(places: Places, scene: Scene, hear: Told) -> None:
    batches = {
        f"h1/{CLIENT}": in_client(scene),
        "h1": on_host(scene),
        "outside": from_outside(scene),
    }
    if not scene.server_at or scene.by_family:
        batches[f"h1/{SERVER}"] = [Order("server.addresses", "ip -brief addr")]
    if scene.variant.spans_hosts:
        batches[f"h2/{FAR}"] = from_far(scene)
    done = await asyncio.gather(*(places.run(where, orders, hear) for where, orders in batches.items()), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome


def in_client(scene: Scene) -> list[Order]:
    at = scene.server_at
    orders = [
        Order("client.netns", NAMESPACE),
        Order("client.addresses", ADDRESSES),
        Order("client.outward", f"{CURL} http://{scene.outside}", CURL_SECONDS),
        Order("client.by-name", f"{CURL} http://{SERVER}", CURL_SECONDS),
    ]
    if at:
        orders += [
            Order("client.by-address", f"{CURL} http://{at}", CURL_SECONDS),
            Order("client.ping", f"ping -q -c 20 -i 0.01 -W 1 {at}"),
        ]
    return [*orders, *_by_family(scene)] if scene.by_family else orders


def _by_family(scene: Scene) -> list[Order]:
    """The questions that are asked of each family, in the container."""
    orders = [Order(f"client.routes{version}", f"ip -{version} route show default") for version in (4, 6)]
    orders += [Order(f"client.dns{version}", f"drill {RECORDS[version]} {SERVER}", 6.0) for version in (4, 6)]
    addresses = {4: scene.address, 6: scene.address6}
    orders += [
        Order(f"client.ping{version}", f"ping -c 1 -W {patient(2)} {address}", patient(2) + 1)
        for version, address in addresses.items()
        if address
    ]
    return [*orders, Order("client.outward6", f"{CURL} http://[{scene.outside6}]", CURL_SECONDS)]


def on_host(scene: Scene) -> list[Order]:
    at = scene.server_at
    orders = [
        Order("host.netns", NAMESPACE),
        Order("host.addresses", ADDRESSES),
        Order("host.listening", f"ss -Hltnp 'sport = :{PUBLISHED}'"),
        Order("host.proxies", "pgrep -a docker-proxy"),
        Order("memory-after", MEMORY),
        Order("host.published", f"{CURL} http://127.0.0.1:{PUBLISHED}", CURL_SECONDS),
    ]
    if scene.by_family:
        orders.append(Order("host.published6", f"{CURL} http://[::1]:{PUBLISHED}", CURL_SECONDS))
    return orders + ([Order("host.server", f"{CURL} http://{at}", CURL_SECONDS)] if at else [])


def from_outside(scene: Scene) -> list[Order]:
    at = scene.server_at
    orders = [Order("outside.published", f"{CURL} http://{scene.host}:{PUBLISHED}", CURL_SECONDS)]
    if scene.by_family:
        orders.append(Order("outside.published6", f"{CURL} http://[{scene.host6}]:{PUBLISHED}", CURL_SECONDS))
        if scene.address6:
            orders.append(Order("outside.server6", f"{CURL} http://[{scene.address6}]", CURL_SECONDS))
    return orders + ([Order("outside.server", f"{CURL} http://{at}", CURL_SECONDS)] if at else [])


def from_far(scene: Scene) -> list[Order]:
    """The questions to the second host. Names travel between hosts by gossip, so the other host may know them a
    moment later."""
    known = f"for i in {{1..40}}; do curl -s -m 1 -o /dev/null http://{SERVER} && break; sleep 0.1; done"
    return [
        Order("far.waited", known, 6.0),
        Order("far.server", f"{CURL} http://{scene.server_at}", CURL_SECONDS),
        Order("far.by-name", f"{CURL} http://{SERVER}", CURL_SECONDS),
        Order("far.ping", f"ping -q -c 20 -i 0.01 -W 1 {scene.server_at}"),
    ]
