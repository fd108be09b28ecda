"""The about page: what the product is, its limits as they are set here, how it is protected, what is stored."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explorer.sandboxes.events import EVENTS_KEPT, TERMINAL_KEPT_BYTES


@require_safe
def show_about(request: HttpRequest) -> HttpResponse:
    limits = [
        ("A sandbox lives", f"{settings.SANDBOX_MINUTES} minutes"),
        ("It can be extended", f"{settings.SANDBOX_EXTENSIONS} times, {settings.SANDBOX_MINUTES} minutes each"),
        ("Running at once, per person", "1 sandbox"),
        ("Opened within an hour, per person", f"{settings.OPENS_PER_HOUR}"),
        ("Comparisons within an hour, per person", f"{settings.COMPARISONS_PER_HOUR}, one at a time"),
        ("Memory of one host", f"{settings.HOST_MEMORY_MB} MB"),
        ("Disk of one host", f"{settings.HOST_DISK_MB} MB"),
        ("Processors of one host", f"{settings.HOST_CPUS}"),
        ("Processes and threads on one host", f"{settings.HOST_PIDS:,}"),
        ("Events kept for a page that reconnects", f"{EVENTS_KEPT:,}"),
        ("Terminal output kept for a reload", f"{TERMINAL_KEPT_BYTES // 1024} KiB"),
    ]
    return render(request, "about.html", {"limits": limits})
