"""What it costs others that the kernel's drop reasons are listened to, with a class of sandboxes on the node.

In one sandbox a program sends over TCP from the host to a container as fast as it can, in turns: nobody listens, and the drops
of another sandbox are listened to. Meanwhile a third sandbox makes drops: none of them may reach who listens.
"""

from __future__ import annotations

import asyncio
import statistics

from bench import node
from bench.figures import Figure, Report, Samples, say
from bench.learner import Learner
from bench.stack import Stack
from explorer.lab.config import LabConfig
from explorer.lab.drops.hear import EVENT, Drops

SANDBOXES, AT_ONCE = 30, 5
ROUNDS, SECONDS = 12, 2.0
MOST = 3.0  # percent
NAMESPACE = 1  # the field of an event that is the inode of its network namespace
SINK = (
    "docker run -d --name sink box socat -u TCP-LISTEN:9,fork,reuseaddr OPEN:/dev/null; sleep 1; docker exec sink hostname -i"
)
SEND = """python3 - {address} <<'END'
import socket, sys, time
sending, sent, piece = socket.create_connection((sys.argv[1], 9)), 0, b"x" * 262144
began = time.monotonic()
while time.monotonic() < began + {seconds}:
    sent += sending.send(piece)
print(sent / (time.monotonic() - began) / 1e6)
END
"""
DROPPED = """python3 - <<'END'
import socket, time
sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for port in range(20000, 20020):
        try:
            sending.sendto(b"x", ("127.0.0.1", port))
        except OSError:
            pass
    time.sleep(0.1)
END
"""


class Counted(Drops):
    """Counts the events that came from the kernel and are of other namespaces than the ones asked for."""

    foreign = 0

    def _hear(self, event: bytes) -> None:
        self.foreign += EVENT.unpack_from(event)[NAMESPACE] not in self._places
        super()._hear(event)


async def overhead(site: Stack, report: Report) -> None:
    lab, learners = node.config(), [Learner(site) for _ in range(SANDBOXES)]
    for at in range(0, SANDBOXES, AT_ONCE):
        await asyncio.gather(*(learner.open_and_see() for learner in learners[at : at + AT_ONCE]))
        say(f"  · {at + AT_ONCE} sandboxes are open")
    busy, followed, dropping = (learner.sandbox for learner in learners[:3])
    try:
        address = (await asyncio.to_thread(node.in_host, lab, busy, "h1", SINK)).split()[-1]
        await asyncio.to_thread(node.start_program, lab, dropping, "h1", DROPPED)
        alone, heard, events = await in_turns(lab, busy, followed, address)
    finally:
        await asyncio.gather(*(learner.close() for learner in learners))
    name = f"another's TCP with {SANDBOXES} sandboxes, while drops are listened to"
    report.add(Figure(name, "MB/s", Samples("listened to", tuple(heard)), Samples("not listened to", tuple(alone))))
    report.add(
        Figure("  slower by, of the median", "%", Samples("listened to", (slower(alone, heard),)), held="max", most=MOST)
    )
    report.add(Figure("  events of other sandboxes that came", "", Samples("events", (float(events),)), held="max", most=0.0))


async def in_turns(lab: LabConfig, busy: str, followed: str, address: str) -> tuple[list[float], list[float], int]:
    """(MB/s without listening, with it, events of other sandboxes that were seen meanwhile)."""
    send = SEND.format(address=address, seconds=SECONDS)
    own = dict.fromkeys(await asyncio.to_thread(node.namespaces_of, lab, followed), "h1")
    alone, heard, events = [], [], 0
    for turn in range(ROUNDS):
        drops = Counted(own)
        if turn % 2:
            await drops.begin()
            if drops.why_not:
                raise RuntimeError(drops.why_not)
        rate = float((await asyncio.to_thread(node.in_host, lab, busy, "h1", send)).split()[-1])
        (heard if turn % 2 else alone).append(rate)
        if turn % 2:
            drops.end()
            events += drops.foreign
    return alone, heard, events


def slower(alone: list[float], heard: list[float]) -> float:
    """Percent of the median; 0 when it was not slower."""
    return max(0.0, 100 * (1 - statistics.median(heard) / statistics.median(alone)))
