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
        source, destination = (
            f"{a}:{p}" if p else a for a, p in ((self.source, self.source_port), (self.destination, self.destination_port))
        )
        return f"{source} → {destination}"

    def back(self) -> Ends:
        """The ends of an answer to it."""
        return Ends(self.destination, self.source, self.destination_port, self.source_port)
