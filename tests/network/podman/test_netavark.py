"""The rules of a real host are exactly those that are computed for it, and what only looks like one is not among them."""

from __future__ import annotations

import pytest

from explorer.network.writes.netavark import TABLE, book_of
from tests.network.podman.captured import state, text


def written(table=None):
    """(chain, rule) of each rule in the captured rule set."""
    chain, found = "", []
    for line in (table or text("ruleset.txt")).splitlines():
        word = line.strip()
        if word.startswith("chain "):
            chain = word.split()[1]
        elif line.startswith("\t\t") and not word.startswith("type "):
            found.append((chain, word))
    return found


def without(name):
    """The state after a container has stopped."""
    now = state()
    stopped = tuple(one.model_copy(update={"state": "exited"}) if one.name == name else one for one in now.containers)
    return now.model_copy(update={"containers": stopped})


def test_every_rule_of_the_host_is_explained_and_none_is_missing():
    assert set(book_of(state()).rules) == set(written())
    assert len(written()) == len(set(written())) > 60


def test_every_chain_of_the_host_is_explained_and_none_is_missing():
    there = {line.split()[1] for line in text("ruleset.txt").splitlines() if line.strip().startswith("chain ")}
    assert set(book_of(state()).chains) == there


@pytest.mark.parametrize(
    ("chain", "rule"),
    [
        ("NETAVARK-HOSTPORT-DNAT", "tcp dport 8088 jump nv_2f259bab_10_88_0_0_nm16_dnat"),
        ("nv_2f259bab_10_88_0_0_nm16_dnat", "tcp dport 8080 dnat ip to 10.88.0.3:80"),
        ("FORWARD", "ip saddr 10.89.1.0/24 accept"),  # the network is internal
        ("NETAVARK-ISOLATION-3", 'oifname "podman3" drop'),  # the network is isolated
        ("NETAVARK-ISOLATION-1", 'iifname "podman1" oifname != "podman1" jump NETAVARK-ISOLATION-2'),
        ("INPUT", "ip saddr 10.88.0.0/16 meta l4proto { tcp, udp } th dport 80 accept"),
    ],
)
def test_a_look_alike_is_none_of_them(chain, rule):
    assert (chain, rule) not in book_of(state()).rules


def test_the_rules_of_a_network_end_with_its_last_container():
    gone = set(book_of(state()).rules) - set(book_of(without("e")).rules)
    assert ("FORWARD", "ip saddr 10.89.3.0/24 accept") in gone
    own = ("10.89.3", "fd86", "podman4", "8095", "nv_eea35c87_")
    assert all(any(word in f"{chain} {rule}" for word in own) for chain, rule in gone)


def test_the_ports_of_a_container_end_with_it_and_its_network_stays():
    gone = set(book_of(state()).rules) - set(book_of(without("a")).rules)
    assert {chain for chain, _ in gone} == {"NETAVARK-HOSTPORT-DNAT", "nv_133c5839_10_89_0_0_nm24_dnat"}


def test_sentences_name_the_container_the_port_and_the_network():
    rules = book_of(state()).rules
    told = rules["nv_133c5839_10_89_0_0_nm24_dnat", "tcp dport 8081 dnat ip to 10.89.0.2:80"]
    assert told.text == "Because a publishes 8081:80: packets to the port are sent to 10.89.0.2:80 (DNAT)."
    assert told.about == ("container:a", "network:town", "option:publish")
    kept = rules["NETAVARK-ISOLATION-1", 'iifname "podman4" oifname != "podman4" jump NETAVARK-ISOLATION-3']
    assert kept.about == ("network:strict6", "option:isolate")
    assert "isolate=strict" in kept.text


def test_a_source_address_that_the_network_names_is_in_the_rule():
    now = state()
    networks = tuple(
        one.model_copy(update={"options": {"outbound_addr4": "10.77.0.11"}}) if one.name == "town" else one
        for one in now.networks
    )
    rules = book_of(now.model_copy(update={"networks": networks})).rules
    assert ("nv_133c5839_10_89_0_0_nm24", "ip daddr != 224.0.0.0/4 snat ip to 10.77.0.11") in rules


def test_without_an_answer_nothing_is_known_of_what_it_would_not_write():
    assert book_of(state()).known
    assert not book_of(state().model_copy(update={"error": "it is silent"})).known
    assert not book_of(state().model_copy(update={"cut": True})).known
    assert TABLE == "inet netavark"
