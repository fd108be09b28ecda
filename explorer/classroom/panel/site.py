"""Who may enter the panel: instructors and operators, with the same login as on other pages.

What is not theirs looks as if it did not exist, as on every other page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.contrib import admin
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from explorer.classroom.people.access import keep_learner, role_of

View = Callable[..., HttpResponse]


# the panel's own scripts are written into its pages, and one of them makes functions of text
CSP = {"script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]}


class PanelSite(UnfoldAdminSite):  # type: ignore[misc]
    index_title = "Capacity, nodes and classes"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return role_of(request.user) is not None

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                prefetch_related_objects([request.user], "groups")  # a page asks some fifty times for the role
                if not self.has_permission(request):
                    raise Http404
            try:
                answer: HttpResponse = inner(request, *args, **kwargs)
            except PermissionDenied:
                raise Http404 from None
            answer._csp_replace = CSP  # type: ignore[attr-defined]
            return answer

        return asked

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sends to the one login page of the site."""
        wanted = request.GET.get("next", "")
        return redirect(f"{reverse('login')}?{urlencode({'next': wanted})}" if wanted else reverse("login"))

    @method_decorator(require_POST)
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        with keep_learner(request):
            logout(request)
        return redirect("home")


PAGES = (
    ("Sandboxes", "deployed_code", "sandboxes_sandbox"),
    ("Nodes", "dns", "sandboxes_node"),
    ("Classes", "school", "classroom_class"),
    ("Seats", "event_seat", "classroom_seat"),
    ("Lessons", "menu_book", "sandboxes_authoredlesson"),
    ("Audit log", "history", "classroom_auditentry"),
)
FURTHER = (
    ("Accounts", "manage_accounts", "auth_user"),
    ("Comparisons", "compare_arrows", "sandboxes_comparison"),
    ("Actions", "checklist", "sandboxes_action"),
    ("Learners", "person", "sandboxes_learner"),
    ("Progress", "trending_up", "sandboxes_progress"),
)


def list_pages(request: HttpRequest) -> list[dict[str, Any]]:
    """The panel's navigation: the pages that this user may see."""
    first: dict[str, Any] = {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [
        {"items": [first, *_links(request, PAGES)]},
        {"title": "Further", "items": _links(request, FURTHER)},
    ]
    return [group for group in groups if group["items"]]


def _links(request: HttpRequest, pages: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    shown = {f"{model._meta.app_label}_{model._meta.model_name}": table for model, table in admin.site._registry.items()}
    return [
        {"title": title, "icon": icon, "link": reverse(f"admin:{name}_changelist")}
        for title, icon, name in pages
        if shown[name].has_module_permission(request)
    ]
