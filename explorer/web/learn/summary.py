"""The last card of a lesson, made from the facts of this learner's sandbox."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explorer.classroom.people.access import current_learner
from explorer.lessons.summary import summarise
from explorer.sandboxes.last_snapshot import read_snapshot
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.web.learn.lesson import find_lesson
from explorer.web.learn.recorded import standing_in


@require_safe
def show_summary(request: HttpRequest, slug: str) -> HttpResponse:
    lesson = find_lesson(request, slug)
    snapshot = read_snapshot(current_sandbox(current_learner(request)))
    recording = standing_in(lesson, read_nodes()) if snapshot is None else None
    snapshot = recording.seen[-1].snapshot if recording else snapshot
    facts = summarise(lesson, snapshot) if snapshot else []
    return render(request, "_summary.html", {"facts": facts, "recording": recording})
