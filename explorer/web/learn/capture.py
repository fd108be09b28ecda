"""A capture's frames over HTTP: all of them as a pcapng file, or one of them dissected."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from explorer.network.packets.captured import tell_layers
from explorer.network.packets.pcapng import MEDIA_TYPE, SNAP, write_file
from explorer.sandboxes import captures
from explorer.sandboxes.events import CaptureFacts
from explorer.web.learn.sandbox import seen


@require_safe
def download(request: HttpRequest, sandbox_id: str, capture_id: str) -> HttpResponse:
    """The whole file in one response: a capture keeps a few megabytes at most."""
    sandbox = seen(request, sandbox_id)
    facts = found(captures.find(sandbox.pk, capture_id))
    frames = list(captures.read_frames(sandbox.pk, capture_id))
    came = facts.kept + facts.left_out
    left_out = max(facts.left_out, came - len(frames)) if facts.ring else facts.left_out
    pieces = write_file(frames, facts.interface, facts.place, facts.expression, SNAP, came=came, left_out=left_out)
    response = HttpResponse(b"".join(pieces), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{file_name(facts)}"'
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def show_frame(request: HttpRequest, sandbox_id: str, capture_id: str, number: int) -> HttpResponse:
    sandbox = seen(request, sandbox_id)
    found(captures.known(sandbox.pk, capture_id))
    frame = captures.read_frame(sandbox.pk, capture_id, number)
    if frame is None:
        raise Http404
    return JsonResponse(tell_layers(number, frame), headers={"Cache-Control": "private, max-age=3600"})


def found(facts: CaptureFacts | None) -> CaptureFacts:
    if facts is None or facts.failed:
        raise Http404
    return facts


def file_name(facts: CaptureFacts) -> str:
    """Such as `h1-web-eth0.pcapng`, without characters that a header or a file system does not allow."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", f"{facts.place}-{facts.interface}").strip("-.")[:100] + ".pcapng"
