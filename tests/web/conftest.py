"""A fixed cast: Ada has a running sandbox, Ben is another learner, and a stranger has no cookie. One node is here."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import Client
from django.utils import timezone

from explorer.sandboxes.models import Learner, Node, Sandbox
from tests.people import klass, nobody, operator, other_teacher, seat, teacher
from tests.redis_fixture import redis, valkey, valkey_url

__all__ = ["klass", "nobody", "operator", "other_teacher", "redis", "seat", "teacher", "valkey", "valkey_url"]


@pytest.fixture(autouse=True)
def _plain_static(settings):
    """Pages are tested without the front-end build."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def browser_of(learner: Learner | None) -> Client:
    client = Client()
    if learner:
        session = SessionStore()
        session["learner"] = str(learner.pk)
        session.save()
        client.cookies[django_settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.fixture
def node(db) -> Node:
    return Node.objects.create(name="node1", capacity=4)


@pytest.fixture
def ada(db) -> Learner:
    return Learner.objects.create()


@pytest.fixture
def ben(db) -> Learner:
    return Learner.objects.create()


@pytest.fixture
def sandbox(ada, node) -> Sandbox:
    now = timezone.now()
    return Sandbox.objects.create(
        learner=ada, lesson="bridge", state="ready", node=node, ready_at=now, expires_at=now + timedelta(minutes=30)
    )


@pytest.fixture
def adas(ada) -> Client:
    """Ada's browser."""
    return browser_of(ada)


@pytest.fixture
def bens(ben) -> Client:
    return browser_of(ben)


@pytest.fixture
def seats(seat) -> Client:
    """The browser of who sits in the class."""
    return browser_of(seat.learner)


@pytest.fixture
def teachers(teacher) -> Client:
    client = Client()
    client.force_login(teacher)
    return client


@pytest.fixture
def strangers(db) -> Client:
    return browser_of(None)


@pytest.fixture
def htmx() -> dict[str, str]:
    return {"HX-Request": "true"}
