"""The panel as an instructor and as an operator see it: two classes with a learner each, a sandbox each, one node."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from explorer.sandboxes.models import Learner, Node, Sandbox
from tests.people import make_class, make_seat


@pytest.fixture(autouse=True)
def _alone(settings, monkeypatch, tmp_path):
    """Without the front-end build, and with nobody who would carry a task or a message away."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.REDIS_URL = f"unix://{tmp_path / 'none'}"
    monkeypatch.setattr("explorer.sandboxes.changes.app.send_task", lambda *_, **__: None)


def browser_of(user):
    client = Client()
    client.force_login(user)
    return client


def make_sandbox(learner, node, **fields):
    now = timezone.now()
    known = {
        "state": Sandbox.State.READY,
        "lesson": "bridge",
        "ready_at": now - timedelta(minutes=20),
        "expires_at": now + timedelta(minutes=40),
    }
    return Sandbox.objects.create(learner=learner, node=node, **{**known, **fields})


@pytest.fixture
def node(db):
    return Node.objects.create(name="node1", capacity=8, health={"engines": ["26"], "load": 0.4, "memory_free_mb": 900})


@pytest.fixture
def sandbox(seat, node):
    return make_sandbox(seat.learner, node)


@pytest.fixture
def theirs(other_teacher, node):
    """The sandbox of a learner in the other instructor's class."""
    return make_sandbox(make_seat(make_class(other_teacher, title="Elsewhere"), "Eve").learner, node)


@pytest.fixture
def nobodys(node, db):
    """The sandbox of a learner who is in no class."""
    return make_sandbox(Learner.objects.create(), node)


@pytest.fixture
def teachers(teacher):
    return browser_of(teacher)


@pytest.fixture
def operators(operator):
    return browser_of(operator)


@pytest.fixture
def do():
    """Sends a wish for these rows, confirmed, and gives the page that says what happened."""

    def send(browser, table, wish, *rows, confirmed=True):
        fields = {"action": wish, "_selected_action": [row.pk for row in rows]} | ({"confirmed": "yes"} if confirmed else {})
        return browser.post(f"/admin/{table}/", fields)

    return send
