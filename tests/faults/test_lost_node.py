"""A node that is lost with everything on it, and comes back later: two nodes on one machine, with an engine each."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from bench.learner import Learner
from explorer.node.reconcile.sweep import NODE_LOST, NODE_WENT, TAKEN_BACK
from tests.faults.learner import Seen, leave, settled, truth, whole
from tests.faults.other_node import NAME, OtherNode, draining
from tests.faults.site import WHOLE
from tests.faults.test_parts import reach

pytestmark = pytest.mark.timeout(900)
BECOMES = {"queued": "ready", "opening": "ready", "ready": "failed", "resetting": "failed", "closing": "failed"}


@pytest.fixture
def other(site):
    place = Path(tempfile.mkdtemp(prefix="explorer-faults-"))
    place.chmod(0o755)
    node = OtherNode(site, place)
    try:
        node.start()
        site.write("UPDATE sandboxes_node SET draining = 0 WHERE name = ?", NAME)
        with draining(site, "node1"):
            site.warm_up()  # its queue and its stream of orders stay for its return
        yield node
    finally:
        node.end()
        site.write("UPDATE sandboxes_node SET draining = 1 WHERE name = ?", NAME)
        shutil.rmtree(place, ignore_errors=True)


@pytest.mark.parametrize("phase", ["open", "run", "reset", "close"])
async def test_a_node_is_lost(site, other, told, phase):
    """What it was opening, another opens after a minute. The rest fails after ten, with the reason. The node's row is moved
    instead of waiting.
    """
    learner = Learner(site)
    with draining(site, "node1"):
        await asyncio.to_thread(learner.click_open)
        seen = Seen(learner)
        await reach(phase, learner, seen)
        await asyncio.to_thread(other.cut_power)
    was = site.row(learner.sandbox)[0]
    began = time.monotonic()
    after = TAKEN_BACK if BECOMES[was] == "ready" else NODE_LOST
    await asyncio.to_thread(other.was_heard_of, after.total_seconds() + 1)
    assert await settled(lambda: site.row(learner.sandbox)[0] == BECOMES[was], WHOLE), f"{was}: {site.row(learner.sandbox)}"
    took = await whole(site, began)
    assert site.row(learner.sandbox)[2] == (NODE_WENT if BECOMES[was] == "failed" else "")
    await settled(lambda: seen.told[-1:] == [site.row(learner.sandbox)[0]], 10)
    truth(site, seen, learner.sandbox)
    said = seen.said()
    await asyncio.to_thread(other.start)
    assert await settled(lambda: not other.holds(learner.sandbox), WHOLE), "the node came back and kept what is not wanted"
    await leave(site, learner, seen)
    leaks = await asyncio.to_thread(site.leaks)
    told(injected="node", how="lost with all that is on it; back later", phase=phase, whole=took, saw=said, leaks=leaks)
    assert leaks == []
