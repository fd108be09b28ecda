"""The named questions a lesson may ask of a snapshot, a file per kind of thing that is asked about.

Each is a function of the `World` and of arguments by name; an argument that is left out asks nothing. They ask about effects,
never about what was typed. A name or a place may hold `*`. Where both are there, the kernel is asked rather than the daemon.
A new question is a function in one of these files and its name in that file's `QUESTIONS`.
"""

from __future__ import annotations

from explorer.lessons.predicates import across, daemon, kernel, lan, measured, netfilter, plugin, shared_card, witness
from explorer.lessons.predicates.words import Who, asked

QUESTIONS = (
    *across.QUESTIONS,
    *daemon.QUESTIONS,
    *kernel.QUESTIONS,
    *lan.QUESTIONS,
    *measured.QUESTIONS,
    *netfilter.QUESTIONS,
    *plugin.QUESTIONS,
    *shared_card.QUESTIONS,
    *witness.QUESTIONS,
)

__all__ = ["QUESTIONS", "Who", "asked"]
