"""One line that Docker writes, and what the writing starts from besides the daemon's own words."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.network.cause import Why


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as iptables-save prints it, without counters. `table` is named as in `model.Rule`: `ip6 nat` is IPv6's nat."""

    table: str
    text: str
    why: Why

    @property
    def chain(self) -> str:
        return self.text.split(" ", 2)[1]


@dataclass(frozen=True, slots=True)
class WayOut:
    """The end of docker_gwbridge in the namespace of a container on an overlay network. The daemon does not tell this address;
    the kernel shows it in that namespace. `owner` is the container's name, "" for a namespace of Docker's own."""

    owner: str
    address: str
