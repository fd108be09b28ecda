"""Asking as the doors do: with what nodes are here at this moment."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import RequestFactory

from explorer.classroom.people.access import SESSION_KEY
from explorer.classroom.people.asker import read_asker
from explorer.sandboxes.comparisons import start_comparison
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.opening import Wish, open_sandbox


def open_for(learner, **wish):
    return open_sandbox(learner, Wish(**wish), read_nodes())


def compare_for(learner, spec, instead=""):
    return start_comparison(learner, spec, read_nodes(), instead)


def request_of(learner=None, user=None, **session):
    """A request of the browser that is this learner's; of a stranger's without one."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    request.session.update({SESSION_KEY: str(learner.pk), **session} if learner else session)
    request.user = user or AnonymousUser()
    return request


def asks(learner):
    """The asker that this learner is at this moment."""
    return read_asker(request_of(learner))
