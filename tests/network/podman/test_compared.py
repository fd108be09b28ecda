"""Podman as a column: which variants it has, what they are called, the words that make them, the reasons for their answers."""

from __future__ import annotations

import pytest

from explorer.lab.compare.make import Maker
from explorer.network.comparison import ready_sets
from explorer.network.comparison.model import Column
from explorer.network.comparison.reasons import UNEXPLAINED, reason
from explorer.network.comparison.spec import BadSpec, make_spec
from explorer.network.comparison.variants import NoVariant, all_variants, find_variant, ready_set
from explorer.network.drivers.compared import Cell, Transcript

PODMAN = find_variant("bridge@podman")
ABLE = {name for name, variant in all_variants().items() if variant.in_podman}


def why(variant, row, mark, word="", evidence=()):
    return reason(find_variant(variant), Cell(row=row, mark=mark, word=word or mark, number=1, evidence=evidence))


def test_a_variant_with_podman_has_its_name_and_its_program():
    assert (PODMAN.id, PODMAN.title, PODMAN.engine, PODMAN.program) == ("bridge@podman", "bridge (Podman)", "podman", "podman")
    assert find_variant("bridge-loopback@podman").title == "bridge (port at 127.0.0.1, Podman)"
    assert find_variant("bridge@28").program == "docker"


def test_what_is_dockers_alone_is_refused_with_what_there_is():
    assert {"bridge", "bridge-internal", "bridge-loopback", "host", "none", "macvlan"} <= ABLE
    for word in ("bridge-no-icc", "bridge-no-proxy", "overlay", "third-party", "ipvlan"):
        with pytest.raises(NoVariant, match="is Docker's alone; with Podman there are bridge, "):
            find_variant(f"{word}@podman")
    with pytest.raises(BadSpec, match="is Docker's alone"):
        make_spec(["bridge", "overlay"], engine="podman")


def test_the_set_is_there_where_podman_is():
    assert ready_set("podman", ("26", "podman")).variants == (
        "bridge",
        "bridge@podman",
        "bridge-loopback",
        "bridge-loopback@podman",
    )
    assert "podman" not in ready_sets(("26", "28"))
    with pytest.raises(NoVariant, match="needs hosts with Podman, and here is 26 and 28"):
        ready_set("podman", ("26", "28"))


def test_a_set_of_versions_has_no_podman_in_it_and_none_of_the_others_breaks():
    assert ready_sets(("26", "28", "podman"))["engines"].variants == ("bridge@26", "bridge@28")
    assert ready_sets(("26", "28", "podman")).keys() == ready_sets(("26", "28")).keys() | {"podman"}
    assert ready_sets(("podman",))["podman"]


def test_it_is_made_with_the_words_of_podman():
    facts = {"lans": {"lan": "10.77.0.0/24"}, "hosts": {"h1": {"address": "10.77.0.11"}}, "machines": {}}
    maker = Maker(None, facts, PODMAN, lambda: None)
    words = [order.command for order in (*maker._network(), *maker._containers())]
    assert words[0] == "podman network create -d bridge town"
    assert all(text.startswith("podman ") for text in words)


def test_the_version_of_a_column_is_podmans():
    assert Column(variant=PODMAN, engine="5.8.6").engine_words == "Podman 5.8.6"
    assert Column(variant=find_variant("bridge"), engine="26.1.5").engine_words == "Engine 26.1.5"


@pytest.mark.parametrize(
    ("row", "mark", "word"),
    [
        ("netns", "yes", ""),
        ("address", "yes", ""),
        ("by-name", "yes", ""),
        ("outward", "yes", ""),
        ("mtu", "value", "1500"),
        ("seen-as", "value", "the host's"),
        ("inward", "no", ""),
        ("published", "yes", ""),
        ("from-host", "yes", ""),
        ("host-published", "yes", ""),
        ("host-interfaces", "value", ""),
        ("host-routes", "value", ""),
        ("host-rules", "value", ""),
        ("host-fdb", "value", ""),
        ("across", "no", ""),
    ],
)
def test_every_answer_of_its_bridge_has_a_reason_that_is_not_dockers(row, mark, word):
    told = why("bridge@podman", row, mark, word)
    assert told != UNEXPLAINED
    assert "Docker" not in told
    assert "proxy" not in told
    assert "127.0.0.11" not in told


def test_what_listens_is_read_from_what_was_seen():
    seen = Transcript(where="h1", command="ss -Hltnp", output='LISTEN 0 4096 0.0.0.0:8080 users:(("conmon",pid=1,fd=5))')
    none = Cell(row="proxies", mark="value", word="none", number=0, evidence=(seen,))
    assert "conmon listens only to keep the port" in reason(PODMAN, none)
    assert reason(PODMAN, none.model_copy(update={"evidence": ()})) == "nobody listens for it"


def test_reasons_of_docker_are_as_they_were():
    assert "Docker" in why("bridge", "netns", "yes")
    assert why("macvlan@podman", "address", "yes") == "it is an address of the LAN itself"
    assert "for the host" not in why("host@podman", "published", "no")
