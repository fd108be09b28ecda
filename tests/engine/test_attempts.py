"""Hundreds of forbidden acts, tried by root in a host, in a container with every right that host can give, and in a machine
without Docker: the quick core that `labdoctor` tries too, with a second sandbox to reach."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.isolation import trial
from explorer.lab.isolation.bait import listening
from explorer.lab.isolation.believed import HELD_BY, try_announcing
from explorer.network.scenario import SCENARIOS
from tests.attacks import Row, attack

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def found(lab_config):
    """What became of every attempt, by origin."""
    names = [f"tried-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    try:
        (facts, others) = [
            lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["one-host"], time.time() + 600, lambda *words: None)
            for name in names
        ]
        with listening(Path("/run/netns", lab_config.netns)) as goal, ThreadPoolExecutor(3) as pool:
            goal["addresses"] += [part["address"] for kind in ("hosts", "machines") for part in others[kind].values()]
            goal |= {"gateway": trial.gateway(facts), "sockets": [str(lab_config.socket)]}
            tell = partial(trial.try_from, lab_config, names[0], goal=goal)
            yield dict(zip(trial.ORIGINS, pool.map(tell, trial.ORIGINS), strict=True))
    finally:
        for name in names:
            lifecycle.close_sandbox(lab_config, name)


@attack("every attempt of labdoctor, from a {origin}", origin="host", expected="refused", held_by="the borders of a sandbox")
@pytest.mark.parametrize("origin", trial.ORIGINS)
def test_nothing_that_is_tried_gets_through(found, tried, seen, origin):
    seen(f"{sum(one.held for one in found[origin])} of {len(found[origin])} refused")
    for one in found[origin]:
        tried(Row(one.name, origin, "refused", one.held_by, one.seen, one.held))
    assert len(found[origin]) > 150
    assert [f"{one.name}: {one.seen}" for one in found[origin] if one.fair and not one.held] == []
    assert [f"{one.name}: {one.seen}" for one in found[origin] if not one.fair] == [], "these were no attempts"


@attack("what {origin} says by IPv6: a router, a better way, a neighbour", origin="host", expected="refused", held_by=HELD_BY)
@pytest.mark.parametrize("origin", ["host"])
def test_nobody_believes_what_a_host_says_by_ipv6(lab_config, tried, seen, origin):
    names = [f"announced-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    try:
        facts, other = (
            lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["one-host"], time.time() + 600, lambda *words: None)
            for name in names
        )
        found = try_announcing(lab_config, names[0], facts, other, origin)
    finally:
        for name in names:
            lifecycle.close_sandbox(lab_config, name)
    for one in found:
        tried(Row(one.name, origin, "refused", one.held_by, one.seen, one.held))
    seen("; ".join(one.seen for one in found))
    assert len(found) == 2
    assert [one.seen for one in found if not one.held or not one.fair] == []
