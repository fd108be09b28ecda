"""A comparison on paper: Markdown that a host's words cannot rewrite, and a schema that is the model's own."""

import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from explorer.network.comparison import Cell, Column, Comparison, Transcript, all_variants
from explorer.network.comparison.export import to_markdown
from explorer.network.comparison.schema import schema

DOCUMENT = Path(__file__).parents[3] / "docs" / "comparison.schema.json"


def test_it_says_when_with_what_and_what_came_out(five):
    text = to_markdown(five, {"by-name": "Docker answers names on networks of your own."})
    assert text.startswith("# Compared: bridge, host, none, macvlan, overlay\n")
    assert "- Measured on 25 November 2026 at " in text
    assert "- Docker Engine 26.1.5" in text
    assert re.search(r"\| Address outside sees \| the host's .*\| its own", text)
    assert "- **Container → container, by name**: Docker answers names on networks of your own." in text
    assert re.search(
        r"\| Round trip, over the LAN \| overlay \| median [\d.]+ µs \(least [\d.]+, p95 [\d.]+; 1200 samples\)", text
    )
    assert "h1: docker network create -d bridge town" in text


def test_every_row_of_a_table_has_a_field_for_every_column(five):
    html = MarkdownIt("commonmark").enable("table").render(to_markdown(five, {}))
    assert html.count("<table>") == 5
    for table in html.split("<table>")[1:5]:
        rows = table.split("</table>")[0].split("<tr>")[1:]
        assert {row.count("<td>") + row.count("<th>") for row in rows} == {6}


def test_a_column_that_failed_says_where():
    failed = Column(variant=all_variants()["overlay"], state="failed", error="It said no.", failed_at="making the network")
    text = to_markdown(Comparison(id="c", columns=(failed,)), {})
    assert "- overlay: It said no. (while making the network)" in text
    assert "Nothing was run." in text


@given(st.text(max_size=60), st.text(max_size=60))
def test_what_a_host_says_stays_text(word, command):
    evidence = Transcript(where="h1", command=command, status=None)
    column = Column(
        variant=all_variants()["bridge"],
        state="done",
        cells=(Cell(row="mtu", mark="value", word="1500", value=word),),
        commands=(evidence,),
    )
    html = MarkdownIt("commonmark").enable("table").render(to_markdown(Comparison(id="c", columns=(column,)), {}))
    tags = {tag.split()[0] for tag in re.findall(r"<(\w+)", html)}
    assert tags <= {"h1", "h2", "h3", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}
    assert html.count("<td>") == 2
    assert html.count("<pre>") == 1


def test_the_schema_in_docs_is_the_model_of_today():
    remedy = "write it anew: python -c 'from explorer.network.comparison.schema import schema; print(schema(), end=\"\")'"
    assert DOCUMENT.read_text() == schema(), remedy


def test_the_schema_knows_every_field(five):
    made = json.loads(schema())
    for name, part in (
        ("Column", five.columns[0]),
        ("Cell", five.columns[0].cells[0]),
        ("Transcript", five.columns[0].commands[0]),
    ):
        assert set(made["$defs"][name]["properties"]) == set(part.model_dump())
    assert set(made["properties"]) == set(five.model_dump())
