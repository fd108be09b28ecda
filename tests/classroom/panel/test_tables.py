"""Every table, as everybody: read by whose it is, changed by nobody."""

import pytest

from explorer.classroom.models import AuditEntry
from explorer.classroom.people.audit import note
from explorer.sandboxes.models import Action, AuthoredLesson, Comparison, Progress
from tests.classroom.panel.conftest import browser_of

SHARED = ("sandboxes/sandbox", "classroom/class", "classroom/seat", "sandboxes/authoredlesson", "classroom/auditentry")
OPERATORS = (
    "sandboxes/node",
    "sandboxes/comparison",
    "sandboxes/action",
    "sandboxes/learner",
    "sandboxes/progress",
    "auth/user",
)


@pytest.fixture
def filled(klass, seat, sandbox, theirs, teacher, other_teacher):
    Progress.objects.create(learner=seat.learner, lesson="bridge")
    Comparison.objects.create(learner=seat.learner, spec={"columns": ["bridge", "host"]})
    Action.objects.create(sandbox=sandbox, kind="open")
    AuthoredLesson.objects.create(slug="mine", author=teacher, report={"ok": True})
    AuthoredLesson.objects.create(slug="not-mine", author=other_teacher)
    note(teacher, "open class", klass=klass)
    note(other_teacher, "open class", klass=theirs.learner.seat.klass)


@pytest.mark.parametrize("table", SHARED + OPERATORS)
def test_an_operator_reads_every_table(filled, operators, table):
    assert operators.get(f"/admin/{table}/").status_code == 200


@pytest.mark.parametrize("table", SHARED)
def test_an_instructor_reads_one_row_of_two(filled, teachers, table):
    assert len(teachers.get(f"/admin/{table}/").context["cl"].result_list) == 1


@pytest.mark.parametrize("table", OPERATORS)
def test_the_others_are_not_there_for_an_instructor(filled, teachers, table):
    assert teachers.get(f"/admin/{table}/").status_code == 404


@pytest.mark.parametrize("table", SHARED + OPERATORS)
def test_each_rows_page_is_read(filled, operators, table):
    page = operators.get(f"/admin/{table}/")
    row = page.context["cl"].result_list[0]
    assert operators.get(f"/admin/{table}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("table", SHARED + OPERATORS)
def test_nothing_is_added_or_deleted_by_anybody(filled, operators, table):
    row = operators.get(f"/admin/{table}/").context["cl"].result_list[0]
    assert operators.post(f"/admin/{table}/add/", {}).status_code == 404
    assert operators.post(f"/admin/{table}/{row.pk}/delete/", {"post": "yes"}).status_code == 404
    assert "delete_selected" not in operators.get(f"/admin/{table}/").content.decode()


def test_secrets_are_not_shown(filled, operators, klass, seat):
    assert seat.recovery not in operators.get(f"/admin/classroom/seat/{seat.pk}/change/").content.decode()
    assert "pbkdf2" not in operators.get(f"/admin/auth/user/{klass.instructor.pk}/change/").content.decode()


def test_who_has_no_role_finds_nothing(nobody, client):
    assert browser_of(nobody).get("/admin/").status_code == 404
    assert client.get("/admin/", follow=False).status_code == 302


def test_a_superuser_is_an_operator(filled, admin_client):
    assert admin_client.get("/admin/sandboxes/node/").status_code == 200


def test_there_is_one_login(client):
    asked = client.get("/admin/login/?next=/admin/sandboxes/node/")
    assert (asked.status_code, asked["Location"]) == (302, "/teach/login/?next=%2Fadmin%2Fsandboxes%2Fnode%2F")


def test_an_account_is_closed_but_not_ones_own(operators, operator, teacher, do):
    page = do(operators, "auth/user", "close", teacher, operator).content.decode()
    teacher.refresh_from_db()
    operator.refresh_from_db()
    assert (teacher.is_active, operator.is_active) == (False, True)
    assert "your own account" in page
    do(operators, "auth/user", "reopen", teacher)
    teacher.refresh_from_db()
    assert teacher.is_active
    assert set(AuditEntry.objects.values_list("action", flat=True)) == {"close account", "reopen account"}


def test_a_comparison_is_stopped_once(filled, operators, do):
    comparison = Comparison.objects.get()
    do(operators, "sandboxes/comparison", "stop", comparison)
    comparison.refresh_from_db()
    assert comparison.state == "ended"
    assert "over already" in do(operators, "sandboxes/comparison", "stop", comparison).content.decode()


def test_a_seats_row_leads_to_its_page(filled, seat, teachers):
    page = teachers.get(f"/admin/classroom/seat/{seat.pk}/change/").content.decode()
    assert f'href="/teach/{seat.klass_id}/seats/{seat.pk}/"' in page
