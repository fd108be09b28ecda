"""A lesson that no node here can play: a recording of a run on another machine takes its place, and pages say that
it is one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from explorer.lessons.load import load_lessons
from explorer.lessons.model import Lesson
from explorer.lessons.recording import Recording, find_recording
from explorer.network.elsewhere import look_elsewhere
from explorer.network.explain import explain
from explorer.network.model import Snapshot
from explorer.sandboxes.nodes import Nodes


@require_safe
def show_recorded(request: HttpRequest, slug: str, step: str) -> HttpResponse:
    """JSON: the snapshots before and after a step's commands."""
    lesson = load_lessons().get(slug)
    told = moments(slug, step) if lesson else None
    if told is None:
        raise Http404
    return HttpResponse(told, content_type="application/json")


@cache
def moments(slug: str, step: str) -> str | None:
    recording = find_recording(load_lessons()[slug])
    around = recording.around(step) if recording else None
    if around is None:
        return None
    return json.dumps({when: explained(seen) for when, seen in zip(("before", "after"), around, strict=True)})


def explained(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as JSON with a reason for each line, as the relay adds it to a live one."""
    elsewhere = look_elsewhere(snapshot.places, snapshot.docker)
    places = {
        name: place.model_copy(
            update={
                "views": {
                    view: explain(place, view, seen, snapshot.docker.get(place.host), elsewhere)
                    for view, seen in place.views.items()
                }
            }
        )
        for name, place in snapshot.places.items()
    }
    return snapshot.model_copy(update={"places": places}).model_dump(mode="json")


def describe_lack(lesson: Lesson | None, nodes: Nodes) -> dict[str, Any]:
    """What a page needs to say that this lesson cannot be played here, and which recording takes its place."""
    lack = nodes.lacking().get(lesson.driver) if lesson else None
    recording = find_recording(lesson) if lesson and lack else None
    on = datetime.fromtimestamp(recording.at, UTC) if recording else None
    return {"lack": lack, "recording": recording, "recorded_on": on}


def standing_in(lesson: Lesson, nodes: Nodes) -> Recording | None:
    """The recording that takes the place of this lesson here; None when it can be played or there is no recording."""
    return find_recording(lesson) if lesson.driver in nodes.lacking() else None
