"""Who wrote a host's rules is seen by its chains; its version is asked only where they are nobody's."""

from __future__ import annotations

import pytest

from explorer.network.model import Chain
from explorer.network.writes import engine26, engine28, host_rules
from explorer.network.writes.rules import chains_of
from tests.network.writes.captured import NAMES, UNFILTERED, docker, elsewhere, hosts, items, places

BY_HOST = [(name, host) for name in NAMES for host in hosts(name) if not name.endswith(UNFILTERED)]
OF_29 = frozenset(  # as moby's documentation of its iptables rules lists them since 29
    (table, name) for table, name in chains_of(engine28) if "ISOLATION" not in name
) | {("filter", "DOCKER-INTERNAL"), ("ip6 filter", "DOCKER-INTERNAL")}


def seen(name: str, host: str) -> frozenset[tuple[str, str]]:
    found = items(places(name)[host], "nat", "filter", "raw")
    return frozenset((item.table, item.name) for item in found if isinstance(item, Chain))


def of_version(name: str, host: str, version: str, chains: frozenset[tuple[str, str]]):
    state = docker(name)[host].model_copy(update={"version": version})
    return host_rules(state, elsewhere(name).outward.get(host, ()), None, chains)


@pytest.mark.parametrize(("name", "host"), BY_HOST)
@pytest.mark.parametrize("version", ["", "27.5.1", "29.0.1", "30.0.0", "dev"])
def test_the_chains_that_are_there_say_who_wrote_the_rules(name, host, version):
    known = of_version(name, host, docker(name)[host].version, frozenset())
    found = of_version(name, host, version, seen(name, host))
    assert found.known
    assert (found.rules, found.either, found.chains) == (known.rules, known.either, known.chains)


@pytest.mark.parametrize(("name", "host"), [BY_HOST[0], BY_HOST[-1]])
def test_of_chains_that_nobody_knows_and_a_version_that_nobody_knows_nothing_is_said(name, host):
    for chains in (frozenset(), OF_29, seen(name, host) | {("filter", "DOCKER-MINE")}):
        assert not of_version(name, host, "29.0.1", chains).known


@pytest.mark.parametrize(("name", "host"), [BY_HOST[0], BY_HOST[-1]])
def test_one_chain_more_or_less_does_not_make_a_known_daemon_unknown(name, host):
    version = docker(name)[host].version
    whole = of_version(name, host, version, seen(name, host))
    for chains in (seen(name, host) | {("filter", "DOCKER-MINE")}, seen(name, host) - {("filter", "DOCKER-USER")}):
        assert of_version(name, host, version, chains).rules == whole.rules


def test_the_known_daemons_differ_in_their_chains():
    assert chains_of(engine26) != chains_of(engine28)
    assert not chains_of(engine28) >= OF_29
