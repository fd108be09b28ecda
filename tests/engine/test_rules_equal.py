"""The rules on the page are those that iptables-save prints in that host, one by one and in order, each with its reason."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from explorer.lab.hosts import lifecycle
from explorer.lab.images.recipes import ENGINES
from explorer.network.model import Rule
from explorer.network.scenario import SCENARIOS
from explorer.network.views import VIEWS
from explorer.node.operator.look import look_once
from tests.engine.situations import SITUATIONS, tables, typed

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=ENGINES)
def host(request, lab_config, await_engine):
    """One host on which one situation after another is made."""
    await_engine(request.param)
    name = f"rules-{secrets.token_hex(4)}"
    facts = lifecycle.open_sandbox(
        lab_config, name, 1, SCENARIOS["one-host"], time.time() + 3600, lambda phase, detail: None, engine=request.param
    )
    assert facts["hosts"]["h1"]["engine"].startswith(f"{request.param}.")
    yield name, facts
    lifecycle.close_sandbox(lab_config, name)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_rule_for_rule_and_each_with_its_reason(lab_config, host, situation):
    name, facts = host
    for command in SITUATIONS[situation]:
        typed(lab_config, name, command)
    time.sleep(0.5)  # docker-proxy and the last rules come just after the answer
    place = asyncio.run(look_once(lab_config, name, 1, facts)).places["h1"]
    shown: dict[str, list[str]] = {}
    silent = []
    for view in (view for view in VIEWS if view in place.views):
        why = {line.key: line.why for line in place.views[view].lines}
        for item in place.views[view].items:
            if isinstance(item, Rule):
                shown.setdefault(item.table, []).append(item.spec)
                silent += [] if why[item.key] else [item.spec]
    told = tables(typed(lab_config, name, "iptables-save"))
    six = {f"ip6 {table}": rules for table, rules in tables(typed(lab_config, name, "ip6tables-save")).items()}
    assert shown == told | six
    assert any(situation_shows(situation, rule) for rules in told.values() for rule in rules)
    assert silent == []


def situation_shows(situation: str, rule: str) -> bool:
    sign = {"published": "--dport 8080", "loopback": "127.0.0.1/32", "internal": "! -s ", "no-icc": "--dport 8082"}
    return sign[situation] in rule
