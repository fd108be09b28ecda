"""A lesson embedded on another site, and the way to our own site: the reader goes on in a new tab as the same learner."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from explorer.classroom.people.access import become_learner, current_learner
from explorer.classroom.people.asker import read_asker
from explorer.classroom.people.embed_pass import CODE_SECONDS, begin_embed, read_hand_over, write_hand_over, write_pass
from explorer.classroom.people.throttle import first_time
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.models import Learner
from explorer.sandboxes.progress import learner_progress
from explorer.web.edge.embedded import embed_of, embeddable
from explorer.web.edge.errors import show_error
from explorer.web.edge.limits import at_most
from explorer.web.learn.held import unless_held
from explorer.web.learn.lesson import describe_page, find_lesson

USED = (
    "That way out was used already",
    "Each click on “Open in full” leads here once, within five minutes. Go back to the other page and click it again.",
)
THEMES = {"dark": "night", "light": "day"}


@require_safe
@embeddable
@unless_held
def show_embed(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole page with a new pass in it. A request that has a pass already gets only the inner part."""
    lesson = find_lesson(request, slug)
    if not settings.EMBED_SITES:
        return redirect(lesson_at(slug, request.GET.get("step", "")))
    context = describe_page(request, lesson, read_asker(request))
    if embed_of(request):
        return render(request, "_workbench.html", context)
    told = urlsplit(request.headers.get("Referer", ""))
    origin = f"{told.scheme}://{told.netloc}"
    more = {"pass": write_pass(begin_embed(origin)), "theme": THEMES.get(request.GET.get("theme", ""), "")}
    return render(request, "embed.html", context | more | {"sites": settings.EMBED_SITES})


@require_POST
@at_most(240, 60)
def hand_over(request: HttpRequest, slug: str) -> HttpResponse:
    """A signed code for the form that leads to our own site. It names the page's learner, works once, and only for some
    minutes.
    """
    embed = embed_of(request)
    if embed is None:
        raise PermissionDenied
    return HttpResponse(write_hand_over(embed), content_type="text/plain")


@csrf_exempt  # an embedded page has no cookie to prove itself with: the page's exact origin is asked instead
@require_POST
@at_most(240, 60)
def take_over(request: HttpRequest, slug: str) -> HttpResponse:
    """Makes this browser's session that of the embedded page's learner. If the session has work of its own, the reader is
    asked first, because it would be lost.
    """
    lesson, step = find_lesson(request, slug), request.POST.get("step", "")[:64]
    if request.headers.get("Origin") not in settings.ORIGINS:
        raise PermissionDenied
    handed, own = read_hand_over(request.POST.get("code", "")), current_learner(request)
    learner = Learner.objects.filter(pk=handed.learner).first() if handed else None
    if handed is None or learner is None or learner == own:
        return redirect(lesson_at(slug, step))
    if own and has_worked(own) and "instead" not in request.POST:
        return render(request, "embed_choice.html", {"lesson": lesson, "step": step, "code": request.POST["code"]})
    if not first_time("hand-over", handed.once, CODE_SECONDS):
        return show_error(request, 403, USED)
    become_learner(request, learner)
    return redirect(lesson_at(slug, step))


def lesson_at(slug: str, step: str) -> str:
    page = reverse("lesson", args=[slug])
    return f"{page}?{urlencode({'step': step})}" if step else page


def has_worked(learner: Learner) -> bool:
    return bool(current_sandbox(learner) or learner_progress(learner) or hasattr(learner, "seat"))
