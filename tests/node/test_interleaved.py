"""The promises hold however actions, deaths, late and double deliveries come between each other.

Hypothesis plays the node of `faulty_node.py`. CI plays the same examples each time; `make test-faults` plays many more.
EXPLORER_FAULTS_SEED and EXPLORER_FAULTS_EXAMPLES choose which.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test, invariant, rule

from tests.node.faulty_node import SETTLE, FaultyNode

EXAMPLES = int(os.environ.get("EXPLORER_FAULTS_EXAMPLES", "8"))
SEED = int(os.environ.get("EXPLORER_FAULTS_SEED", "20"))
WHO = st.integers(0, 1)
OTHERS = ("close", "reset", "open", "open_instead", "sweep", "deliver", "extend", "engine_restarts", "lose_tasks", "host_dies")
# what comes in the way of an action: nothing, the death of its process, or something else that happens; and before which step
MISHAP = st.one_of(
    st.none(),
    st.tuples(st.just("die"), st.integers(1, 60), WHO),
    st.tuples(st.sampled_from(OTHERS), st.integers(1, 60), WHO),
)


def machine(node: FaultyNode) -> type[RuleBasedStateMachine]:
    class Interleaved(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            node.begin()

        def do(self, act, mishap):
            kind, at, who = mishap or ("", 0, 0)
            node.during(act, at, self.happening(kind, who) if kind else None)

        def happening(self, kind, who):
            if kind == "die":
                return node.steps.die
            if kind == "deliver":
                return lambda: node.deliver(who, keep=True)
            act = getattr(node, kind)
            return act if kind in ("sweep", "engine_restarts", "lose_tasks") else lambda: act(who)

        @rule(who=WHO, mishap=MISHAP)
        def open(self, who, mishap):
            self.do(lambda: node.open(who), mishap)

        @rule(who=WHO, mishap=MISHAP)
        def open_instead(self, who, mishap):
            self.do(lambda: node.open_instead(who), mishap)

        @rule(who=WHO, mishap=MISHAP)
        def reset(self, who, mishap):
            self.do(lambda: node.reset(who), mishap)

        @rule(who=WHO, mishap=MISHAP)
        def extend(self, who, mishap):
            self.do(lambda: node.extend(who), mishap)

        @rule(who=WHO, mishap=MISHAP)
        def close(self, who, mishap):
            self.do(lambda: node.close(who), mishap)

        @rule(which=st.integers(0, 9), keep=st.booleans(), mishap=MISHAP)
        def deliver(self, which, keep, mishap):
            self.do(lambda: node.deliver(which, keep), mishap)

        @rule(mishap=MISHAP)
        def worker_takes_all(self, mishap):
            """The usual: a quick worker. The mishap meets the first task."""
            self.do(lambda: node.deliver(0, keep=False), mishap)
            for _ in range(20):
                self.do(lambda: node.deliver(0, keep=False), None)

        @rule(mishap=MISHAP)
        def sweep(self, mishap):
            self.do(node.sweep, mishap)

        @rule(who=WHO)
        def learn(self, who):
            self.do(lambda: node.learn(who), None)

        @rule(seconds=st.sampled_from([1, 12, 70, 400, 3700, 3 * 86400]))
        def time_passes(self, seconds):
            node.clock.at += seconds

        @rule(seconds=st.sampled_from([-3600, 3600]))
        def clock_is_set(self, seconds):
            node.clock.at += seconds

        @rule(which=st.integers(0, 3))
        def host_dies(self, which):
            node.host_dies(which)

        @rule()
        def engine_restarts(self):
            node.engine_restarts()

        @rule(silent=st.booleans())
        def engine_is_silent(self, silent):
            node.engine.silent = silent

        @rule()
        def next_host_does_not_start(self):
            node.engine.bad = True

        @rule()
        def redis_is_emptied(self):
            node.lose_tasks()

        @invariant()
        def at_every_moment(self):
            node.check()

        def teardown(self):
            node.calm(SETTLE)
            node.check_whole()
            node.check()
            node.calm(360, every=60)
            node.check_whole()
            node.check_intents()

    return Interleaved


@pytest.fixture
def node(transactional_db, redis, run_dir, worker, monkeypatch):
    return FaultyNode(monkeypatch)


@pytest.mark.timeout(3000)
def test_the_promises_hold_however_it_is_interleaved(node):
    print(f"EXPLORER_FAULTS_SEED={SEED} EXPLORER_FAULTS_EXAMPLES={EXAMPLES}")  # noqa: T201 - shown when it fails
    known = settings(
        max_examples=EXAMPLES,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=[*HealthCheck],
        phases=[Phase.generate, Phase.shrink],
    )
    seed(SEED)(get_state_machine_test(machine(node), settings=known))()
