"""A comparison that is complete, part by part: order and choice of columns, prediction, evidence, pictures, files, cases."""

import gzip
import json
import re

import pytest
from django.utils import timezone

from explorer.network.comparison import ROWS, Cell, Comparison, all_variants
from explorer.network.comparison import Column as Compared
from explorer.sandboxes.models import Column
from explorer.sandboxes.models import Comparison as Row
from tests.network.captured import CAPTURES

ASKED = [row for row in ROWS if row.asked_of(all_variants()["bridge"])]  # as of all five: none of them has IPv6


@pytest.fixture
def told() -> Comparison:
    return Comparison.model_validate_json(gzip.decompress((CAPTURES / "comparison" / "drivers.json.gz").read_bytes()))


@pytest.fixture
def measured(ada, node, told) -> Row:
    """Ada's, as it was really measured."""
    node.health = {"kernel": "6.18.44"}
    node.save()
    columns = [column.variant.id for column in told.columns]
    row = Row.objects.create(
        learner=ada, node=node, spec={"columns": columns, "throughput": True}, state="done", ended_at=timezone.now()
    )
    for at, column in enumerate(told.columns):
        Column.objects.create(
            comparison=row,
            position=at,
            key=column.variant.id,
            variant=column.variant.model_dump(mode="json"),
            state="done",
            cells=len(column.cells),
            result=column.model_dump_json(),
        )
    return row


def heads(page: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]* data-column="([^"]+)"', page)


@pytest.fixture
def look(adas, measured):
    def get(query: str = "", path: str = "", **headers: str) -> str:
        answer = adas.get(f"/compare/{measured.pk}/{path}{query}", headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_every_cell_has_its_word_and_leads_to_its_evidence(look, told, measured):
    page = look()
    for column in told.columns:
        for cell in column.cells:
            assert f'href="/compare/{measured.pk}/{column.variant.id}/{cell.row}/" data-evidence' in page
    assert page.count('data-mark="') == sum(len(column.cells) for column in told.columns)


def test_a_sentence_stands_under_every_row(look):
    page = look()
    assert "why:published6" not in page
    for row in ASKED:
        sentence = re.search(rf'data-part="why:{row.key}"[^>]*>([^<]*)</td>', page)
        assert sentence, row.key
        assert len(sentence[1]) > 10, row.key


def test_columns_are_in_the_links_order_and_strangers_among_them_left_out(look):
    page = look("?show=macvlan,nonsense,bridge,bridge")
    assert heads(page) == ["macvlan", "bridge"]
    for name in ("host", "none", "overlay"):
        assert f'id="show-{name}"' in page
    assert heads(look("?show=")) == heads(look("?show=nonsense")) == ["bridge", "host", "none", "macvlan", "overlay"]


def test_a_column_is_moved_by_links_and_the_last_one_cannot_be_left_out(look):
    page = look()
    assert 'id="right-bridge" href="?show=host,bridge,none,macvlan,overlay"' in page
    assert 'id="left-bridge"' not in page
    assert 'id="right-overlay"' not in page
    assert 'id="hide-none" href="?show=bridge,host,macvlan,overlay"' in page
    assert 'id="hide-none"' not in look("?show=none")


def test_the_fetched_table_keeps_what_the_page_was_asked_for(look, measured):
    assert f'data-table="/compare/{measured.pk}/table/?show=none,bridge"' in look("?show=none,bridge")
    assert heads(look("?show=none,bridge", "table/")) == ["none", "bridge"]


def test_predicting_asks_and_gives_nothing_away(look):
    page = look("?predict=1")
    asked = [row for row in ASKED if row.answers]
    assert page.count("<select") == len(asked) * 5
    assert "data-mark" not in page
    assert "data-answer" not in page
    assert "10.77.0.11" not in page
    assert "Docker made a network namespace" not in page
    assert 'id="reveal"' in page
    assert "predict=1" in look("?predict=1&show=none,bridge").split('id="right-none"')[1][:60]


def test_revealed_each_answer_is_there_to_be_held_against(look):
    page = look()
    answers = dict(re.findall(r'data-answer="([^"]+)" data-guessed="([^"]+)"', page))
    assert set(answers) == {"yes", "no", "its own", "the host&#x27;s", "none"}


def test_what_is_the_same_is_folded_and_what_differs_marked(look):
    page = look()
    assert re.search(r'data-part="side:interfaces" open data-open>', page)
    assert re.search(r'<tbody role="rowgroup" class="same[ "]', page)
    assert re.search(r"<mark[^>]*>1450</mark>", page)


def test_evidence_alone_and_as_a_page(look):
    part = look(path="overlay/mtu/", **{"HX-Request": "true"})
    assert part.lstrip().startswith('<div class="evidence">')
    whole = look(path="overlay/mtu/")
    assert "<!doctype html>" in whole
    assert "Back to the comparison" in whole
    for text in (part, whole):
        assert "MTU: 1450" in text
        assert re.search(r"<b[^>]*>ip addr</b>", text)


def test_figures_say_their_spread_their_rounds_and_the_loopback(look, told):
    figures = told.columns[0].cell("trip").figures
    page = look(path="bridge/trip/")
    assert f"{figures.median:.1f} µs" in page
    assert f"{figures.samples}, in {len(figures.rounds)} rounds" in page
    assert "loopback, in the same rounds" in page


@pytest.mark.parametrize("path", ["carrier/mtu/", "bridge/nonsense/", "carrier/picture/", "bridge/mtu/more/"])
def test_what_there_is_not_is_not_found(adas, measured, path):
    assert adas.get(f"/compare/{measured.pk}/{path}").status_code == 404


def test_a_picture_is_what_a_map_needs_and_every_line_says_why(look):
    told = json.loads(look(path="bridge/picture/"))
    assert {"h1", "outside", "h1/server", "h1/client"} <= set(told["snapshot"]["places"])
    views = {view for place in told["snapshot"]["places"].values() for view in place["views"]}
    assert views == {"interfaces", "routes"}
    lines = told["snapshot"]["places"]["h1"]["views"]["interfaces"]["lines"]
    assert any("bridge" in line["why"] for line in lines)
    assert told["journeys"]["between"]["request"]["hops"]


def test_a_request_that_was_not_followed_says_why(look, told):
    assert "no address" in json.loads(look(path="none/picture/"))["untold"]["between"]
    bridge = told.columns[0].model_copy(update={"journeys": {}})
    Column.objects.filter(key="bridge").update(result=bridge.model_dump_json())
    assert "too busy" in json.loads(look(path="bridge/picture/"))["untold"]["between"]


def test_no_picture_before_anything_was_seen(adas, measured, told):
    column = told.columns[0].model_copy(update={"snapshot": None})
    Column.objects.filter(key="bridge").update(result=column.model_dump_json())
    assert adas.get(f"/compare/{measured.pk}/bridge/picture/").status_code == 404


def test_json_is_the_whole_comparison(adas, measured, told):
    answer = adas.get(f"/compare/{measured.pk}/json/")
    columns = "-".join(column.variant.id for column in told.columns)
    assert answer["Content-Disposition"] == f'attachment; filename="compare-{columns}-{measured.pk}.json"'
    made = Comparison.model_validate_json(answer.content)
    assert [column.cells for column in made.columns] == [column.cells for column in told.columns]
    assert made.versions.kernel == "6.18.44"
    assert set(made.versions.engines.values()) == {"26.1.5+dfsg1"}


def test_markdown_has_versions_date_table_and_sentences(adas, measured):
    answer = adas.get(f"/compare/{measured.pk}/markdown/")
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/markdown")
    assert answer["Content-Disposition"].endswith('.md"')
    assert f"- Measured on {measured.created_at:%d %B %Y}" in text
    assert "- Docker Engine 26.1.5" in text
    assert "- **MTU**: " in text


@pytest.mark.parametrize("path", ["json/", "markdown/", "bridge/picture/", "bridge/mtu/"])
def test_all_of_it_is_nobody_elses(bens, strangers, measured, path):
    for browser in (bens, strangers):
        assert browser.get(f"/compare/{measured.pk}/{path}").status_code == 404


def test_a_case_is_answered_before_its_reasons_are_told(adas):
    page = adas.get("/compare/cases/shop/").content.decode()
    assert "Customers reach the shop" in page
    assert "a network of its own answers names" not in page
    page = adas.get("/compare/cases/shop/?choice=host").content.decode()
    assert "We would take bridge." in page
    assert "a network of its own answers names" in page
    assert "not measured here" in page


def test_the_reasons_stand_beside_what_this_learner_measured(adas, bens, measured):
    asked = f"/compare/cases/shop/?choice=bridge&comparison={measured.pk}"
    page = adas.get(asked, headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith('<details class="case ')
    assert "So would we: bridge." in page
    assert f'href="/compare/{measured.pk}/bridge/by-name/" data-evidence' in page
    assert "not measured here" not in page
    theirs = bens.get(asked).content.decode()
    assert "not measured here" in theirs
    assert measured.pk not in theirs


def test_a_measurement_that_contradicts_a_reason_says_so(adas, measured, told):
    bridge = told.columns[0]
    cells = tuple(
        cell.model_copy(update={"mark": "no", "word": "no"}) if cell.row == "by-name" else cell for cell in bridge.cells
    )
    Column.objects.filter(key="bridge").update(result=bridge.model_copy(update={"cells": cells}).model_dump_json())
    page = adas.get(f"/compare/cases/shop/?choice=bridge&comparison={measured.pk}").content.decode()
    assert page.count("Your measurement says otherwise") == 1


@pytest.mark.parametrize(
    "query", ["?choice=nonsense", "?choice=", "?choice=bridge&comparison=../../x", f"?choice=bridge&comparison={'x' * 5000}"]
)
def test_nonsense_in_a_cases_link_is_no_trouble(adas, query):
    assert adas.get(f"/compare/cases/shop/{query}").status_code == 200


def test_a_case_there_is_not(adas):
    assert adas.get("/compare/cases/none-such/").status_code == 404


def test_a_set_chosen_beside_ticked_cards_is_that_set(adas, node):
    adas.post("/compare/start/", {"set": "internal", "columns": ["host", "macvlan"], "predict": "1"})
    made = Row.objects.get()
    assert made.spec["columns"] == ["bridge", "bridge-internal", "none"]


def test_who_wants_to_predict_comes_to_the_questions(adas, node):
    answer = adas.post("/compare/start/", {"columns": ["bridge", "none"], "predict": "1"})
    assert answer.url == f"/compare/{Row.objects.get().pk}/?predict=1"


def test_the_home_page_leads_here(strangers, node):
    page = strangers.get("/").content.decode()
    assert 'href="/compare/"' in page
    assert 'href="/compare/?set=drivers"' in page
    assert (
        "This one compares: <strong>bridge, host, none, macvlan, overlay</strong>"
        in strangers.get("/compare/?set=drivers").content.decode()
    )


@pytest.fixture
def with_ipv6(measured) -> Row:
    """The first column becomes one in which IPv6 has a part."""
    column = measured.columns.get(position=0)
    variant = all_variants()["bridge-ipv6"]
    cell = Cell(row="published6", mark="yes", word="yes", value="server sees fd00:8080::1", evidence=())
    result = told_column(column).model_copy(update={"variant": variant, "cells": (cell,)})
    column.key, column.variant, column.result = variant.id, variant.model_dump(mode="json"), result.model_dump_json()
    column.save()
    measured.spec = {**measured.spec, "columns": [variant.id, *measured.spec["columns"][1:]]}
    measured.save()
    return measured


def told_column(column):
    return Compared.model_validate_json(column.result)


def test_rows_by_family_are_there_for_the_column_that_has_ipv6_and_silent_for_the_others(look, with_ipv6):
    page = look()
    assert "IPv4 and IPv6 apart" in page
    assert "why:published6" in page
    cells = dict(re.findall(r'<td role="cell" data-part="published6:([^"]+)"([^>]*)>', page))
    assert len(cells) == 5
    assert [name for name, rest in cells.items() if "data-mark" in rest] == ["bridge-ipv6"]
    assert page.count("not asked: IPv6 has no part in it") == 4 * len([row for row in ROWS if row.group == "families"])


def test_nobody_is_asked_to_guess_where_a_column_is_silent(look, with_ipv6):
    page = look("?predict=1")
    guessed = re.findall(r'data-guess="([^" ]+) ([^"]+)"', page)
    families = {row.key for row in ROWS if row.group == "families"}
    assert {name for name, row in guessed if row in families} == {"bridge-ipv6"}


def test_without_a_column_with_ipv6_the_page_has_no_such_rows(look):
    assert "IPv4 and IPv6 apart" not in look()
