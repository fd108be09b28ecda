"""The rules of both versions of Docker Engine, from captures of real hosts: read whole, shown once, explained each."""

from __future__ import annotations

import pytest

from explorer.lab.images.recipes import ENGINES
from explorer.network.explain import explain
from explorer.network.model import Place, Rule, View
from explorer.network.read import read_docker
from explorer.network.views import observe
from tests.engine.situations import SITUATIONS, tables
from tests.network.captured import CAPTURES, text

FOLDERS = [CAPTURES / "rules" / engine / situation for engine in ENGINES for situation in SITUATIONS]
RULES: tuple[View, ...] = ("nat", "filter", "raw")


def seen_in(folder):
    whole = text(folder, "iptables-save")
    names = read_docker("h1", *((folder / f"{name}.json").read_text() for name in ("version", "networks", "containers")))
    views = {view: observe(view, whole) for view in ("nat", "filter")}
    views["raw"] = observe("raw", whole, text(folder, "ip6tables-save"), "", "", text(folder, "nft-list-ruleset"))
    views["interfaces"] = observe("interfaces", text(folder, "ip-d-addr"))
    place = Place(id="h1", kind="host", host="h1", name="h1", views=views)
    return {view: explain(place, view, views[view], names) for view in RULES}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_every_rule_is_shown_in_order_and_says_why(folder):
    found: dict[str, list[str]] = {}
    for seen in seen_in(folder).values():
        why = {line.key: line.why for line in seen.lines}
        for item in seen.items:
            if isinstance(item, Rule):
                assert why[item.key], item.spec
                found.setdefault(item.table, []).append(item.spec)
    six = {f"ip6 {table}": rules for table, rules in tables(text(folder, "ip6tables-save")).items()}
    assert found == tables(text(folder, "iptables-save")) | six


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_each_table_is_what_the_tool_prints_of_it_alone(folder):
    for view in ("nat", "filter"):
        alone = [line for line in text(folder, f"iptables-save-{view}").splitlines() if not line.startswith("#")]
        shown = [line.text for line in seen_in(folder)[view].lines if not line.text.startswith("#")]
        assert shown == alone
    alone = [line for line in text(folder, "iptables-save-raw").splitlines() if not line.startswith("#")]
    lines = [line.text for line in seen_in(folder)["raw"].lines]
    assert all(line in lines for line in alone if line.startswith(("[", "-A")))


def test_what_the_versions_do_differently():
    """Engine 28 keeps a container's own address from elsewhere in the table raw; Engine 26 does not have it."""
    raw = {
        engine: [
            item.spec
            for item in seen_in(CAPTURES / "rules" / engine / "loopback")["raw"].items
            if isinstance(item, Rule) and item.table == "raw"
        ]
        for engine in ENGINES
    }
    assert raw["26"] == []
    assert "-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8081 -j DROP" in raw["28"]


def test_nft_is_not_shown_again():
    for folder in FOLDERS:
        assert not [line for line in seen_in(folder)["raw"].lines if line.key.startswith("nft:")]
