"""A class with two learners who have sandboxes, one who has none, a node, and whatever was published kept in a list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.models import AuditEntry
from explorer.sandboxes import changes
from explorer.sandboxes.models import Node, Sandbox
from tests.people import *  # noqa: F403
from tests.people import make_class, make_seat


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("explorer.sandboxes.changes.app.send_task", lambda *args, **kwargs: None)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """(stream, event) of everything that was published."""
    heard = []
    monkeypatch.setattr(changes, "publish", lambda stream, event: heard.append((stream, event)))
    monkeypatch.setattr(changes, "order", lambda sandbox, given: True)
    return heard


@pytest.fixture
def node(db):
    return Node.objects.create(name="node1", capacity=10, health={"engines": ["26"]})


def give_sandbox(seat, node, **fields):
    now = timezone.now()
    known = {"lesson": "bridge", "state": "ready", "ready_at": now, "expires_at": now + timedelta(minutes=20), "minutes": 60}
    return Sandbox.objects.create(learner=seat.learner, node=node, **{**known, **fields})


@pytest.fixture
def sandbox(seat, node):
    return give_sandbox(seat, node)


@pytest.fixture
def ben(klass):
    return make_seat(klass, "Ben")


@pytest.fixture
def idle(klass):
    """Sits there and has no sandbox."""
    return make_seat(klass, "Cem")


@pytest.fixture
def second(teacher, klass):
    """Another instructor with the same rights to the class."""
    from tests.people import make_user

    return make_user("second", "operator")


@pytest.fixture
def elsewhere(other_teacher):
    return make_seat(make_class(other_teacher), "Dora")


def audited(action, **more):
    return AuditEntry.objects.filter(action=action, **more).count()
