"""Classes made, changed, ended and opened again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom import classes
from explorer.classroom.models import AuditEntry, Class
from explorer.classroom.people.access import classes_of
from explorer.classroom.seat.joining import find_class_by_code
from tests.people import make_class, make_seat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _silent(monkeypatch):
    monkeypatch.setattr(classes, "tell_class", lambda *_: None)


def actions():
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def fields(**others):
    return {"title": "Networks", "lessons": ["bridge"], "ends_at": timezone.now() + timedelta(hours=1), **others}


def test_made(teacher):
    klass = classes.make_class(teacher, fields())
    assert (klass.instructor, klass.open, len(klass.code), actions()) == (teacher, True, 8, ["make class"])


def test_changed_is_noted_by_field_and_without_values(teacher, klass):
    classes.change_class(teacher, klass, fields(title="A secret title", ends_at=klass.ends_at))
    klass.refresh_from_db()
    assert klass.title == "A secret title"
    assert AuditEntry.objects.get().detail == {"changed": ["lessons", "title"]}


def test_ended_once_by_two(teacher, operator, klass):
    assert classes.end_class(teacher, klass)
    assert not classes.end_class(operator, klass)
    klass.refresh_from_db()
    assert not klass.open
    assert actions() == ["end class"]


def test_ended_by_mistake_is_opened_again_with_its_code(teacher, klass):
    classes.end_class(teacher, klass)
    classes.change_class(teacher, klass, fields())
    code = klass.code
    klass.refresh_from_db()
    assert (klass.open, klass.code, klass.ended_at) == (True, code, None)
    assert actions()[-1] == "open class again"


def test_what_was_forgotten_is_not_opened_again(teacher, klass):
    classes.end_class(teacher, klass)
    Class.objects.update(forgotten_at=timezone.now())
    classes.change_class(teacher, klass, fields())
    klass.refresh_from_db()
    assert not klass.open


def test_a_new_code_voids_the_old(teacher, klass):
    old = klass.code
    new = classes.renew_code(teacher, klass)
    assert find_class_by_code(old) is None
    assert find_class_by_code(new) == klass
    assert actions() == ["renew code"]


def test_a_code_that_some_class_has_is_drawn_again(teacher, klass, monkeypatch):
    drawn = iter([make_class(teacher).code, "abcdefgh"])
    monkeypatch.setattr(classes, "new_code", lambda: next(drawn))
    assert classes.renew_code(teacher, klass) == "abcdefgh"


def test_listed_newest_first_with_the_seats_taken(teacher, klass, seat):
    removed = make_seat(klass, "Ruth")
    removed.removed_at = timezone.now()
    removed.save()
    newer = make_class(teacher)
    assert [(one, vars(one)["taken"]) for one in classes.list_classes(classes_of(teacher))] == [(newer, 0), (klass, 1)]
