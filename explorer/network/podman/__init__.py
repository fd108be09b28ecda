"""Why the lines of a Podman host and of its containers are there.

netavark, which sets up Podman's networks, writes other rules, names and routes than Docker. `writes.netavark` computes the
rules, this package the rest, in netavark's words.
"""

from __future__ import annotations

from explorer.network.podman.why import why, why_address

__all__ = ["why", "why_address"]
