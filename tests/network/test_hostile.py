"""Whatever a host prints: nothing is raised, nothing is lost, nothing grows without bound."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.differ import Difference, diff
from explorer.network.explain import explain
from explorer.network.model import Observation, Place, Rule
from explorer.network.read.docker import read_docker
from explorer.network.read.text import LINE_LENGTH, LINES, TURNING, bounded_lines
from explorer.network.timeline import describe
from explorer.network.views import VIEWS, observe
from tests.network.captured import CAPTURES, FILES, docker, items, text

H1 = CAPTURES / "bridge" / "5-traffic" / "h1"
WORDS = [
    "[",
    "]",
    ":",
    "<",
    "@",
    "-A",
    "!",
    "dev",
    "lladdr",
    "src=",
    "master",
    "*nat",
    "*filter",
    "COMMIT",
    "# Completed",
    '"',
    "\\",
]
ANY = st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape"))
NEARLY = st.lists(st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=8).map(" ".join), max_size=12).map("\n".join)
VIEW = st.sampled_from([view for view, row in VIEWS.items() if row.reader])


@st.composite
def mutated(draw, view):
    """A capture with lines dropped, doubled, cut or written over."""
    lines = text(H1, FILES[view][0]).splitlines()
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["drop", "double", "cut", "write"]))
        if how == "cut":
            lines[at] = lines[at][: draw(st.integers(0, 60))]
        elif how == "write":
            lines[at] = draw(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40))
        else:
            lines[at : at + 1] = [lines[at]] * (0 if how == "drop" else 2)
        lines = lines or [""]
    return lines


@given(VIEW, ANY | NEARLY)
def test_any_text_is_read(view, told):
    seen = observe(view, told)
    assert Observation.model_validate_json(seen.model_dump_json()) == seen
    keys = [item.key for item in seen.items]
    assert len(keys) == len(set(keys))


TURNED = st.text(st.characters() | st.sampled_from([chr(code) for code in TURNING]), max_size=40)


@given(VIEW, st.lists(TURNED, max_size=6).map("\n".join))
def test_no_view_has_a_character_that_turns_the_text_around_it(view, told):
    """Such a character can make 10.0.0.1 look like 1.0.0.01, or hide that a name belongs to another."""
    assert not {chr(code) for code in TURNING} & set(observe(view, told).model_dump_json())


@given(TURNED)
def test_no_daemon_gives_a_name_that_turns_the_text_around_it(word):
    network = {"Id": word, "Name": word, "Driver": word, "Options": {word: word}}
    ports = {"80/tcp": [{"HostIp": word, "HostPort": "80"}]}
    endpoints = {word: {"IPAddress": word, "MacAddress": word, "Aliases": [word]}}
    container = {"Id": word, "Name": word, "State": {"Status": word}, "Config": {"Image": word}}
    container["NetworkSettings"] = {"Ports": ports, "Networks": endpoints}
    seen = read_docker("h1", {"Version": word}, [network], [container])
    assert not {chr(code) for code in TURNING} & set(seen.model_dump_json())


@given(st.sampled_from(["neighbours", "fdb", "connections"]), ANY | NEARLY)
def test_these_views_keep_every_line(view, told):
    lines = told.split("\n")[: None if not told.endswith("\n") else -1] if told else []
    assert len(observe(view, told).lines) == len(lines)


@pytest.mark.parametrize("view", ["neighbours", "fdb", "connections"])
@given(data=st.data())
def test_a_mutated_capture_keeps_its_lines(view, data):
    lines = data.draw(mutated(view))
    assert [line.text for line in observe(view, "\n".join(lines) + "\n").lines] == lines


@given(data=st.data())
def test_a_mutated_plain_ip_addr_keeps_its_lines(data):
    plain = [line for line in data.draw(mutated("interfaces")) if " promiscuity " not in line]
    assert [line.text for line in observe("interfaces", "\n".join(plain) + "\n").lines] == plain


@given(data=st.data())
def test_a_mutated_rule_set_keeps_its_rules(data):
    """Lines of the table, whatever they have become, are shown once each and in order."""
    body = [line for line in data.draw(mutated("nat")) if not line.startswith(("*", "#", "COMMIT"))]
    seen = observe("nat", "\n".join(["*nat", *body, "COMMIT", "# Completed"]))
    assert [line.text for line in seen.lines] == ["*nat", *body, "COMMIT", "# Completed"]


@given(VIEW, ANY | NEARLY)
def test_nothing_differs_from_itself(view, told):
    assert diff(observe(view, told), observe(view, told)) == Difference()


@given(VIEW, ANY | NEARLY, ANY | NEARLY)
def test_what_is_added_one_way_is_removed_the_other(view, one, other):
    before, after = observe(view, one), observe(view, other)
    there, back = diff(before, after), diff(after, before)
    assert set(there.added) == {line.key for line in back.removed}
    assert set(back.added) == {line.key for line in there.removed}
    assert set(there.changed) == set(back.changed)


@given(VIEW, ANY | NEARLY, ANY | NEARLY)
def test_anything_can_be_told_and_explained(view, one, other):
    place = Place(id="h1", kind="host", host="h1", name="h1", views={"interfaces": observe("interfaces", one)})
    before, after = observe(view, one), observe(view, other)
    told = describe(place, view, diff(before, after), before, after, docker("5-traffic"))
    assert all("\n" not in sentence for sentence in told)
    explained = explain(place, view, after, docker("5-traffic"))
    assert [(line.text, line.key) for line in explained.lines] == [(line.text, line.key) for line in after.lines]
    assert explained.items == after.items


@settings(max_examples=20)
@given(VIEW, st.sampled_from([*WORDS, "a", "1: ", "\x1b"]))
def test_size_is_bounded(view, word):
    seen = observe(view, "\n".join([word * 5_000] * 2_100))
    assert seen.truncated
    assert len(seen.lines) <= LINES
    assert all(len(line.text) <= LINE_LENGTH and len(line.key) < 300 for line in seen.lines)


def test_escape_sequences_are_made_visible():
    seen = observe("neighbours", "10.0.0.1 dev e\x1b[2Jx lladdr 02:00:00:00:00:01 STALE\n")
    assert seen.lines[0].text == "10.0.0.1 dev e␛[2Jx lladdr 02:00:00:00:00:01 STALE"
    assert items(seen)[0].dev == "e␛[2Jx"


DUMPED = [
    "*raw",
    "*nat",
    "*filter",
    "COMMIT",
    "# Completed",
    "# Generated",
    "-A X -j DROP",
    ":X - [0:0]",
    "[1:2] -A X -s 1.2.3.4/32 -j ACCEPT",
    "# Table `nat' is incompatible, use 'nft' tool.",
    "table ip mine {",
    "table ip nat {",
    "\tchain c {",
    "\t}",
    "}",
    "# Warning",
]
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8)
DUMP = st.lists(st.sampled_from(DUMPED) | PRINTABLE, max_size=14).map("\n".join)


@given(ANY | NEARLY | DUMP)
def test_no_line_of_a_rule_set_stays_unseen(told):
    """Between them, the views show every line that iptables-save prints."""
    shown = {line.text for view in ("nat", "filter", "raw") for line in observe(view, told).lines}
    lines, _ = bounded_lines(told)
    assert set(lines) <= shown


@given(DUMP, DUMP, DUMP, DUMP, DUMP)
def test_what_other_programs_made_is_shown_once_and_as_printed(text, ip6, legacy, ip6_legacy, nft):
    seen = observe("raw", text, ip6, legacy, ip6_legacy, nft)
    shown = [line.text for line in seen.lines]
    for told in (ip6, legacy, ip6_legacy):
        assert Counter(bounded_lines(told)[0]) <= Counter(shown)
    keys = [line.key for line in seen.lines]
    assert {item.key for item in seen.items} <= set(keys)
    assert all(
        item.spec in shown or any(line.endswith(item.spec) for line in shown) for item in seen.items if isinstance(item, Rule)
    )


@given(st.lists(st.sampled_from(["ip mine", "inet mine", "ip nat", "ip6 nat", "bridge filter"]), unique=True))
def test_of_what_nft_lists_only_what_iptables_prints_is_left_out(tables):
    dump = "".join(f"table {table} {{\n\tchain c {{\n\t}}\n}}\n" for table in tables)
    seen = observe("raw", "*nat\nCOMMIT\n", "", "", "", dump)
    assert [line.text for line in seen.lines if line.text.startswith("table")] == [
        f"table {table} {{" for table in tables if table != "ip nat"
    ]
    there = observe("raw", "*nat\nCOMMIT\n# Completed\n# Table `nat' is incompatible, use 'nft' tool.\n", "", "", "", dump)
    assert len(there.lines) == 4 * len(tables), "nat is not whole there"


@pytest.mark.parametrize("view", ["nat", "filter", "raw"])
@given(data=st.data())
def test_a_rules_spec_is_the_printed_text(view, data):
    told = "\n".join(data.draw(mutated("filter")))
    seen = observe(view, told)
    texts = {line.key: line.text for line in seen.lines}
    for item in seen.items:
        if isinstance(item, Rule):
            text = texts[item.key]
            assert item.spec == (text.partition(" ")[2] if text.startswith("[") else text)
