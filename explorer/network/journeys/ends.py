"""From where to where a packet goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses and ports of a packet at one moment; ports are "" where the protocol has none."""

    source: str
    destination: str
    source_port: str = ""
    destination_port: str = ""

    def words(self) -> str:
        return f"{with_port(self.source, self.source_port)} → {with_port(self.destination, self.destination_port)}"

    def back(self) -> Ends:
        """The ends of an answer to it."""
        return Ends(self.destination, self.source, self.destination_port, self.source_port)


def with_port(address: str, port: str) -> str:
    """`10.0.0.1:80`, `[fd00::1]:80`; only the address where there is no port."""
    bracketed = f"[{address}]" if ":" in address else address
    return f"{bracketed}:{port}" if port else address
