"""An instructor's lessons: uploaded as a zip or a folder, shown, played on a real sandbox, published."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom import authoring
from explorer.classroom.people.access import User, authored_by
from explorer.lessons.bundle import FILE_BYTES, ZIP_BYTES, BadBundle, collect, unpack
from explorer.lessons.load import InMemory, LessonError, read_lesson
from explorer.lessons.sent import Fault, Faulty, fault_of, read_bundle
from explorer.lessons.spoilers import find_spoilers
from explorer.network.engines import is_docker
from explorer.sandboxes import library
from explorer.sandboxes.models import AuthoredLesson
from explorer.sandboxes.nodes import read_nodes
from explorer.web.edge.limits import at_most
from explorer.web.learn.sandbox import offer
from explorer.web.teach.teaching import teaching, teaching_lesson

State = AuthoredLesson.State


@require_safe
@teaching
def show_lessons(request: HttpRequest) -> HttpResponse:
    return render(request, "teach/lessons.html", {"rows": list_lessons(request)})


@require_POST
@at_most(60, 60)
@teaching
def bring(request: HttpRequest) -> HttpResponse:
    try:
        row = authoring.keep_lesson(request.user, read_bundle(*given(request)))
    except Faulty as error:
        return show_refusal(request, fault=error.fault)
    except authoring.Refused as refused:
        return show_refusal(request, refused=str(refused))
    return redirect("authored", row.slug)


@require_safe
@teaching_lesson
def show_lesson(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    if getattr(request, "htmx", False):
        return render(request, "teach/_lesson.html", describe(row))
    return render(request, "teach/lesson.html", describe(row))


@require_POST
@at_most(60, 60)
@teaching_lesson
def solve(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    engine = request.POST.get("engine", "")
    if not is_docker(engine):
        raise Http404
    return act(request, row, lambda user, lesson: authoring.ask_solve(user, lesson, engine))


@require_POST
@at_most(60, 60)
@teaching_lesson
def publish(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    return act(request, row, authoring.publish_lesson)


@require_POST
@at_most(60, 60)
@teaching_lesson
def unpublish(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    return act(request, row, authoring.unpublish_lesson)


@require_POST
@at_most(60, 60)
@teaching_lesson
def delete(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    try:
        authoring.delete_lesson(request.user, row)
    except authoring.Refused as refused:
        messages.error(request, str(refused))
        return redirect("authored", row.slug)
    return redirect("lessons")


@require_safe
@teaching_lesson
def download(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    """A zip of the draft's files, such as a lesson that was made from a scenario, to work on it."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(row.files.items()):
            archive.writestr(f"{row.slug}/{name}", text)
    headers = {"Content-Disposition": f'attachment; filename="{row.slug}.zip"'}
    return HttpResponse(kept.getvalue(), content_type="application/zip", headers=headers)


@require_safe
@teaching_lesson
def follow(request: HttpRequest, row: AuthoredLesson) -> HttpResponse:
    """Asked every second by a page that previews a folder. The page loads again when the folder has changed;
    errors are shown.
    """
    response = render(request, "teach/_following.html", {"row": row})
    if request.GET.get("version") != str(row.version):
        response["HX-Refresh"] = "true"
    return response


# --- parts ---------------------------------------------------------------------------------------------------------------


def given(request: HttpRequest) -> tuple[dict[str, bytes], str]:
    """Returns (content by file name, the zip's name or ""). Of a file that is too large, only the beginning is read. Raises
    `Faulty`.
    """
    try:
        zipped = request.FILES.get("zip")
        if isinstance(zipped, UploadedFile):
            return unpack(read(zipped, ZIP_BYTES)), str(zipped.name)
        folder = request.FILES.getlist("folder")
        if not folder:
            raise BadBundle("lesson", "nothing was sent; choose a zip or a folder")
        names = paths_of(request, folder)
        return collect({name: read(file, FILE_BYTES) for name, file in zip(names, folder, strict=True)}), ""
    except BadBundle as error:
        raise Faulty(Fault(error.entry, 0, str(error).removeprefix(f"{error.entry}: "))) from None


def read(file: Any, most: int) -> bytes:
    """Reads one byte more than is allowed, so that a file that is too large is noticed."""
    return bytes(file.read(most + 1))


def paths_of(request: HttpRequest, folder: list[Any]) -> list[str]:
    """The paths of the files within the folder. The page's script sends them beside the files, because a form sends names
    only.
    """
    try:
        paths = json.loads(request.POST.get("paths") or "[]")
    except (ValueError, RecursionError):
        paths = []
    names = [str(file.name) for file in folder]
    known = isinstance(paths, list) and len(paths) == len(names) and all(isinstance(path, str) for path in paths)
    return paths if known and len(set(paths)) == len(paths) else names


def act(request: HttpRequest, row: AuthoredLesson, do: Callable[[User, AuthoredLesson], None]) -> HttpResponse:
    """Calls `do` and returns to the lesson's page, with a message when it was refused."""
    try:
        do(request.user, row)
    except authoring.Refused as refused:
        messages.error(request, str(refused))
    return redirect("authored", row.slug)


def show_refusal(request: HttpRequest, fault: Fault | None = None, refused: str = "") -> HttpResponse:
    context = {"rows": list_lessons(request), "fault": fault, "refused": refused}
    return render(request, "teach/lessons.html", context, status=400)


def list_lessons(request: HttpRequest) -> list[AuthoredLesson]:
    return list(authored_by(request.user).select_related("author").order_by("title", "slug"))


def describe(row: AuthoredLesson) -> dict[str, Any]:
    nodes = read_nodes()
    try:
        lesson = read_lesson(row.slug, row.files)
    except LessonError as error:  # the lesson was correct when it was uploaded; the rules for lessons may have changed since
        return {"row": row, "fault": fault_of(error, row.files), **offer(nodes, lessons=True)}
    told = row.report.get("steps", [])
    steps = {one.get("step"): one for one in told if isinstance(one, dict)} if isinstance(told, list) else {}
    return {
        "row": row,
        "lesson": lesson,
        "warnings": find_spoilers(lesson, InMemory(row.files)),
        "draft": library.DRAFT + row.slug,
        "steps": [(step, steps.get(step.id)) for step in lesson.steps],
        "live": bool(row.published_files),
        "newer": bool(row.published_files) and row.published_files != row.files,
        "solving": row.state == State.SOLVING,
        "stale": bool(row.report.get("ok")) and row.report.get("engine") not in nodes.engines,
        **offer(nodes, lessons=True),
    }
