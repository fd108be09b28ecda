"""Somebody comes to a learner who asked: it is no longer asked for, once, and that is written down."""

import pytest
from django.utils import timezone

from explorer.classroom.models import AuditEntry
from explorer.classroom.seat import changes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def asking(seat):
    seat.help_at = timezone.now()
    seat.save()
    return seat


def test_it_is_no_longer_asked_for(asking, teacher):
    assert changes.come_to_help(teacher, asking)
    asking.refresh_from_db()
    assert asking.help_at is None
    assert AuditEntry.objects.get().action == "help"


def test_of_two_who_come_one_did(asking, teacher, operator):
    assert [changes.come_to_help(user, asking) for user in (teacher, operator)] == [True, False]
    assert AuditEntry.objects.count() == 1


def test_nothing_was_asked(seat, teacher):
    assert not changes.come_to_help(teacher, seat)
    assert not AuditEntry.objects.exists()


def test_the_page_comes_back_to_the_seat(client, asking, teacher):
    client.force_login(teacher)
    answer = client.post(f"/teach/{asking.klass_id}/seats/{asking.pk}/helped/")
    assert answer["Location"] == f"/teach/{asking.klass_id}/seats/{asking.pk}/"
