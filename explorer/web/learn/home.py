"""The home page: what the product is, and a card for each driver."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explorer.classroom.people.asker import read_asker
from explorer.network.comparison import ready_sets
from explorer.sandboxes import library
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.progress import learner_progress
from explorer.web.learn.drivers import Card, make_cards, make_shelf

SHOWN_SETS = ("drivers", "engines", "published", "internal")  # the sets of comparisons that most kernels can do


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    asker = read_asker(request)
    lessons = library.lessons()
    progress = learner_progress(asker.learner)
    nodes = read_nodes()
    cards = make_cards(lessons, progress, nodes.lacking())
    sets = ready_sets(nodes.engines)
    sandbox = current_sandbox(asker.learner)
    running = lessons.get(sandbox.lesson) if sandbox else None
    context = {
        "cards": cards,
        "shelf": make_shelf(library.published(), progress),
        "resume": find_resume(cards),
        "sandbox": sandbox,
        "running": running,
        "my_seat": asker.seat,
        "sets": [sets[word] for word in SHOWN_SETS if word in sets],
    }
    return render(request, "home.html", context)


def find_resume(cards: list[Card]) -> Card | None:
    """The lesson to go on with, among those that can be played here: one that is begun and not finished, else the first one
    that is not finished.
    """
    open_cards = [card for card in cards if card.lesson and not card.finished and not card.lack]
    return next((card for card in open_cards if card.started), open_cards[0] if open_cards else None)
