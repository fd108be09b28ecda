"""Sandboxes in the panel: whose are shown, and that every wish may be sent twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.models import AuditEntry
from explorer.sandboxes.models import Sandbox
from tests.classroom.panel.conftest import make_sandbox
from tests.people import make_seat

LIST = "/admin/sandboxes/sandbox/"


def ids(page):
    return {row.pk for row in page.context["cl"].result_list}


def test_an_instructor_sees_the_sandboxes_of_their_classes(teachers, operators, sandbox, theirs, nobodys):
    assert ids(teachers.get(LIST)) == {sandbox.pk}
    assert ids(operators.get(LIST)) == {sandbox.pk, theirs.pk, nobodys.pk}


def test_anothers_sandbox_is_not_there(teachers, theirs):
    assert teachers.get(f"{LIST}{theirs.pk}/change/").status_code == 404
    assert teachers.get(f"{LIST}{theirs.pk}/history/").status_code == 404


def test_what_it_takes_and_its_last_error_are_shown(operators, sandbox):
    Sandbox.objects.update(usage={"memory_mb": 61, "cpu_percent": 2.5, "containers": 3}, reason="h1 ran out of memory")
    page = operators.get(LIST).content.decode()
    for told in ("61\u00a0MB", "2.5\u00a0%", "h1 ran out of memory", "Ana"):
        assert told in page


def test_a_sandbox_nobody_measured_is_shown_without_figures(operators, sandbox):
    Sandbox.objects.update(usage={"memory_mb": "<b>lots</b>"})
    page = operators.get(LIST)
    assert page.status_code == 200
    assert "lots" not in page.content.decode()


def test_a_name_cannot_become_markup(operators, sandbox, seat):
    seat.name = "<script>alert(1)</script>"
    seat.save()
    assert "<script>alert(1)" not in operators.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [("age=minutes", True), ("age=hour", False), ("age=old", False), ("age=nonsense", True), ("state__exact=ready", True)],
)
def test_filters(operators, sandbox, query, found):
    page = operators.get(f"{LIST}?{query}")
    assert (sandbox.pk in ids(page)) is found


def test_the_filter_by_class_offers_ones_own(teachers, operators, sandbox, theirs, klass):
    assert ids(operators.get(f"{LIST}?class={klass.pk}")) == {sandbox.pk}
    assert "Elsewhere" not in teachers.get(LIST).content.decode()
    assert ids(teachers.get(f"{LIST}?class={theirs.learner.seat.klass_id}")) == set()


def test_extended_is_a_whole_life_from_now_and_no_more_the_second_time(teachers, sandbox, do):
    before = sandbox.expires_at
    assert "It runs until" in do(teachers, "sandboxes/sandbox", "extend", sandbox).content.decode()
    sandbox.refresh_from_db()
    first = sandbox.expires_at
    assert first > before
    assert "Left as it is" in do(teachers, "sandboxes/sandbox", "extend", sandbox).content.decode()
    sandbox.refresh_from_db()
    assert sandbox.expires_at == first
    assert AuditEntry.objects.filter(action="extend", sandbox=sandbox.pk).count() == 1


def test_a_sandbox_of_a_class_is_extended_by_the_minutes_of_its_class(operators, sandbox, do):
    now = timezone.now()
    Sandbox.objects.update(minutes=20, expires_at=now + timedelta(minutes=2))
    do(operators, "sandboxes/sandbox", "extend", sandbox)
    sandbox.refresh_from_db()
    assert timedelta(minutes=19) < sandbox.expires_at - now < timedelta(minutes=21)


def test_stop_asks_first(teachers, sandbox, do):
    page = do(teachers, "sandboxes/sandbox", "stop", sandbox, confirmed=False).content.decode()
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"
    assert "under somebody" in page
    assert sandbox.pk in page


def test_stop_says_for_each_row_what_happened(teachers, sandbox, klass, node, do):
    over = make_sandbox(make_seat(klass, "Ben").learner, node, state="closed")
    page = do(teachers, "sandboxes/sandbox", "stop", sandbox, over).content.decode()
    sandbox.refresh_from_db()
    assert sandbox.state == "closing"
    assert "It is being removed." in page
    assert "It is over already." in page
    assert "It is over already." in do(teachers, "sandboxes/sandbox", "stop", sandbox).content.decode()
    assert AuditEntry.objects.filter(action="stop").count() == 1


def test_reset_once_is_reset_twice(teachers, sandbox, do):
    for _ in range(2):
        do(teachers, "sandboxes/sandbox", "reset", sandbox)
    sandbox.refresh_from_db()
    assert (sandbox.state, sandbox.generation) == ("resetting", 2)
    assert AuditEntry.objects.filter(action="reset").count() == 1


def test_marking_twice_keeps_the_first_moment(operators, sandbox, do):
    do(operators, "sandboxes/sandbox", "mark", sandbox)
    sandbox.refresh_from_db()
    first = sandbox.marked_at
    assert "marked already" in do(operators, "sandboxes/sandbox", "mark", sandbox).content.decode()
    sandbox.refresh_from_db()
    assert sandbox.marked_at == first is not None


def test_an_instructor_cannot_wish_for_anothers_row(teachers, theirs, do):
    do(teachers, "sandboxes/sandbox", "stop", theirs)
    theirs.refresh_from_db()
    assert theirs.state == "ready"
    assert AuditEntry.objects.count() == 0


def test_what_is_done_is_noted_with_class_and_seat_and_without_a_name(teachers, sandbox, seat, klass, do):
    do(teachers, "sandboxes/sandbox", "stop", sandbox)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.role, entry.action) == ("teacher", "instructor", "stop")
    assert (entry.klass, entry.seat, entry.sandbox) == (klass.pk, seat.pk, sandbox.pk)
    assert seat.name not in str(entry.detail)


def test_rows_are_not_made_changed_or_deleted_here(operators, sandbox):
    assert operators.get(f"{LIST}add/").status_code == 404
    assert operators.get(f"{LIST}{sandbox.pk}/delete/").status_code == 404
    operators.post(f"{LIST}{sandbox.pk}/change/", {"state": "failed"})
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"


def test_its_page_has_its_actions_and_the_wishes(operators, sandbox):
    sandbox.actions.create(kind="open", state="succeeded")
    page = operators.get(f"{LIST}{sandbox.pk}/change/").content.decode()
    assert "succeeded" in page
    assert 'value="mark"' in page


def test_many_rows_cost_no_more_questions(operators, klass, node, sandbox, django_assert_max_num_queries):
    for number in range(20):
        make_sandbox(make_seat(klass, f"n{number}").learner, node)
    with django_assert_max_num_queries(16):
        operators.get(LIST)
