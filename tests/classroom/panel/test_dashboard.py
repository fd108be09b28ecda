from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.panel.capacity import HEIGHT, WIDTH, draw, gather, read_slots
from explorer.sandboxes.models import Node, NodeSample, Sandbox


@pytest.fixture
def samples(node):
    now = timezone.now()
    for minutes in (5, 65, 125):
        NodeSample.objects.create(node=node, at=now - timedelta(minutes=minutes), capacity=8, live=3 + minutes // 60)


def test_an_operator_sees_room_nodes_and_failures(operators, node, sandbox, nobodys, samples):
    Sandbox.objects.filter(pk=nobodys.pk).update(state="failed", ended_at=timezone.now(), reason="h1 did not start")
    page = operators.get("/admin/").content.decode()
    for told in ("Most at once: 5 of 8 places", "node1", "h1 did not start", "Failed in the last day: 1", "<polyline"):
        assert told in page


def test_an_instructor_sees_their_own_and_nothing_of_the_nodes(teachers, node, sandbox, theirs, nobodys, samples, klass):
    Sandbox.objects.filter(pk=theirs.pk).update(state="failed", ended_at=timezone.now(), reason="h1 did not start")
    page = teachers.get("/admin/").content.decode()
    assert klass.title in page
    for not_theirs in ("Most at once", "node1", "h1 did not start", "Elsewhere"):
        assert not_theirs not in page


def test_an_operator_sees_the_health_of_each_part_and_why(operators, teachers, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    page = operators.get("/admin/").content.decode()
    assert "Health of each part" in page
    assert "It does not answer (ConnectionError)." in page
    assert "none has ever announced itself" in page
    assert "Health of each part" not in teachers.get("/admin/").content.decode()


def test_an_operator_sees_what_the_reconciler_holds_back(operators, node):
    held = [{"sandbox": "abc", "generation": 2, "why": "its row belongs to another node"}]
    Node.objects.update(health={**node.health, "braked": 4, "reaper": held})
    assert "the brake holds back the removal of 4 sandboxes" in operators.get("/admin/").content.decode()
    page = operators.get(f"/admin/sandboxes/node/{node.pk}/change/").content.decode()
    assert "abc, generation 2: its row belongs to another node" in page


def test_an_operator_sees_that_the_database_is_an_older_copy(operators, node):
    Node.objects.update(health={**node.health, "kept": 2, "older_database": 1})
    assert "the database is an older copy and does not know 2 sandboxes" in operators.get("/admin/").content.decode()


def test_with_nothing_there_it_says_so(operators):
    page = operators.get("/admin/?span=nonsense").content.decode()
    assert "No node has announced itself yet" in page
    assert "No sandbox failed" in page


def test_a_hundred_sandboxes_cost_no_more_questions(operators, node, nobodys, django_assert_max_num_queries):
    Sandbox.objects.bulk_create(Sandbox(node=node, state="failed", ended_at=timezone.now()) for _ in range(100))
    with django_assert_max_num_queries(14):
        operators.get("/admin/")


def test_nodes_add_up_and_the_fullest_moment_counts():
    begun = timezone.now()
    at = begun + timedelta(minutes=3)
    slots = gather([("a", at, 1, 4), ("a", at, 3, 4), ("b", at, 2, 6)], begun, timedelta(minutes=10))
    assert [(slot.live, slot.capacity) for slot in slots] == [(5, 10)]


def test_the_line_breaks_where_nothing_was_heard(node, samples):
    chart = draw(read_slots("day"), "day")
    assert len(chart["live"]) == 3
    for line in chart["live"] + chart["capacity"]:
        for point in line.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH + 5
            assert 0 <= y <= HEIGHT


def test_full_moments_are_counted(node):
    NodeSample.objects.create(node=node, at=timezone.now() - timedelta(minutes=5), capacity=2, live=2)
    assert "Full in 1 of 1 moments" in draw(read_slots("day"), "day")["words"]


def test_nothing_is_drawn_of_nothing(db):
    assert draw(read_slots("week"), "week") is None


def test_a_node_that_is_drained_offers_no_room(operators, node):
    Node.objects.update(draining=True)
    assert operators.get("/admin/").context["free"] == 0
