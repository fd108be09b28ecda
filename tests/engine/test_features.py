"""Real hosts of each version of Docker Engine say what they can do. The facts are those of Docker's release notes."""

from __future__ import annotations

import pytest

from explorer.lab.hosts import features, lifecycle
from tests.engine.conftest import aside

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

FACTS = {  # of versions that can be had here; of others the answers stand as they are
    "26": {
        *("isolation-stages", "macvlan-gateway", "old-address-fields"),
    },
    "28": {
        *("forward-chain", "isolation-stages", "ip6tables", "loopback-closed", "direct-closed", "gateway-modes", "isolated"),
        *("backend-told", "ipv6-alone", "ipv6-only", "gateway-priority", "macvlan-gateway", "old-address-fields"),
    },
}


def test_a_real_host_answers_what_its_version_can_do(lab_config, engine_version):
    told = aside(features.ask, lab_config, engine_version)
    assert told["version"].startswith(f"{engine_version}.")
    yes = {name for name, is_so in told["found"].items() if is_so}
    unknown = {name for name, is_so in told["found"].items() if is_so is None}
    assert yes == FACTS.get(engine_version, yes) - unknown
    assert unknown <= {"macvlan-gateway", "ip6tables", "ipv6-alone", "ipv6-only"}, "what a kernel may lack"
    assert not [name for name in lifecycle.list_sandboxes(lab_config) if name.sandbox.startswith("features-")]
    assert features.of_each(lab_config, [engine_version], may_ask=False) == {engine_version: told}
