"""The stand-ins: small images of Debian packages that may answer to the names of well-known images, where the operator says so.

A stand-in has its own name, says in its labels that it is one, and behaves as the first page about the original says. What it
is made of lies beside `box`; this table says how Docker runs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LABEL = "explorer.stand-in"  # its value: the images that it stands in for
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENTRYPOINT = ["docker-entrypoint.sh"]


@dataclass(frozen=True, slots=True)
class StandIn:
    """`package` is the Debian package whose program it runs; `settings` are those of an image, as in an OCI configuration."""

    package: str
    answers_to: tuple[str, ...]  # what it may be called, without tags
    about: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"Debian's {self.package}"


STAND_INS = {
    "web-server": StandIn(
        "nginx",
        ("nginx",),
        "A web server on port 80",
        {
            "Entrypoint": _ENTRYPOINT,
            "Cmd": ["nginx", "-g", "daemon off;"],
            "ExposedPorts": {"80/tcp": {}},
        },
    ),
    "key-value": StandIn(
        "redis",
        ("redis",),
        "A key-value store on port 6379",
        {
            "Entrypoint": _ENTRYPOINT,
            "Cmd": ["redis-server"],
            "ExposedPorts": {"6379/tcp": {}},
            "Volumes": {"/data": {}},
            "WorkingDir": "/data",
        },
    ),
    "database": StandIn(
        "postgresql",
        ("postgres",),
        "A database on port 5432",
        {
            "Env": ["PGDATA=/var/lib/postgresql/data"],
            "Entrypoint": _ENTRYPOINT,
            "Cmd": ["postgres"],
            "ExposedPorts": {"5432/tcp": {}},
            "Volumes": {"/var/lib/postgresql/data": {}},
            "StopSignal": "SIGINT",  # at SIGTERM it waits for all of its clients
        },
    ),
    "small-shell": StandIn(
        "busybox",
        ("alpine", "busybox"),
        "A shell with busybox's tools",
        {"Cmd": ["sh"]},
    ),
}


def settings(name: str) -> dict[str, Any]:
    """How Docker runs this stand-in, and what its labels say of it."""
    one = STAND_INS[name]
    originals = " and ".join(one.answers_to)
    labels = {
        "org.opencontainers.image.title": f"{name}, a stand-in",
        "org.opencontainers.image.description": (
            f"{one.about}, made of {one.origin}. It can stand in for {originals} and is not the image of that name."
        ),
        LABEL: ",".join(one.answers_to),
    }
    return one.settings | {"Env": [_PATH, "LANG=C.UTF-8", *one.settings.get("Env", ())], "Labels": labels}
