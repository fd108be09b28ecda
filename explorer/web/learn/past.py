"""What a sandbox was like before its page was opened, for looking back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from explorer.classroom.people.throttle import allow
from explorer.sandboxes import streams
from explorer.sandboxes.past import read_past
from explorer.web.learn.sandbox import seen

TIMES, SECONDS = 30, 60  # for one sandbox: an answer is some megabytes at most


@require_safe
def show_past(request: HttpRequest, sandbox_id: str, before: int) -> HttpResponse:
    """JSON: the earliest snapshot that can be used, and the events from it up to event `before`. 404 when there is none."""
    sandbox = seen(request, sandbox_id)
    if not allow("past", sandbox.pk, TIMES, SECONDS):
        return JsonResponse({"error": "That was asked too often. Wait a minute and open the timeline again."}, status=429)
    try:
        told = read_past(streams.redis(), sandbox.pk, sandbox.generation, min(before, 2**53))
    except (streams.RedisError, OSError):
        return JsonResponse({"error": "What was before cannot be read at the moment. That is ours to mend."}, status=503)
    if told is None:
        return JsonResponse({"error": "Nothing from before is kept."}, status=404)
    return HttpResponse(told, content_type="application/json", headers={"Cache-Control": "no-store"})
