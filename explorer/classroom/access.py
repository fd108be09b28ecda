"""Every question about who may do what. HTTP views and websocket consumers ask here, so both get the same answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from explorer.sandboxes.models import Comparison, Learner, Sandbox

SESSION_KEY = "learner"
SEEN_EVERY = timedelta(hours=1)  # a visit is noted at most this often: looking at a page is not worth a write


def learner_id(session: Mapping[str, Any]) -> uuid.UUID | None:
    """Who the signed session says this is; None for a stranger and for anything that is not a learner's id."""
    value = session.get(SESSION_KEY)
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def current_learner(request: HttpRequest) -> Learner | None:
    who = learner_id(request.session)
    learner = Learner.objects.filter(pk=who).first() if who else None
    if learner and timezone.now() - learner.seen_at > SEEN_EVERY:
        learner.seen_at = timezone.now()
        learner.save(update_fields=["seen_at"])
    return learner


def ensure_learner(request: HttpRequest) -> Learner:
    """The learner of this session; a stranger becomes one. Only for requests that do something: reading stays unknown."""
    learner = current_learner(request)
    if learner is None:
        learner = Learner.objects.create()
        request.session[SESSION_KEY] = str(learner.pk)
    return learner


def may_use_sandbox(learner: Learner | uuid.UUID | None, sandbox: Sandbox) -> bool:
    """Only its learner uses a sandbox. A warm one is nobody's, and one of a comparison is measured, not used."""
    who = learner.pk if isinstance(learner, Learner) else learner
    return who is not None and sandbox.learner_id == who and sandbox.comparison_id is None


def find_sandbox(learner: Learner | uuid.UUID | None, sandbox_id: str) -> Sandbox | None:
    """The sandbox if it exists and this learner may use it. Unknown and not yours are the same answer: None."""
    sandbox = Sandbox.objects.filter(pk=sandbox_id[:32]).first()
    return sandbox if sandbox is not None and may_use_sandbox(learner, sandbox) else None


def find_comparison(learner: Learner | uuid.UUID | None, comparison_id: str) -> Comparison | None:
    """The comparison if it exists and is this learner's. Unknown and not yours are the same answer: None."""
    who = learner.pk if isinstance(learner, Learner) else learner
    return Comparison.objects.filter(pk=comparison_id[:32], learner=who).first() if who else None
