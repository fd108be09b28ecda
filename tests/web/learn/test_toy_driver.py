"""A driver from the tests' folder, added to no product file: it has a card, a lesson, a place among what is compared, a map."""

from __future__ import annotations

import sys

import pytest

from explorer.lab import doctor
from explorer.lab.compare import lacking
from explorer.lab.engine import capabilities
from explorer.lab.errors import NoDriver
from explorer.lessons.summary import summarise
from explorer.network.comparison import find_variant
from explorer.sandboxes.models import Comparison, Sandbox
from tests.network.test_drivers import PICTURE
from tests.toys.fixtures import toy, toy_lesson
from tests.web.test_tables import carried

__all__ = ["toy", "toy_lesson"]


def test_home_has_its_card_with_its_own_picture(strangers, toy):
    page = strangers.get("/").content.decode()
    assert toy.diagram in page
    assert "A green card for every container." in page  # its own promise, while it has no lesson
    assert page.count("Lesson coming") == 1


def test_without_it_home_knows_nothing_of_it(strangers):
    assert "toyvlan" not in strangers.get("/").content.decode()


def test_with_a_lesson_its_card_leads_there(strangers, toy_lesson):
    page = strangers.get("/").content.decode()
    assert 'href="/learn/toyvlan/"' in page
    assert "Green cards, taught." in page


def test_its_lesson_is_shown_and_has_a_step_to_do(strangers, toy_lesson):
    page = strangers.get("/learn/toyvlan/").content.decode()
    assert "A green card" in page
    assert "docker run -d --name web --network green box" in page


def test_its_lesson_can_be_opened(strangers, node, toy_lesson):
    strangers.post("/sandboxes/open/", {"lesson": "toyvlan"})
    assert Sandbox.objects.get().lesson == "toyvlan"


def test_a_lesson_page_with_a_sandbox_tells_the_map_of_its_links(adas, sandbox, toy_lesson):
    sandbox.lesson = "toyvlan"
    sandbox.save()
    page = adas.get("/learn/toyvlan/").content.decode()
    assert carried(page, "links")["toyvlan"] == "child"


def test_the_closing_card_counts_what_it_made(toy_lesson):
    assert summarise(toy_lesson, PICTURE) == [("Green cards", "eth0")]


def test_it_can_be_chosen_and_compared(strangers, node, toy):
    page = strangers.get("/compare/").content.decode()
    assert page.index('value="macvlan"') < page.index('value="toyvlan"') < page.index('value="ipvlan"')
    strangers.post("/compare/start/", {"columns": ["bridge", "toyvlan"], "throughput": "0"})
    assert [one.key for one in Comparison.objects.get().columns.all()] == ["bridge", "toyvlan"]


def test_a_node_that_lacks_it_says_so_on_its_cards(strangers, node, toy_lesson):
    node.health = {"drivers": {"toyvlan": False, "bridge": True}, "kernel": "6.1"}
    node.save()
    sentence = "The kernel of the machine that runs sandboxes here, Linux 6.1, has no toyvlan."
    assert sentence in strangers.get("/compare/").content.decode()
    assert "toyvlan" in strangers.get("/learn/toyvlan/").content.decode()


# --- the node -------------------------------------------------------------------------------------------------------------

POOR = {"veth": True, "bridge": True, "nat": True}
RICH = {**POOR, "toyvlan": True, "paint": True}


def test_the_kernel_is_asked_what_it_needs(toy):
    named = {need.name: need.probe for need in capabilities.probes()}
    assert named["toyvlan"] == "ip link add link p0 name tv0 type toyvlan"
    assert next(iter(named)) == "veth"  # p0 and p1, which the others stand on


def test_what_the_kernel_lacks_of_it_is_told(toy):
    assert capabilities.drivers(POOR)["toyvlan"] == "the kernel has no toyvlan"
    assert capabilities.drivers({**POOR, "toyvlan": True})["toyvlan"] == "no green"
    assert capabilities.drivers(RICH)["toyvlan"] == ""
    assert ("toyvlan" in capabilities.usable(RICH), "toyvlan" in capabilities.usable(POOR)) == (True, False)


def test_a_node_without_it_refuses_its_lesson(toy, monkeypatch):
    monkeypatch.setattr(capabilities, "features", lambda: POOR)
    with pytest.raises(NoDriver, match=r"A lesson about toyvlan cannot be played here: .*, has no toyvlan"):
        capabilities.require("toyvlan")
    monkeypatch.setattr(capabilities, "features", lambda: RICH)
    capabilities.require("toyvlan")


def test_the_node_reports_it(toy, monkeypatch):
    monkeypatch.setattr(capabilities, "features", lambda: RICH)
    assert capabilities.report()["drivers"]["toyvlan"] is True


def test_a_column_of_it_lacks_what_the_kernel_lacks(toy, monkeypatch):
    module = sys.modules[lacking.__module__]
    monkeypatch.setattr(module, "_features", lambda: POOR)
    assert lacking(find_variant("toyvlan")).startswith("toyvlan cannot be played here: this node's kernel, Linux ")
    monkeypatch.setattr(module, "_features", lambda: RICH)
    assert lacking(find_variant("toyvlan")) == ""


def test_the_doctor_names_what_its_needs_are_for(toy):
    uses = doctor._uses_of_drivers()
    assert (uses["toyvlan"], uses["paint"]) == ("toyvlan lessons", "the colour in toyvlan lessons")
    assert uses["vlan"] == "802.1Q trunks in the macvlan and ipvlan lessons"
    assert sorted(uses) == ["esp", "ipvlan", "ipvs", "macvlan", "paint", "toyvlan", "vlan", "vxlan"]
