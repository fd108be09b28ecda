from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.models import AuditEntry
from explorer.classroom.panel.nodes import describe_findings, describe_shelf, health_of
from explorer.sandboxes.models import Node

FINDING = {"name": "tcpdump", "must": False, "found": "missing", "cure": "install tcpdump"}


def test_draining_asks_first_is_noted_once_and_is_taken_back(operators, node, do):
    do(operators, "sandboxes/node", "drain", node, confirmed=False)
    node.refresh_from_db()
    assert not node.draining
    for _ in range(2):
        page = do(operators, "sandboxes/node", "drain", node).content.decode()
    node.refresh_from_db()
    assert node.draining
    assert "being drained already" in page
    do(operators, "sandboxes/node", "resume", node)
    node.refresh_from_db()
    assert not node.draining
    assert list(AuditEntry.objects.values_list("action", "detail")) == [
        ("resume", {"node": "node1"}),
        ("drain", {"node": "node1"}),
    ]


def test_nodes_are_an_operators(teachers, node, do):
    assert teachers.get("/admin/sandboxes/node/").status_code == 404
    assert do(teachers, "sandboxes/node", "drain", node).status_code == 404
    node.refresh_from_db()
    assert not node.draining


def test_a_node_is_shown_with_what_labdoctor_found(operators, node, sandbox):
    Node.objects.update(health={"doctor": {"at": 1, "findings": [FINDING]}, "engines": ["26", "28"]})
    assert "1 of 8" in operators.get("/admin/sandboxes/node/").content.decode()
    page = operators.get("/admin/sandboxes/node/node1/change/").content.decode()
    assert "tcpdump: missing. install tcpdump." in page
    assert "26, 28" in page


@pytest.mark.parametrize(
    ("health", "away", "word"),
    [
        ({}, False, "well"),
        ({}, True, "away"),
        ({"engine": "The engine does not answer."}, False, "ill"),
        ({"doctor": {"findings": [FINDING]}}, False, "limited"),
        ({"doctor": {"findings": [{**FINDING, "must": True}]}}, False, "ill"),
    ],
)
def test_how_a_node_is(health, away, word):
    assert health_of(Node(name="n", health=health, seen_at=timezone.now() - timedelta(hours=away)))[0] == word


def test_the_shelf_in_words():
    stand_in = {"name": "web-server:latest", "answers_to": ["nginx:latest", "nginx:1"], "stand_in": True, "mb": 45}
    told = describe_shelf([stand_in, {"name": "shop:1", "answers_to": [], "stand_in": False, "mb": 3}])
    assert told == "web-server:latest (a stand-in), 45 MB, answers to nginx:latest, nginx:1\nshop:1, 3 MB"
    assert describe_shelf(None) == "Nothing: hosts have the image box."
    told = describe_shelf([stand_in], {"shelf_mb": 100, "image_mb": 50})
    assert told.endswith("\n45 MB of 100 MB; one image may have 50 MB.")


def test_a_name_with_markup_is_shown_as_text(operators, node):
    Node.objects.update(health={"images": [{"name": "<b>x</b>:1", "answers_to": [], "stand_in": False, "mb": 3}]})
    page = operators.get("/admin/sandboxes/node/node1/change/").content.decode()
    assert "&lt;b&gt;x&lt;/b&gt;:1, 3 MB" in page
    assert "<b>x" not in page


def test_what_labdoctor_found_in_words():
    assert "not been examined" in describe_findings({})
    assert "Everything" in describe_findings({"findings": []})
    assert "took too long" in describe_findings({"error": "it took too long"})
