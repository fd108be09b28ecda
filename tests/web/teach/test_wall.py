"""The wall, a seat's page and a watched sandbox, as the server draws them: whole without JavaScript."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.sandboxes.models import Learner, Progress, Sandbox
from explorer.web.teach.wall import since
from tests.people import klass, make_seat, operator, other_teacher, seat, teacher
from tests.redis_fixture import redis, valkey, valkey_url

__all__ = ["klass", "operator", "other_teacher", "redis", "seat", "teacher", "valkey", "valkey_url"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture
def page(client, teacher):
    client.force_login(teacher)
    return lambda address, **more: client.get(address, **more).content.decode()


def test_the_first_picture_is_whole(page, klass, seat):
    Sandbox.objects.create(learner=seat.learner, state="queued")
    seat.help_at = timezone.now() - timedelta(minutes=2)
    seat.save()
    drawn = page(f"/teach/{klass.pk}/")
    for words in (
        "Ana",
        "help, 2 min",
        "number 1 in line",
        "Need help <b>1</b>",
        f"/teach/{klass.pk}/seats/{seat.pk}/",
    ):
        assert words in drawn


def test_a_name_is_text(page, klass):
    make_seat(klass, "<b onclick=x>")
    assert "<b onclick" not in page(f"/teach/{klass.pk}/")


def test_sorted_and_chosen_by_links(page, klass, seat):
    ben = make_seat(klass, "Ben")
    ben.help_at = timezone.now()
    ben.save()
    assert ">Ana<" not in page(f"/teach/{klass.pk}/?show=help")
    drawn = page(f"/teach/{klass.pk}/?sort=name&show=nonsense")
    assert drawn.index(">Ana<") < drawn.index(">Ben<")


def test_an_empty_class_says_how_to_join(page, klass):
    assert "Nobody has joined yet" in page(f"/teach/{klass.pk}/")


def test_without_redis_the_wall_still_shows_what_the_rows_say(page, klass, seat, settings):
    settings.REDIS_URL = "unix:///nowhere"
    assert "Ana" in page(f"/teach/{klass.pk}/")


def test_a_seat_with_its_step_checks_and_predictions(page, klass, seat):
    Progress.objects.create(
        learner=seat.learner, lesson="bridge", step="switch", predictions={"docker0": "switch"}, outcomes={"docker0": "switch"}
    )
    drawn = page(f"/teach/{klass.pk}/seats/{seat.pk}/")
    assert "No sandbox yet" in drawn
    assert "Right." in drawn
    assert 'aria-current="step"' in drawn


def test_a_seat_of_another_class_is_unknown(client, klass, seat, other_teacher):
    client.force_login(other_teacher)
    assert client.get(f"/teach/{klass.pk}/seats/{seat.pk}/").status_code == 404


def watched(client, address):
    return client.get(address, {"part": "sandbox"}, headers={"HX-Request": "true"}).content.decode()


@pytest.fixture
def sandbox(seat):
    return Sandbox.objects.create(learner=seat.learner, state="ready", expires_at=timezone.now() + timedelta(hours=1))


def test_the_sandbox_is_watched_and_nothing_can_be_done(client, teacher, klass, seat, sandbox):
    client.force_login(teacher)
    drawn = watched(client, f"/teach/{klass.pk}/seats/{seat.pk}/")
    assert "data-watch" in drawn
    assert "<terminal-dock" not in drawn
    for action in ("extend", "reset", "close"):
        assert f"/sandboxes/{sandbox.pk}/{action}/" not in drawn


@pytest.mark.parametrize("how", ["watchable", "invited"])
def test_terminals_where_the_class_or_the_learner_says_so(client, teacher, klass, seat, sandbox, how):
    klass.watchable = how == "watchable"
    klass.save()
    seat.invited_at = timezone.now() if how == "invited" else None
    seat.save()
    client.force_login(teacher)
    drawn = watched(client, f"/teach/{klass.pk}/seats/{seat.pk}/")
    assert "<terminal-dock" in drawn
    assert ("You type together" in drawn) == (how == "invited")


def test_a_removed_seat_says_so(page, klass, seat):
    seat.removed_at = timezone.now()
    seat.save()
    assert "removed from the class" in page(f"/teach/{klass.pk}/seats/{seat.pk}/")


def test_operators_watch_any_sandbox(client, operator, teacher):
    free = Sandbox.objects.create(learner=Learner.objects.create(), state="ready")
    client.force_login(operator)
    assert "data-watch" in client.get(f"/teach/sandboxes/{free.pk}/").content.decode()
    client.force_login(teacher)
    assert client.get(f"/teach/sandboxes/{free.pk}/").status_code == 404


def test_since():
    assert [since(at) for at in (0, 9, 45, 60, 5399, 7200)] == ["now", "now", "40 s", "1 min", "89 min", "2 h"]
