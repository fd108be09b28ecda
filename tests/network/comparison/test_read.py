"""Cells are read from what commands really printed; an answer that is odd, missing or hostile makes no false statement."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.network.comparison.read import read_cells
from explorer.network.comparison.rows import ROWS_BY_KEY
from explorer.network.comparison.scene import Heard
from tests.network.comparison.kept import VARIANTS, heard
from tests.network.comparison.truths import TRUTHS, before_ipv6


def cells_of(scene, answers):
    return {cell.row: cell for cell in read_cells(scene, answers)}


def with_text(answers, key, text, status=0):
    old = answers[key]
    evidence = old.evidence.model_copy(update={"status": status, "output": text[:4096]})
    return answers | {key: Heard(evidence, text, old.seconds)}


def test_every_variant_with_a_truth_was_seen():
    assert set(VARIANTS) == set(TRUTHS)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_was_seen_is_read_as_it_is(name):
    cells = cells_of(*heard(name))
    read = {row: (cell.mark, cell.word) for row, cell in cells.items() if not ROWS_BY_KEY[row].varies}
    assert read == {row: truth for row, truth in before_ipv6(name).items() if row in read}
    assert {"netns", "address", "mtu", "by-address", "seen-as", "published", "across", "proxies"} <= read.keys()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_statement_carries_what_it_was_read_from(name):
    for cell in read_cells(*heard(name)):
        assert cell.evidence, cell.row
        assert all(one.command and one.where for one in cell.evidence)


def test_time_and_memory_are_those_of_the_work():
    scene, answers = heard("bridge")
    cells = cells_of(scene, answers)
    assert cells["up"].number == pytest.approx(sum(answers[key].seconds for key in ("network", "server", "client")), abs=0.01)
    assert cells["memory"].unit == "MiB"
    assert 5 < cells["memory"].number < 200


def test_nothing_is_said_before_there_is_an_answer():
    scene, answers = heard("bridge")
    assert read_cells(scene, {}) == []
    some = {key: answers[key] for key in ("client.by-name",)}
    assert set(cells_of(scene, some)) == {"by-name"}


def test_an_answer_by_somebody_else_is_no_yes():
    scene, answers = heard("bridge")
    cells = cells_of(scene, with_text(answers, "outside.server", "you are 10.77.0.100:1, I am stranger 172.18.0.2:80"))
    assert (cells["inward"].mark, cells["inward"].word, cells["inward"].value) == ("no", "somebody else answers", "stranger")


def test_a_page_that_is_there_and_fails_is_no_yes():
    scene, answers = heard("bridge")
    cells = cells_of(scene, with_text(answers, "client.by-address", "<html>welcome</html>"))
    assert cells["by-address"].mark == "no"


def test_an_address_that_is_neither_is_another():
    scene, answers = heard("bridge")
    cells = cells_of(scene, with_text(answers, "client.outward", "you are 192.0.2.9:1, I am outside 10.77.0.100:80"))
    assert cells["seen-as"].word == "another"


def test_a_name_that_takes_too_long_is_not_known():
    scene, answers = heard("bridge")
    said = "curl: (28) Resolving timed out after 2000 milliseconds"
    assert cells_of(scene, with_text(answers, "client.by-name", said, 28))["by-name"].mark == "no"
    said = "curl: (28) Connection timed out after 2000 milliseconds"
    assert cells_of(scene, with_text(answers, "client.by-name", said, 28))["by-name"].mark == "partly"


def test_what_cannot_be_read_is_unknown():
    scene, answers = heard("bridge")
    cells = cells_of(scene, with_text(with_text(answers, "client.netns", "?"), "client.addresses", "?"))
    assert {cells[row].mark for row in ("netns", "address", "mac", "mtu")} == {"unknown"}


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300), status=st.one_of(st.none(), st.integers(0, 255)), name=st.sampled_from(VARIANTS))
def test_no_text_of_a_host_breaks_the_reading(text, status, name):
    scene, answers = heard(name)
    for key in list(answers):
        answers = with_text(answers, key, text, status)
    for cell in read_cells(scene, answers):
        assert cell.row in ROWS_BY_KEY
