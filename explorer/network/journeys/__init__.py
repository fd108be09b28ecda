"""The way of one packet: from what was seen of it in each namespace to an ordered list of hops in words. This package is
pure.

`lab.ask.journey` sends one real packet from the place that asks; for a record it waits for the first packet that leaves the
place by itself. Meanwhile `lab.ask.trace` listens in every namespace: a packet socket sees each frame at each interface, and
the trace of nftables names each rule and verdict. `lab.drops` hears which packets the kernel drops. All this is `Gathered`.

- `identity` recognises the packet again after its addresses were rewritten. It uses what address translation leaves unchanged:
  a TCP sequence number, the identifier of a ping, the identifier of a DNS message.
- `seen` picks the packet's frames and rules out of everything that was seen, and puts them in order.
- `rules` says which rule a step of the trace is, and why the rule is there. `scene` looks things up in the snapshot.
- `questions` says which kernels are asked about the packet afterwards; `kernel` holds their answers.
- `tell` makes the hops; `endings` says where the packet ended and why. `evidence` has the sentence that cannot be made without
  evidence.

A hop stands for a frame that was seen or a rule that was met. `Journeys` says in a sentence what could not be seen.
"""

from __future__ import annotations

from explorer.network.journeys.endings import Case
from explorer.network.journeys.gathered import Gathered, Sighting, Step
from explorer.network.journeys.model import Asked, Evidence, Hop, Journey, Journeys, Met
from explorer.network.journeys.tell import tell

__all__ = ["Asked", "Case", "Evidence", "Gathered", "Hop", "Journey", "Journeys", "Met", "Sighting", "Step", "tell"]
