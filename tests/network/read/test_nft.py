"""The reader of `nft list ruleset`: a capture with one of every kind, and whatever a host may print instead."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.differ import diff
from explorer.network.explain import explain
from explorer.network.model import Chain, Place, Rule
from explorer.network.nft.facts import Elements, NftSet, Table, priority
from explorer.network.read.nft_rule import pieces, read_rule, split_words, uncounted
from explorer.network.read.text import LINE_LENGTH, LINES, bounded_lines
from explorer.network.timeline import describe
from explorer.network.views import observe
from tests.network.captured import CAPTURES

KINDS = (CAPTURES / "nft" / "kinds.txt").read_text()


def read(text, iptables="", ip6=""):
    return observe("raw", iptables, ip6, "", "", text)


@cache
def kinds():
    return read(KINDS)


def of(kind, seen=None):
    return [item for item in (seen or kinds()).items if isinstance(item, kind)]


def rule(*words):
    (found,) = [item for item in of(Rule) if all(word in item.spec for word in words)]
    return found


def test_every_line_is_shown_in_order():
    assert [line.text for line in kinds().lines] == KINDS.splitlines()
    assert kinds().command == "nft list table ip mine; nft list table inet two"


def test_tables_are_named_with_their_family():
    assert [(item.table, item.flags) for item in of(Table)] == [("mine", ()), ("inet two", ("dormant",))]
    assert {item.table for item in of(Rule)} == {"mine", "inet two"}


def test_a_chain_says_where_packets_meet_it():
    chains = {item.name: item for item in of(Chain)}
    base = chains["base"]
    assert (base.type, base.hook, base.priority, base.policy) == ("filter", "prerouting", "raw", "DROP")
    assert (chains["in"].hook, chains["in"].device, chains["in"].priority) == ("ingress", "lo", "-500")
    assert chains["out"].priority == "srcnat + 5"
    assert (chains["other"].hook, chains["other"].policy) == ("", "")
    assert {item.tool for item in of(Chain)} == {"nft"}


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("dstnat", "-100"),
        ("srcnat + 5", "105"),
        ("raw - 10", "-310"),
        ("7", "7"),
        ("x + 1", "x + 1"),
        ("filter + ²", "filter + ²"),
    ],
)
def test_a_priority_is_a_number_whatever_nft_calls_it(words, number):
    assert priority(words) == number


def test_sets_and_maps_have_their_elements():
    sets = {item.name: item for item in of(NftSet)}
    assert (sets["from"].what, sets["from"].type) == ("map", "ifname : verdict")
    assert (sets["ports"].what, sets["ports"].type, sets["ports"].flags) == ("set", "inet_service", ("interval",))
    found = {}
    for item in of(Elements):
        found.setdefault(item.set, []).extend(item.elements)
    assert found == {
        "seen": [("10.0.0.4", ""), ("10.0.0.5", "")],
        "ports": [("80", ""), ("443", ""), ("8080-8090", "")],
        "counted": [("80", ""), ("443", "")],
        "to": [("10.0.0.4 . 80", "10.0.1.1 . 8080")],
        "from": [("docker0", "jump other"), ("br-0123456789ab", "drop")],
    }
    assert [item.packets for item in of(Elements) if item.set == "counted"] == [0, 0]


def test_what_a_rule_matches_and_does():
    first = rule("@seen")
    assert (first.position, first.in_interface, first.source, first.target) == (1, "docker0", "@seen", "DROP")
    assert rule("vmap @from").target == "@from"
    outside = rule("172.17.0.0/16", "drop")
    assert (outside.in_interface, outside.destination) == ("!{lo, docker0}", "172.17.0.0/16")
    assert outside.spec.endswith('counter drop comment "counter packets 1 bytes 2 accept"')
    assert (outside.packets, outside.bytes) == (0, 0)
    assert (rule("80-90").protocol, rule("80-90").destination_port, rule("80-90").target) == ("tcp", "80-90", "ACCEPT")
    assert rule("fib daddr").target == "other"
    assert (rule("random").out_interface, rule("random").target) == ("!docker0", "MASQUERADE")
    assert (rule("fd00::/8").target, rule("fd00::/8").to_source) == ("SNAT", "fd00::1")
    assert (rule("8080").target, rule("8080").to_destination) == ("DNAT", "172.17.0.2:80")
    assert rule("ip6 daddr").to_destination == "[fd00::2]:5353"
    assert (rule("redirect").target, rule("redirect").to_destination) == ("REDIRECT", ":5353")
    assert rule("established,related").ct_state == "established,related"
    assert rule("ct state vmap").target == ""


def test_what_iptables_prints_is_shown_by_iptables_alone():
    dump = "table ip nat {\n\tchain PREROUTING {\n\t\tcounter packets 0 bytes 0 accept\n\t}\n}\n"
    whole = "*nat\n:PREROUTING ACCEPT [0:0]\n[0:0] -A PREROUTING -j ACCEPT\nCOMMIT\n"
    assert of(Rule, read(dump + KINDS, whole)) == of(Rule)
    six = read(dump.replace("table ip ", "table ip6 "), "", whole)
    assert [item.table for item in of(Rule, six)] == ["ip6 nat"]
    assert not [line for line in six.lines if line.key.startswith("nft:")]


def test_of_a_table_that_iptables_prints_in_part_nft_shows_the_rest():
    """Otherwise its rules would be counted twice, or the chains that iptables leaves out never seen."""
    part = "# Table `filter' contains incompatible base-chains, use 'nft' tool to list them.\n"
    part += "*filter\n:FORWARD ACCEPT [0:0]\n[0:0] -A FORWARD -j ACCEPT\nCOMMIT\n"
    dump = "table ip filter {\n\tchain FORWARD {\n\t\tcounter accept\n\t}\n\n\tchain mine {\n\t\tcounter drop\n\t}\n}\n"
    assert [item.chain for item in of(Rule, read(dump, part))] == ["mine"]
    assert [line.text for line in read(dump, part).lines if line.text.startswith("table")] == ["table ip filter {"]


def test_our_own_table_says_what_it_is():
    ours = "table inet explorer-trace { # progname nft\n\tflags owner\n\n\tchain arrived {\n\t\ttype filter hook prerouting"
    ours += " priority -400; policy accept;\n\t\tip saddr 10.0.0.4 meta nftrace set 1\n\t}\n}\n"
    place = Place(id="h1", kind="host", host="h1", name="h1")
    lines = explain(place, "raw", read(ours), None).lines
    assert {line.why for line in lines if line.text} == {
        "The explorer's own, while it follows a packet: it asks the kernel to trace. It goes when the journey is told."
    }


# --- changes ----------------------------------------------------------------------------------------------------------


def test_a_rule_that_is_added_lights_up_alone():
    more = KINDS.replace("\t\tgoto other\n", '\t\tiifname "eth0" counter packets 3 bytes 9 drop\n\t\tgoto other\n')
    found = diff(kinds(), read(more))
    assert found.added == ('rule:mine:base:iifname "eth0" counter drop',)
    assert not found.changed
    told = describe(Place(id="h1", kind="host", name="h1"), "raw", found, kinds(), read(more), None)
    assert told == ["DROP (in eth0) added to mine/base"]


def test_a_network_that_is_added_changes_no_other_element():
    more = KINDS.replace('"br-0123456789ab" : drop }', '"br-0123456789ab" : drop,\n\t\t\t     "br-1" : jump other }')
    found = diff(kinds(), read(more))
    assert (found.added, found.changed) == (("element:mine:from:br-1",), ())
    told = describe(Place(id="h1", kind="host", name="h1"), "raw", found, kinds(), read(more), None)
    assert told == ["br-1 (jump other) added to mine/from"]
    assert diff(read(more), kinds()).removed[0].key == "element:mine:from:br-1"


def test_a_chain_at_the_end_changes_no_other_chain():
    more = KINDS.replace("\t\tgoto other\n\t}\n", "\t\tgoto other\n\t}\n\n\tchain last {\n\t}\n")
    assert (diff(kinds(), read(more)).added, diff(kinds(), read(more)).changed) == (("chain:mine:last",), ())


def test_counters_pass_and_a_policy_does_not():
    counted = read(KINDS.replace("packets 0 bytes 0", "packets 5 bytes 420"))
    found = diff(kinds(), counted)
    assert found.changed
    assert (found.added, found.removed, found.lasting) == ((), (), ())
    assert {item.packets for item in of(Rule, counted) if "counter" in item.spec and "name" not in item.spec} == {5}
    changed = diff(kinds(), read(KINDS.replace("policy drop", "policy accept")))
    assert changed.lasting == ("chain:mine:base",)


# --- hostile ----------------------------------------------------------------------------------------------------------

PIECES = [
    "table ip mine {",
    "table inet two { # progname nft",
    "table ip nat {",
    "}",
    "\tchain a {",
    "\tset s {",
    "\tmap m {",
    "\tcounter c {",
    "\t}",
    "",
    "\t\ttype filter hook forward priority filter; policy drop;",
    "\t\ttype ifname : verdict",
    "\t\telements = { 1, 2,",
    '\t\telements = { "a" : jump a }',
    '\t\t\t     "b" : drop,',
    "\t\t\t     3 }",
    '\t\tcounter packets 1 bytes 2 accept comment "}"',
    '\t\tip daddr "',
    "\t\tiifname != { 1, {",
    "\tflags owner",
    "# a note",
]
WORD = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8)
DUMP = st.lists(st.sampled_from(PIECES) | WORD | WORD.map(lambda word: f"\t\t{word}"), max_size=30).map("\n".join)


@given(DUMP)
def test_every_line_is_shown_once_and_nothing_is_invented(text):
    seen = read(text)
    notes = [line for line in bounded_lines(text)[0] if line.startswith("#")]
    assert sorted(line.text for line in seen.lines) == sorted(bounded_lines(text)[0])
    assert [line.text for line in seen.lines if line.text not in notes] == [
        line for line in bounded_lines(text)[0] if line not in notes
    ]
    keys = [item.key for item in seen.items]
    assert len(keys) == len(set(keys))
    assert set(keys) <= {line.key for line in seen.lines}
    shown = {line.key: line.text for line in seen.lines}
    assert all(item.spec == uncounted(shown[item.key].strip()) for item in of(Rule, seen))
    assert diff(seen, read(text)).changed == ()


@given(st.text(max_size=200), st.sampled_from(["{", '"', " ", ",", "\\"]))
def test_words_of_a_rule_lose_nothing(text, more):
    told = f"{more}{text}{more}"
    assert " ".join(pieces(told, " ")) == told
    assert "".join(split_words(told)) == told.replace(" ", "") or '"' in told or "{" in told
    other = read_rule(told, told)["other"]
    assert isinstance(other, tuple)
    assert len(other) <= 256


@pytest.mark.parametrize("line", ["\t\telements = { " + "1, " * 3_000, "\t\t" + "tcp dport { " * 900, '\t\t"' * 2_000])
def test_size_and_time_are_bounded(line):
    seen = read("table ip mine {\n\tset s {\n" + f"{line}\n" * 2_100)
    assert seen.truncated
    assert len(seen.lines) <= LINES
    assert all(len(one.text) <= LINE_LENGTH and len(one.key) < 300 for one in seen.lines)
