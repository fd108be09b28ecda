"""No look-alike is called Docker's: lines of real daemons with one thing changed, as somebody could type them."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.cause import NOT_DOCKER
from explorer.network.explain import explain
from explorer.network.model import Interface, Place, Route, Rule
from explorer.network.views import observe
from tests.network.writes.captured import NAMES, UNFILTERED, docker, elsewhere, items, places, told

CAPTURED = [name for name in NAMES if not name.endswith(UNFILTERED)]
OTHER_INTERFACES = ("eth0", "lo", "docker1", "br-000000000000", "tun0", "docker0")
OTHER_ADDRESSES = ("10.9.9.9", "172.17.0.99", "172.18.0.200", "192.168.222.77", "127.0.0.1")
ENDS = {"DROP": "ACCEPT", "ACCEPT": "DROP", "RETURN": "DROP", "MASQUERADE": "ACCEPT", "DOCKER": "RETURN"}
ADDED = ("-m comment --comment mine", "-p tcp", "-m mark --mark 0x1", "-m limit --limit 3/sec")


@cache
def rules(name):
    """(view, table, rule) of every rule that Docker wrote on h1."""
    found = items(places(name)["h1"], "nat", "filter")
    return [(item.table, item.spec) for item in found if isinstance(item, Rule) and "127.0.0.11" not in item.spec]


def mutations(spec):
    """The rule with one option changed; each is a line that iptables would take."""
    words = spec.split(" ")
    for number, word in enumerate(words):
        before, after = words[:number], words[number + 1 :]
        if number and words[number - 1] in ("-i", "-o"):
            yield from (" ".join([*before, other, *after]) for other in OTHER_INTERFACES if other != word)
        if number and words[number - 1] in ("-s", "-d"):
            yield from (" ".join([*before, f"{other}/32", *after]) for other in OTHER_ADDRESSES if f"{other}/32" != word)
        if word == "!":
            yield " ".join(before + after)
        if word in ("-i", "-o") and words[number - 1] != "!":
            yield " ".join([*before, "!", word, *after])
        if number and words[number - 1] == "-j" and word in ENDS:
            yield " ".join([*before, ENDS[word], *after])
        if number and words[number - 1] in ("--dport", "--sport"):
            yield " ".join([*before, str(int(word) + 1), *after])
        if number and words[number - 1] == "--to-destination":
            yield " ".join([*before, re.sub(r"(\d+):", lambda found: f"{int(found[1]) + 1}:", word, count=1), *after])
        if word == "-j":
            yield from (" ".join([*before, extra, word, *after]) for extra in ADDED)
    if words[1] == "FORWARD":
        yield " ".join(["-A", "INPUT", *words[2:]])


@given(st.data())
@settings(max_examples=400)
def test_a_rule_with_one_thing_changed_is_not_dockers(data):
    name = data.draw(st.sampled_from(CAPTURED))
    table, spec = data.draw(st.sampled_from(rules(name)))
    typed = data.draw(st.sampled_from(sorted(set(mutations(spec))) or [f"{spec} -m comment --comment mine"]))
    if (table, typed) in rules(name):
        return  # another of Docker's own lines came out
    place = places(name)["h1"]
    section, rest = told(name)["places"]["h1"]["rules"].split(f"*{table}\n")
    shown = f"{section}*{table}\n{rest.replace('COMMIT', f'[0:0] {typed}{chr(10)}COMMIT', 1)}"
    lines = explain(place, table, observe(table, shown), docker(name)["h1"], elsewhere(name)).lines
    (line,) = [one for one in lines if one.text == f"[0:0] {typed}"]
    assert not line.about or line.about == (NOT_DOCKER,), (name, line)
    assert not line.why.startswith(("Because", "Packets", "Containers of", "Answers", "What ")), (name, line)


@cache
def routes(name):
    return [
        (place.id, line)
        for place in places(name).values()
        if place.kind in ("host", "container") and "routes" in place.views
        for item in place.views["routes"].items
        if isinstance(item, Route) and not (place.kind == "host" and item.dev == "eth0")
        for line in [one.text for one in place.views["routes"].lines if one.key == item.key]
    ]


def altered_routes(text):
    yield text.replace("proto kernel", "proto static")
    yield text.replace(" scope link", "")
    yield f"{text.strip()} metric 50"
    yield re.sub(r"via \S+", "via 10.9.9.9", text)
    yield re.sub(r"src \S+", "src 10.9.9.9", text)
    yield re.sub(r"dev \S+", "dev lo", text)
    yield re.sub(r"^default", "10.99.0.0/16", text)
    yield re.sub(r"^(\d+\.\d+)\.", r"\1.128.", text) if not text.startswith("default") else f"unreachable {text}"


@given(st.data())
@settings(max_examples=200)
def test_a_route_with_one_thing_changed_is_not_dockers(data):
    name = data.draw(st.sampled_from(CAPTURED))
    where, text = data.draw(st.sampled_from(routes(name)))
    typed = data.draw(st.sampled_from([one for one in altered_routes(text) if one.strip() != text.strip()]))
    place = places(name)[where]
    seen = explain(place, "routes", observe("routes", f"{typed}\n"), docker(name)[place.host], elsewhere(name))
    (line,) = seen.lines
    assert not any(owner.startswith(("network:", "container:", "daemon")) for owner in line.about), (name, where, line)


@cache
def cards(name):
    """(place, interface) of every interface that Docker made."""
    found = []
    for place in places(name).values():
        if place.kind in ("host", "container"):
            found += [(place.id, item) for item in items(place, "interfaces") if isinstance(item, Interface) and item.addresses]
    return [
        (where, item)
        for where, item in found
        if item.kind != "loopback" and (where not in ("h1", "h2") or item.kind == "bridge")
    ]


@given(st.data(), st.sampled_from(["10.9.9.9/24", "172.17.0.77/16", "172.18.0.1/24", "192.168.222.9/24"]))
@settings(max_examples=150)
def test_an_address_that_docker_did_not_give_is_not_dockers(data, cidr):
    name = data.draw(st.sampled_from(CAPTURED))
    where, item = data.draw(st.sampled_from(cards(name)))
    if cidr in {held.cidr for held in item.addresses}:
        return
    place = places(name)[where]
    seen = place.views["interfaces"]
    held = item.model_copy(update={"addresses": (*item.addresses, item.addresses[0].model_copy(update={"cidr": cidr}))})
    changed = tuple(held if one.key == item.key else one for one in seen.items)
    line = next(one for one in seen.lines if one.key == item.key).model_copy(update={"text": f"    inet {cidr} scope global x"})
    more = seen.model_copy(update={"items": changed, "lines": (*seen.lines, line)})
    altered = place.model_copy(update={"views": {**place.views, "interfaces": more}})
    told_of = explain(altered, "interfaces", more, docker(name)[place.host], elsewhere(name)).lines[-1]
    assert told_of.about in ((NOT_DOCKER,), ()), (name, where, told_of)


@pytest.mark.parametrize("name", ["26-networks", "28-networks"])
def test_a_bridge_of_the_same_kind_is_not_dockers(name):
    place = places(name)["h1"]
    seen = observe("interfaces", told(name)["places"]["h1"]["addr"].replace(": docker0:", ": docker1:"))
    altered: Place = place.model_copy(update={"views": {**place.views, "interfaces": seen}})
    (line, *_) = [one for one in explain(altered, "interfaces", seen, docker(name)["h1"]).lines if ": docker1:" in one.text]
    assert line.about == (NOT_DOCKER,)


def in_tunnel(name):
    """(place, line) of the entries that the daemons wrote about containers of the other host."""
    return [
        (place, line)
        for place in places(name).values()
        if place.kind == "namespace" and "fdb" in place.views
        for line in place.views["fdb"].lines
        if " dst " in line.text
    ]


@pytest.mark.parametrize("name", ["26-swarm", "28-swarm"])
def test_an_entry_of_the_tunnel_is_the_daemons_only_where_it_leads_to_the_right_host(name):
    known = 0
    for place, line in in_tunnel(name):
        dockers = explain(place, "fdb", observe("fdb", f"{line.text}\n"), docker(name)[place.host], elsewhere(name)).lines[0]
        typed = re.sub(r"dst \S+", "dst 10.77.0.100", line.text)
        changed = explain(place, "fdb", observe("fdb", f"{typed}\n"), docker(name)[place.host], elsewhere(name)).lines[0]
        assert "The daemon wrote this entry" not in changed.why
        if dockers.why.endswith("Who has the address is not known here."):
            continue
        known += 1
        assert dockers.why.endswith("The daemon wrote this entry; it was not learned.")
        assert changed.about == (NOT_DOCKER,)
    assert known >= 2


@pytest.mark.parametrize("name", ["26-swarm", "28-swarm"])
def test_a_neighbour_of_the_tunnel_is_the_daemons_only_with_the_right_mac_address(name):
    found = 0
    for place in places(name).values():
        for line in place.views["neighbours"].lines if place.kind == "namespace" and "neighbours" in place.views else ():
            typed = re.sub(r"lladdr \S+", "lladdr 02:00:00:00:00:09", line.text)
            said = [
                explain(
                    place, "neighbours", observe("neighbours", f"{text}\n"), docker(name)[place.host], elsewhere(name)
                ).lines[0]
                for text in (line.text, typed)
            ]
            if "written here by the daemon" in said[0].why:
                found += 1
                assert said[1].about == (NOT_DOCKER,)
    assert found >= 2


def proxied(name, address, port):
    """What is said of a connection of the host to its own port."""
    line = (
        f"ipv4     2 tcp      6 119 TIME_WAIT src={address} dst={address} sport=50000 dport={port} "
        f"src={address} dst={address} sport={port} dport=50000 [ASSURED] mark=0 use=1\n"
    )
    return explain(places(name)["h1"], "connections", observe("connections", line), docker(name)["h1"]).lines[0].why


@pytest.mark.parametrize("engine", ["26", "28"])
def test_docker_proxy_took_only_what_its_sockets_take(engine):
    assert "docker-proxy took it" in proxied(f"{engine}-published", "127.0.0.1", 8080)
    assert "docker-proxy took it" in proxied(f"{engine}-published", "127.0.0.1", 8081)
    assert "docker-proxy" not in proxied(f"{engine}-published", "127.0.0.1", 8085)  # published at the LAN's address only
    assert "docker-proxy" not in proxied(f"{engine}-published", "127.0.0.2", 8081)
    assert "docker-proxy" not in proxied(f"{engine}-no-proxy", "127.0.0.1", 8081)


@pytest.mark.parametrize("engine", ["26", "28"])
def test_an_address_was_replaced_because_of_a_network_only_where_its_rule_is(engine):
    def said(name, source):
        line = (
            f"icmp     1 29 src={source} dst=10.77.0.100 type=8 code=0 id=7 "
            "src=10.77.0.100 dst=10.77.0.11 type=0 code=0 id=7 mark=0 use=1\n"
        )
        line = f"ipv4     2 {line}"
        return explain(places(name)["h1"], "connections", observe("connections", line), docker(name)["h1"]).lines[0].why

    assert said(f"{engine}-options", "172.18.0.2").endswith("because network named is masqueraded.")
    assert said(f"{engine}-options", "172.30.0.2") == "unmasked to 10.77.0.100: its source address was replaced by 10.77.0.11."
