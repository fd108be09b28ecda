"""An instructor's pages about classes: login, the list, making one, its set-up."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User as Account
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from explorer.classroom import classes
from explorer.classroom.models import Class, Seat
from explorer.classroom.people.access import classes_of, keep_learner, role_of
from explorer.classroom.people.known_device import device_of, remember
from explorer.classroom.people.throttle import address, count, waits_for
from explorer.classroom.seat import joining
from explorer.sandboxes import figures
from explorer.web.seat.qr import draw_qr
from explorer.web.teach.class_form import ClassForm, begin_form
from explorer.web.teach.teaching import teaching, teaching_class

# (what is counted, how many wrong tries, in how many seconds). A browser in which the user has logged in before has a count of
# its own, so nobody can lock a user out of it. For others, a name is locked for one address long before it is locked for all.
KNOWN = ("login-device", 10, 600)
STRANGE = (("login-here", 8, 600), ("login-name", 60, 3600), ("login-address", 120, 600))
LOCKED = (
    "There were too many wrong passwords. Nothing was checked this time: wait ten minutes, then try again with the right one. "
    "A browser in which you have logged in before is not affected by the tries of others; if you are in a hurry, use that one."
)


class LoginForm(AuthenticationForm):
    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if role_of(user) is None:
            raise ValidationError("This account has no part in teaching here. An operator can give it one.", code="no_role")


show_form = LoginView.as_view(template_name="teach/login.html", authentication_form=LoginForm)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponseBase:
    counted = what_counts(request) if request.method == "POST" else []
    if any(waits_for(what, whose, times) for what, whose, times, _ in counted):
        figures.count("explorer_login_refusals_total", why="too_many")
        return render(request, "teach/login.html", {"locked": LOCKED}, status=429)
    response = show_form(request)
    if request.method == "POST":
        if request.user.is_authenticated and response.status_code == 302:
            remember(response, request.user.pk)
        else:
            figures.count("explorer_login_refusals_total", why="wrong")
            for what, whose, _, seconds in counted:
                count(what, whose, seconds)
    return response


def what_counts(request: HttpRequest) -> list[tuple[str, str, int, int]]:
    """(what, whose, how many wrong tries, within seconds) for this try. The name is taken as the form takes it, so that one
    written with other characters of the same meaning does not count apart."""
    here = address(request)
    name = unicodedata.normalize("NFKC", request.POST.get("username", "")[:150]).replace("\0", "").strip().lower()
    user = Account.objects.filter(username__iexact=name).values_list("pk", flat=True).first()
    if device := device_of(request, user):
        what, times, seconds = KNOWN
        return [(what, device, times, seconds)]
    whose = {"login-here": f"{here} {name}", "login-name": name, "login-address": here}
    return [(what, whose[what], times, seconds) for what, times, seconds in STRANGE]


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    with keep_learner(request):
        logout(request)
    return redirect("home")


@require_safe
@teaching
def show_classes(request: HttpRequest) -> HttpResponse:
    return render(request, "teach/classes.html", {"classes": classes.list_classes(classes_of(request.user))})


@require_http_methods(["GET", "HEAD", "POST"])
@teaching
def make_class(request: HttpRequest) -> HttpResponse:
    form = ClassForm(request.POST) if request.method == "POST" else begin_form()
    if form.is_bound and form.is_valid():
        klass = classes.make_class(request.user, form.fields_of_class())
        return redirect("class-setup", klass.pk)
    return render(request, "teach/new.html", {"form": form}, status=400 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@teaching_class
def show_setup(request: HttpRequest, klass: Class) -> HttpResponse:
    form = ClassForm(request.POST, klass=klass) if request.method == "POST" else begin_form(klass)
    if form.is_bound and form.is_valid():
        classes.change_class(request.user, klass, form.fields_of_class())
        return redirect("class-setup", klass.pk)
    context = {"form": form, "seats": list_seats(klass), **describe_joining(request, klass)}
    return render(request, "teach/setup.html", context, status=400 if form.is_bound else 200)


@require_safe
@teaching_class
def show_code(request: HttpRequest, klass: Class) -> HttpResponse:
    """The page with the code, for a projector."""
    return render(request, "teach/show.html", describe_joining(request, klass))


@require_POST
@teaching_class
def renew_code(request: HttpRequest, klass: Class) -> HttpResponse:
    classes.renew_code(request.user, klass)
    messages.info(request, "This is the new code. The old one, and links made of it, lead nowhere; who has joined stays.")
    return redirect("class-setup", klass.pk)


@require_POST
@teaching_class
def end_class(request: HttpRequest, klass: Class) -> HttpResponse:
    classes.end_class(request.user, klass)
    return redirect("class-setup", klass.pk)


def describe_joining(request: HttpRequest, klass: Class) -> dict[str, Any]:
    """`link` is the class's own signed link. `local` says that other machines cannot open it."""
    link = request.build_absolute_uri(reverse("join-link", args=[klass.code, joining.sign_code(klass.code)]))
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return {
        "klass": klass,
        "link": link,
        "qr": draw_qr(link),
        "page": request.build_absolute_uri(reverse("join")).partition("://")[2].rstrip("/"),
        "local": host in {"localhost", "127.0.0.1", "[::1]"},
    }


def list_seats(klass: Class) -> list[Seat]:
    return list(klass.seats.filter(removed_at=None).order_by("joined_at"))
