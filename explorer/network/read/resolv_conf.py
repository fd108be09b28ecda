"""What resolv.conf makes a program do that looks up a name: whom it asks, for which names, in which order (resolv.conf(5))."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

SEARCHED, SERVERS, MOST = 6, 3, {"ndots": 15, "timeout": 30, "attempts": 5}  # what the C library reads of them
NAME = 253


@dataclass(frozen=True, slots=True)
class Resolver:
    """`servers` are the IPv4 addresses of name servers. A name with fewer than `ndots` dots is searched in `search` before it
    is asked for as it is. A program waits `timeout` seconds for an answer, and asks `attempts` times."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2

    @property
    def server(self) -> str:
        """The name server that is asked first; "" without one."""
        return self.servers[0] if self.servers else ""

    def names(self, name: str) -> tuple[str, ...]:
        """The names that are asked for, one after the other, until one is answered."""
        if name.endswith("."):
            return (name.rstrip("."),)
        searched = tuple(one for domain in self.search if len(one := f"{name}.{domain}") <= NAME)
        order = (name, *searched) if name.count(".") >= self.ndots else (*searched, name)
        return tuple(dict.fromkeys(order))


def read_resolver(text: str) -> Resolver:
    servers: list[str] = []
    search: tuple[str, ...] = ()
    told: dict[str, int] = {}
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_] if len(servers) < SERVERS:
                servers += _address(address)
            case [("search" | "domain") as word, *domains]:  # the last such line counts
                search = tuple(plain for one in domains if (plain := one.strip(".")))[: 1 if word == "domain" else SEARCHED]
            case ["options", *options]:
                for name, _, value in (one.partition(":") for one in options):
                    if name in MOST and value.isascii() and value.isdigit():
                        told[name] = min(int(value[:9]), MOST[name])
            case _:
                continue
    return Resolver(tuple(servers), search, **told)


def _address(text: str) -> list[str]:
    try:
        return [str(ipaddress.IPv4Address(text))]
    except ValueError:
        return []
