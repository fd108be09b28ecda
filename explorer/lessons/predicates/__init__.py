"""The named questions that a lesson may ask of a snapshot, one file per subject.

Each question is a function of the `World` and of named arguments; an argument that is left out restricts nothing. Questions
ask about effects, not about what a learner typed. A name or a place may contain `*`. Where the kernel and the daemon both
know something, the kernel is asked. A new question is a function in one of these files and its name in that file's
`QUESTIONS`.
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
