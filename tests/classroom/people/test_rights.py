import pytest
from django.contrib.auth.models import AnonymousUser

from explorer.classroom.models import AuditEntry, Class
from explorer.classroom.people.access import classes_of, find_class, find_seat, role_of, sandboxes_of, seat_of
from explorer.classroom.people.audit import note
from explorer.sandboxes.models import Sandbox
from tests.people import make_class, make_seat


def test_roles(teacher, operator, nobody, admin_user):
    roles = [role_of(user) for user in (teacher, operator, admin_user, nobody, AnonymousUser())]
    assert roles == ["instructor", "operator", "operator", None, None]


def test_who_is_no_longer_active_has_no_role(teacher):
    teacher.is_active = False
    assert role_of(teacher) is None


def test_an_instructor_has_their_own_classes_and_an_operator_all(klass, teacher, other_teacher, operator, nobody):
    theirs = make_class(other_teacher)
    assert list(classes_of(teacher)) == [klass]
    assert set(classes_of(operator)) == {klass, theirs}
    assert list(classes_of(nobody)) == []
    assert find_class(teacher, theirs.pk) is None
    assert find_class(operator, theirs.pk) == theirs


def test_a_seat_is_found_in_its_own_class_only(klass, seat, teacher, other_teacher):
    theirs = make_class(other_teacher)
    assert find_seat(teacher, klass.pk, seat.pk) == seat
    assert find_seat(other_teacher, klass.pk, seat.pk) is None
    assert find_seat(other_teacher, theirs.pk, seat.pk) is None


def test_an_instructor_manages_sandboxes_of_their_learners_and_those_kept_for_them(klass, seat, teacher, other_teacher):
    seated = Sandbox.objects.create(learner=seat.learner)
    prepared = Sandbox.objects.create(class_id=klass.pk)
    Sandbox.objects.create(learner=make_seat(make_class(other_teacher)).learner)
    Sandbox.objects.create()
    assert set(sandboxes_of(teacher)) == {seated, prepared}


def test_a_seat_counts_while_its_class_goes_on(klass, seat):
    assert seat_of(seat.learner) == seat
    Class.objects.update(state=Class.State.ENDED)
    assert seat_of(seat.learner) is None


def test_the_audit_log_is_only_added_to(klass, teacher):
    entry = note(teacher, "open class", klass=klass)
    assert (entry.actor, entry.role, entry.klass) == ("teacher", "instructor", klass.pk)
    entry.action = "nothing"
    with pytest.raises(PermissionError):
        entry.save()
    with pytest.raises(PermissionError):
        entry.delete()
    with pytest.raises(PermissionError):
        AuditEntry.objects.all().delete()
    with pytest.raises(PermissionError):
        AuditEntry.objects.update(actor="somebody")
