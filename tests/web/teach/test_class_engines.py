"""Which versions of Docker Engine the form of a class offers: those that nodes have or are set to have, and its own."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from explorer.classroom.models import Class
from explorer.sandboxes.models import Node
from explorer.web.teach.class_form import ClassForm, begin_form


def offered(form: ClassForm) -> list[str]:
    return re.findall(r'<option value="(\d+)"', str(form["engine"]))


@pytest.fixture
def nodes(db):
    Node.objects.create(name="one", health={"engines": ["28"], "engines_missing": {"30": "Its packages cannot be had."}})
    Node.objects.create(name="two", health={"engines": ["29", "<b>"]})


def test_it_offers_what_the_nodes_have_or_are_set_to_have_and_nothing_else(nodes):
    assert offered(begin_form()) == ["28", "29", "30"]
    assert begin_form().initial["engine"] == "28", "and the usual version is one that is there"
    assert begin_form().engines_missing() == ["30"]


def test_a_class_keeps_a_version_that_no_node_has_any_more(nodes):
    form = begin_form(Class(engine="26", ends_at=timezone.now()))
    assert offered(form) == ["26", "28", "29", "30"]
    assert form.engines_missing() == ["26", "30"]


@pytest.mark.parametrize("engine", ["26", "31", "<b>", ""])
def test_a_version_that_no_node_is_set_to_have_cannot_be_sent(nodes, engine):
    assert "engine" in ClassForm({"engine": engine}).errors
    assert "engine" not in ClassForm({"engine": "29"}).errors
