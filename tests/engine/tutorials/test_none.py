"""Docker's page on the none driver, its examples typed on a sandbox, on every engine version there is.

One difference: it says no IPv6 loopback address is there, and here `lo` has ::1. The kernel gives it to every `lo` unless
IPv6 is switched off; neither engine takes it away.
"""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]


@pytest.fixture
def host(engine_version, open_with):
    return open_with(engine_version)


def test_only_the_loopback_device_is_there(host):
    links = host("docker run --rm --network none box ip link show")
    assert re.findall(r"^\d+: (\S+):", links, re.M) == ["lo"]
    assert "LOOPBACK,UP" in links
    addresses = host("docker run --rm --network none --name no-net box ip addr show")
    assert re.findall(r"inet6? (\S+)", addresses) == ["127.0.0.1/8", "::1/128"]


def test_the_routing_table_is_empty(host):
    assert host("docker run --rm --network none box ip route") == ""


def test_the_network_has_the_driver_null_and_no_addresses_to_give(host):
    assert host("docker network inspect -f '{{.Driver}} {{len .IPAM.Config}}' none").split() == ["null", "0"]


def test_it_does_not_go_together_with_another_network(host):
    host("docker run -d --network none --name alone box")
    said = host("docker network connect bridge alone 2>&1; true")
    assert "cannot be connected to multiple networks" in said
    host("docker network disconnect none alone; docker network connect bridge alone")
    assert "eth0" in host("docker exec alone ip -brief link")
