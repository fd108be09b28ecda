"""The tables that pages carry as data: what the page's own tests read is what a page gets, and each page with views has it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.template.loader import render_to_string
from django.urls import reverse

from explorer.network import drivers, views
from explorer.network.views import VIEWS, ViewRow
from tests.toys import policies

GOLDEN = Path(__file__).parent / "js" / "tables.json"


def carried(page: str, name: str):
    """The table that this page carries under this name."""
    found = re.search(rf'<script id="table-{name}" type="application/json">(.*?)</script>', page, re.S)
    assert found, f"the page carries no table {name}"
    return json.loads(found[1])


def test_the_pages_own_tests_read_what_a_page_gets():
    remedy = "write it anew: python manage.py shell -c 'from tests.web.test_tables import write; write()'"
    assert json.loads(GOLDEN.read_text()) == tables(), remedy


def tables():
    return {"views": views.for_page(), "links": drivers.links_for_page()}


def write() -> None:
    GOLDEN.write_text(json.dumps(tables(), indent=2) + "\n")


def test_the_part_of_a_page_with_views_carries_their_table():
    assert carried(render_to_string("_network.html"), "views") == views.for_page()


def test_the_parts_of_a_page_with_maps_carry_the_kinds_of_links():
    links = {"vxlan": "tunnel", "macvlan": "child", "ipvlan": "child", "geneve": "tunnel"}
    assert carried(render_to_string("_network.html"), "links") == links
    assert carried(render_to_string("_maps.html"), "links") == links


def test_a_lesson_with_a_sandbox_carries_the_table_once(adas, sandbox):
    page = adas.get(reverse("lesson", args=["bridge"])).content.decode()
    assert page.count('id="table-views"') == 1


def test_a_toy_view_gets_a_tab_of_its_own(monkeypatch):
    monkeypatch.setitem(VIEWS, policies.NAME, policies.ROW)
    row = carried(render_to_string("_network.html"), "views")[-1]
    assert (row["view"], row["tab"], row["heading"], row["owned"]) == ("policies", "Policies", "policy rules", True)


def test_a_name_in_the_table_cannot_end_the_script(monkeypatch):
    monkeypatch.setitem(VIEWS, "odd", ViewRow(reader=None, name="</script><b>", tab="Odd"))
    page = render_to_string("_network.html")
    assert "</script><b>" not in page
    assert carried(page, "views")[-1]["name"] == "</script><b>"
