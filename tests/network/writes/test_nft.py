"""Docker's nftables backend: every line of its rule sets says why it is there, and no look-alike is called Docker's."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.cause import NOT_DOCKER
from explorer.network.drivers.bridge import summary
from explorer.network.drivers.known import know
from explorer.network.explain import explain
from explorer.network.model import Chain, Place, Rule, Snapshot
from explorer.network.nft.facts import Elements, NftSet, Table
from explorer.network.not_dockers import AGAIN, UNLIKE
from explorer.network.read import read_docker
from explorer.network.views import observe
from explorer.network.world import World
from explorer.network.writes.nft_book import written
from tests.captures.nft_situations import SITUATIONS
from tests.network.captured import CAPTURES

FOLDER = CAPTURES / "nft" / "docker"
IPTABLES = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"


@cache
def told(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


@cache
def docker(name):
    return read_docker("h1", *(told(name)[part] for part in ("version", "networks", "containers")))


def text(name):
    return "\n".join(told(name)["nft"]) + "\n"


def host(nft, iptables=IPTABLES):
    views = {view: observe(view, iptables) for view in ("nat", "filter")}
    views["raw"] = observe("raw", iptables, "", "", "", nft)
    return Place(id="h1", kind="host", host="h1", name="h1", views=views)


def explained(name, nft=None, iptables=IPTABLES, state=None):
    place = host(text(name) if nft is None else nft, iptables)
    return explain(place, "raw", place.views["raw"], state or docker(name))


def nfts(seen):
    return [item for item in seen.items if isinstance(item, Rule | Chain | Table | NftSet | Elements)]


def test_every_situation_is_kept():
    assert {file.stem for file in FOLDER.glob("*.json")} == set(SITUATIONS)


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_is_computed_is_the_rule_set(name):
    """Line for line, both ways."""
    place = host(text(name))
    book = know(place, docker(name)).nft_book
    there = [words for item in nfts(place.views["raw"]) for words in written(item)]
    assert len(there) == len(set(there))
    assert set(book.lines) - set(there) == set()
    assert set(there) - set(book.lines) == set()


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_line_says_why_it_is_there(name):
    for line in explained(name).lines:
        assert bool(line.why) == bool(line.text.strip()), line
        assert NOT_DOCKER not in line.about
        assert bool(line.about) == bool(line.why)


def test_an_older_nft_writes_a_priority_as_a_number():
    nft = text("published").replace("hook output priority dstnat", "hook output priority -100")
    assert all(line.about for line in explained("published", nft).lines if line.text)


@pytest.mark.parametrize("name", SITUATIONS)
def test_owners_are_there(name):
    state = docker(name)
    owners = {f"network:{one.name}" for one in state.networks} | {f"container:{one.name}" for one in state.containers}
    for line in explained(name).lines:
        assert set(line.about) <= owners | {"daemon"} | {word for word in line.about if word.startswith("option:")}


def why(name, *words):
    (line,) = [line for line in explained(name).lines if all(word in line.text for word in words)]
    return line.why


def test_the_sentences_of_a_published_port():
    assert why("published", "dport 8080", "dnat to 172.18") == (
        "Because web publishes 8080:80: packets to this host's port 8080 are sent to 172.18.0.2:80 (DNAT)."
    )
    assert "let through" in why("published", "ip daddr 172.18.0.2 tcp dport 80 ")
    assert "dropped at once" in why("published", "172.18.0.2", "DIRECT ACCESS")
    assert "only programs on this host itself" in why("at-an-address", "REMOTE LOOPBACK", "8081")
    assert "is internal: nothing gets in" in why("internal", "INGRESS", f"br-{docker('internal').networks[1].id[:12]}")
    assert "may not reach each other" in why("no-icc", "drop", "ICC")
    assert "eth1, eth0 are dropped at once" in why("trusting", "DIRECT ACCESS")
    assert "SNAT" in why("snat", "snat to 10.77.0.11")
    assert "gateway mode routed" in why("routed", "ip protocol icmp")
    assert "nat-unprotected" in explained("unprotected").model_dump_json()


# --- the backend is seen ----------------------------------------------------------------------------------------------


def test_the_backend_is_seen_in_the_table_and_not_in_a_version():
    for version in ("26.1.5", "29.0.0", "31.0.0"):
        state = docker("published").model_copy(update={"version": version})
        assert all(line.why for line in explained("published", state=state).lines if line.text)


def test_with_the_other_backends_chains_nothing_is_called_dockers():
    """A daemon that changes its backend removes what the other one wrote: with both there, who wrote the table is not known."""
    both = "*nat\n:DOCKER - [0:0]\nCOMMIT\n*filter\n:DOCKER - [0:0]\nCOMMIT\n"
    assert {line.about for line in explained("published", iptables=both).lines} == {()}


def test_with_this_backend_docker_writes_nothing_to_iptables():
    iptables = "*filter\n:FORWARD ACCEPT [0:0]\n[0:0] -A FORWARD -i docker0 -j ACCEPT\nCOMMIT\n"
    place = host(text("published"), iptables)
    (line,) = [
        one for one in explain(place, "filter", place.views["filter"], docker("published")).lines if "-A FORWARD" in one.text
    ]
    assert line.about == (NOT_DOCKER,)


def test_the_switch_of_the_proxy_is_seen_in_the_rules():
    assert know(host(text("no-proxy")), docker("no-proxy")).proxy is False
    assert know(host(text("published")), docker("published")).proxy is True
    jump = re.compile(r"(?m)^.*daddr != 127.0.0.0/8 fib.*\n")
    unclear = explained("published", jump.sub("", text("published")))
    dnat = next(line for line in unclear.lines if "dport 8080" in line.text and "dnat" in line.text)
    assert (dnat.why, dnat.about) == ("", ())


def test_what_a_newer_daemon_may_write_is_not_called_somebody_elses():
    bridge = f"br-{docker('published').networks[1].id[:12]}"
    newer = f'\t\tip daddr 172.18.0.0/16 iifname != {{ "lo", "{bridge}" }} counter packets 0 bytes 0 drop'
    newer += ' comment "SUBNET DROP EXTERNAL"\n'
    nft = text("published").replace("priority raw; policy accept;\n", f"priority raw; policy accept;\n{newer}", 1)
    (line,) = [one for one in explained("published", nft).lines if "SUBNET" in one.text]
    assert (line.why, line.about) == ("", ())


def test_a_network_that_is_being_made_is_not_called_somebody_elses():
    """Its rules are there before the daemon tells of it."""
    state = docker("published")
    fewer = state.model_copy(update={"networks": state.networks[:1], "containers": ()})
    made = f"br-{state.networks[1].id[:12]}"
    for line in explained("published", state=fewer).lines:
        if made in line.text:
            assert (line.why, line.about) == ("", ()) or "chain" in line.text


def test_a_lessons_closing_card_counts_the_rules_of_this_backend():
    place = host(text("published"))
    world = World(Snapshot(sandbox="s", places={"h1": place}, docker={"h1": docker("published")}))
    assert summary.way_out(world, place).startswith("3 MASQUERADE rules")
    assert summary.way_in(world, place).startswith("port 8080 to 172.18.0.2:80, port 5353 to 172.18.0.2:53")
    assert summary.borders(world, place).startswith("3 DROP rules")


def test_the_chain_for_ones_own_rules_is_not_asked_by_this_backend():
    iptables = "*filter\n:DOCKER-USER - [0:0]\n[0:0] -A DOCKER-USER -j DROP\nCOMMIT\n"
    place = host(text("published"), iptables)
    lines = explain(place, "filter", place.views["filter"], docker("published")).lines
    assert next(line.why for line in lines if "-A DOCKER-USER" in line.text) == UNLIKE.text


# --- look-alikes ------------------------------------------------------------------------------------------------------

ENDS = {"drop": "accept", "accept": "drop", "masquerade": "accept"}


def mutations(line):
    """The line with one thing changed, as somebody could load it."""
    yield re.sub(r"172\.(\d+)\.0\.", r"10.\1.0.", line)
    yield re.sub(r"fd00:", "fd01:", line)
    yield re.sub(r"dport (\d+)", lambda found: f"dport {int(found[1]) + 1}", line)
    yield re.sub(r':(\d+) comment "DNAT"', lambda found: f':{int(found[1]) + 1} comment "DNAT"', line)
    yield re.sub(r'(iifname|oifname)( !=)? "[^"]+"', r'\1\2 "eth0"', line)
    yield re.sub(r'(iifname|oifname) != "', r'\1 "', line)
    yield re.sub(r"priority \S+;", "priority 7;", line)
    yield line.replace("policy accept", "policy drop")
    yield line.replace("tcp", "udp")
    yield line.replace("counter packets 0 bytes 0 ", "")
    yield re.sub(r" (accept|drop|masquerade)\b", lambda found: f" {ENDS[found[1]]}", line) if "policy" not in line else line
    yield re.sub(r'comment "[^"]*"', 'comment "mine"', line)
    yield re.sub(r'" : jump \S+?(,| \})?$', r'" : drop\1', line)
    yield line.replace("established,related", "established")
    yield f'{line} comment "mine"' if "counter" in line and "comment" not in line else line


LINES = [(name, number) for name in SITUATIONS for number in range(len(told(name)["nft"]))]


@given(st.data())
@settings(max_examples=500)
def test_a_line_with_one_thing_changed_is_not_dockers(data):
    name, number = data.draw(st.sampled_from(LINES))
    lines = list(told(name)["nft"])
    typed = data.draw(st.sampled_from(list(mutations(lines[number]))))
    if typed == lines[number]:
        return
    key = lines[number].strip()
    if any(one.strip() == typed.strip() for one in lines):
        return  # another of Docker's own lines came out
    lines[number] = typed
    shown = explained(name, "\n".join(lines) + "\n").lines
    line = next(one for one in shown if one.text == typed)
    assert line.about in ((NOT_DOCKER,), ()), (name, key, line)
    assert "Because" not in line.why, (name, key, line)


@pytest.mark.parametrize("name", ["published", "ipv6", "no-proxy"])
def test_every_rule_that_is_typed_a_second_time_is_not_dockers(name):
    lines = told(name)["nft"]
    rules = [number for number, line in enumerate(lines) if line.startswith("\t\t") and "counter" in line]
    for number in rules:
        doubled = [*lines[: number + 1], lines[number], *lines[number + 1 :]]
        seen = explained(name, "\n".join(doubled) + "\n")
        (line,) = [one for one in seen.lines if one.key.startswith("rule:") and one.key.endswith("#2")]
        assert (line.why, line.about) == (AGAIN.text, AGAIN.about)


@pytest.mark.parametrize(
    "more",
    [
        "\tchain mine {\n\t\tcounter packets 0 bytes 0 accept\n\t}\n",
        '\tset docker0 {\n\t\ttype ifname\n\t\telements = { "docker0" }\n\t}\n',
    ],
)
def test_what_somebody_adds_to_dockers_table_is_not_dockers(more):
    begin = "table ip docker-bridges {\n"
    seen = explained("published", text("published").replace(begin, f"{begin}{more}", 1))
    strange = [one for one in seen.lines if one.text in more.splitlines() and one.text.strip() not in ("}", "")]
    assert strange
    for line in strange:
        assert line.about == (NOT_DOCKER,), line
        assert UNLIKE.text in line.why


def test_of_a_table_of_somebody_elses_nothing_is_dockers():
    nft = text("published").replace("table ip docker-bridges", "table ip docker_bridges")
    place = host(nft)
    seen = explain(place, "raw", place.views["raw"], docker("published"))
    fours = [line for line in seen.lines if ":docker_bridges" in line.key and line.text.strip()]
    assert fours
    assert {line.about for line in fours if not line.key.startswith("blank:")} == {(NOT_DOCKER,)}


# --- the name server in containers ------------------------------------------------------------------------------------

DNS = """table ip docker-dns {
	chain dns-dnat {
		type nat hook output priority dstnat; policy accept;
		ip daddr 127.0.0.11 udp dport 53 counter packets 2 bytes 126 dnat to 127.0.0.11:41234
		ip daddr 127.0.0.11 tcp dport 53 counter packets 0 bytes 0 dnat to 127.0.0.11:35001
	}

	chain dns-snat {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 127.0.0.11 udp sport 41234 counter packets 0 bytes 0 snat to :53
		ip saddr 127.0.0.11 tcp sport 35001 counter packets 0 bytes 0 snat to :53
	}
}
"""


def in_container(nft, name="web"):
    views = {view: observe(view, "") for view in ("nat", "filter")} | {"raw": observe("raw", "", "", "", "", nft)}
    place = Place(id=f"h1/{name}", kind="container", host="h1", name=name, views=views)
    return explain(place, "raw", views["raw"], docker("published")).lines


def test_every_line_of_the_name_servers_table_says_why():
    for line in in_container(DNS):
        assert bool(line.why) == bool(line.text), line
        assert line.about == (("container:web", "network:town") if line.text else ()), line


@pytest.mark.parametrize(
    ("of", "to"),
    [
        ("dnat to 127.0.0.11:41234", "dnat to 127.0.0.11:41235"),
        ("udp dport 53", "udp dport 54"),
        ("ip daddr 127.0.0.11 tcp", "ip daddr 10.0.0.53 tcp"),
        ("sport 41234 counter packets 0 bytes 0 snat to :53", "sport 41234 counter packets 0 bytes 0 snat to :54"),
        ("hook output priority dstnat", "hook output priority filter"),
        ("docker-dns", "dns"),
    ],
)
def test_a_name_server_that_somebody_typed_is_not_dockers(of, to):
    typed = DNS.replace(of, to, 1)
    was = {line.text for line in in_container(DNS)}
    changed = [line for line in in_container(typed) if line.text not in was]
    assert changed
    for line in changed:
        assert not any(owner.startswith(("container:", "network:")) for owner in line.about), line


def test_a_container_on_no_network_of_ones_own_has_no_name_server():
    state = docker("at-an-address")
    place = Place(id="h1/lan", kind="container", host="h1", name="lan", views={"raw": observe("raw", "", "", "", "", DNS)})
    for line in explain(place, "raw", place.views["raw"], state).lines:
        assert not any(owner.startswith("container:") for owner in line.about)
