"""The facts that labels alone give have the form of those that opening a sandbox gives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from explorer.lab.hosts import ipv6, labelled, lifecycle
from explorer.network.scenario import SCENARIOS


class Engine:
    """One host on one LAN, as the engine lists it."""

    def __init__(self):
        ends = {"t-sb-lan": {"IPAddress": "10.77.5.11"}}
        labels = {"explorer.name": "h1", "explorer.role": "host"}
        host = SimpleNamespace(id="c1", labels=labels, attrs={"NetworkSettings": {"Networks": ends}})
        lan = {"Labels": {"explorer.lan": "lan"}, "IPAM": {"Config": [{"Subnet": "10.77.5.0/24"}]}}
        self.containers = SimpleNamespace(list=lambda filters: [host])
        self.networks = SimpleNamespace(list=lambda filters: [SimpleNamespace(name="t-sb-lan", attrs=lan)])

    def __enter__(self):
        return self

    def __exit__(self, *_): ...


@pytest.mark.parametrize(("spoken", "six"), [(True, "fd00:10:77:5::11"), (False, "")])
def test_they_are_the_same(monkeypatch, spoken, six):
    monkeypatch.setattr(ipv6, "spoken", lambda: spoken)
    monkeypatch.setattr(labelled, "session", lambda config: Engine())
    monkeypatch.setattr(labelled, "wait_host", lambda config, container: "26.1.5")
    config: Any = SimpleNamespace(install="t")
    found = labelled.read_facts(config, "sb", 1)
    told = lifecycle._tell(
        SCENARIOS["one-host"],
        {lan.name: "10.77.5.0/24" for lan in SCENARIOS["one-host"].lans},
        dict.fromkeys(SCENARIOS["one-host"].names, "c1"),
        {name: {"lan": "10.77.5.11"} for name in SCENARIOS["one-host"].names},
        {"h1": "26.1.5"},
    )
    assert found.keys() == told.keys()
    assert found["hosts"]["h1"] == told["hosts"]["h1"]
    assert found["hosts"]["h1"]["address6"] == six
