"""The database itself holds the audit log: what goes past our code is refused too."""

import pytest
from django.db import DatabaseError, connection, transaction

from explorer.classroom.models import AuditEntry
from explorer.classroom.people.audit import note
from tests.attacks import attack
from tests.conftest import AUDIT


@pytest.fixture(autouse=True)
def held(db):
    """The triggers as the migration makes them; undone with the test."""
    with connection.cursor() as cursor:
        for statement in {"sqlite": AUDIT.SQLITE, "postgresql": AUDIT.POSTGRESQL}[connection.vendor]:
            cursor.execute(statement)


@attack(
    "a row of the audit log, changed or deleted", origin="web process", expected="refused", held_by="triggers of the database"
)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE classroom_auditentry SET actor = 'somebody'",
        "DELETE FROM classroom_auditentry",
        "DELETE FROM classroom_auditentry WHERE action = 'open class'",
    ],
)
def test_a_row_is_neither_changed_nor_deleted(klass, teacher, statement):
    note(teacher, "open class", klass=klass)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().actor == "teacher"


def test_rows_are_added(klass, teacher):
    for _ in range(2):
        note(teacher, "open class", klass=klass)
    assert AuditEntry.objects.count() == 2


def test_who_did_it_may_be_gone(klass, teacher, other_teacher):
    note(other_teacher, "log in")
    other_teacher.delete()
    assert AuditEntry.objects.get().actor == "other_teacher"
