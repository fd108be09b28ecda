"""The closing card of a lesson, made from this sandbox's own facts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from pydantic import ValidationError

from explorer.classroom.access import current_learner
from explorer.lessons.summary import summarise
from explorer.network.model import Snapshot
from explorer.sandboxes.events import snapshot_key
from explorer.sandboxes.models import Sandbox
from explorer.sandboxes.services import current_sandbox
from explorer.sandboxes.streams import RedisError, redis
from explorer.web.lesson import find_lesson
from explorer.web.recorded import standing_in


@require_safe
def show_summary(request: HttpRequest, slug: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    snapshot = read_snapshot(current_sandbox(current_learner(request)))
    recording = standing_in(lesson) if snapshot is None else None
    snapshot = recording.seen[-1].snapshot if recording else snapshot
    facts = summarise(lesson, snapshot) if snapshot else []
    return render(request, "_summary.html", {"facts": facts, "recording": recording})


def read_snapshot(sandbox: Sandbox | None) -> Snapshot | None:
    """What the relay saw last; None when there is nothing to read, for whatever reason."""
    if sandbox is None:
        return None
    try:
        text = redis().get(snapshot_key(sandbox.pk))
        return Snapshot.model_validate_json(text) if isinstance(text, bytes) else None
    except (RedisError, OSError, ValidationError):
        return None
