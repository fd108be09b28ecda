"""The way of one packet: from what was seen of it in each namespace to an ordered list of hops in words. Pure; runs nothing.

`evidence` holds what the node saw (frames at interfaces, rules met), `identity` recognises one packet again after its
addresses were rewritten, `tell` puts the pieces in order, `ending` says where it ended and why.
"""

from __future__ import annotations

from explorer.network.journeys.evidence import Evidence, Sighting, Step
from explorer.network.journeys.model import Asked, Hop, Journey, Journeys, Met
from explorer.network.journeys.tell import tell

__all__ = ["Asked", "Evidence", "Hop", "Journey", "Journeys", "Met", "Sighting", "Step", "tell"]
