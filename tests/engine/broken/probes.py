"""The packets that are sent in a broken network."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.engine.broken.world import World

SEND = "python3 -c \"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'hello, whoever', ('{}', {}))\""


@dataclass(frozen=True)
class Probe:
    """`kind` is what plain tools look for: ping, tcp or udp. With `act` the source sends by itself and the product records."""

    source: str
    target: str
    kind: str
    port: int = 0
    act: str = ""

    def words(self) -> str:
        port = f" port {self.port}" if self.port else ""
        return f"{self.kind} from {self.source} to {self.target}{port}{f', sent by {self.act!r}' if self.act else ''}"


def choose(dice: random.Random, world: World) -> Probe:
    lan, host = world.lan, f"{world.lan}.11"
    pairs = [
        ("h1/cli", "h1/web"),
        ("h1/cli", "outside"),
        ("h1/web", "h1/cli"),
        ("outside", "h1"),
        ("h1", "h1/web"),
        ("h1", "outside"),
        ("h1/cli", "h1"),
        ("h1/cli", "172.18.0.1"),
        ("h1/other", "outside"),
        ("h1/other", "h1/web"),
        ("h1/cli", f"{lan}.200"),
        ("h1/cli", "172.18.0.99"),
    ]
    published = [("outside", host), ("h1", host), ("h1/other", host)]
    kind = dice.choices(("ping", "published", "tcp", "udp", "big"), (4, 4, 3, 2, 1))[0]
    if kind == "published":
        return Probe(*dice.choice(published), "tcp", dice.choice((8080, 8080, 8080, 8083)))
    source, target = dice.choice(pairs)
    if kind == "tcp":
        return Probe(source, target, "tcp", dice.choice((80, 80, 80, 9000, 7777)))
    address = {"h1": host, "outside": f"{lan}.100"}.get(target, target)
    address = {"h1/web": "172.18.0.2", "h1/cli": "172.18.0.3"}.get(address, address)
    if kind == "udp":
        source, address = dice.choice(((source, address), ("h1/cli", "172.18.0.5"), ("outside", host), ("h1", "172.18.0.5")))
        return Probe(source, address, "udp", 5000, SEND.format(address, 5000))
    if kind == "big":
        return Probe(source, address, "ping", 0, f"ping -n -c1 -W1 -M do -s 1300 {address}")
    return Probe(source, target, "ping")
