"""Messages from an instructor to a class or to one seat, and commands that learners can click."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from explorer.classroom.acts.act import Asked, Done
from explorer.classroom.acts.once import AGAIN, hold_class
from explorer.classroom.models import Word
from explorer.classroom.tell import tell_class
from explorer.sandboxes.limits import Refused

MOST_WORDS = 1_000  # in one class


@transaction.atomic
def say_word(asked: Asked, *, text: str) -> Done:
    said = " ".join(text.split())
    if not said:
        raise Refused("empty", "Write something first.")
    return put_word(asked, f"Said to {asked.whom}.", text=said)


@transaction.atomic
def offer_command(asked: Asked, *, place: str, command: str) -> Done:
    """Offers a command. It is typed when a learner clicks it, in the place that is named."""
    command, place = command.strip(), place.strip()
    if not command or not place:
        raise Refused("empty", "A command needs a place to be typed in, such as h1, and its words.")
    if not command.isprintable() or not place.isprintable():
        raise Refused("unprintable", "One line, please: what a click types must hold no line ends or control characters.")
    return put_word(asked, f"Offered to {asked.whom}; a click types it.", place=place, command=command)


def put_word(asked: Asked, sentence: str, **words: str) -> Done:
    """Saves a message; `words` are fields of `Word`. The pages are told. The audit log notes that something was said, not the
    text.
    """
    hold_class(asked.klass)
    said = Word.objects.filter(klass=asked.klass)
    if said.filter(seat=asked.seat, at__gt=timezone.now() - AGAIN, **words).exists():
        return Done("That has just been said already: nothing was said twice.", new=False)
    if said.count() >= MOST_WORDS:
        raise Refused("too_many", f"{MOST_WORDS} things have been said in this class, which is all it keeps.")
    word = Word.objects.create(klass=asked.klass, seat=asked.seat, **words)
    asked.note(word=word.pk)
    tell_class(asked.klass, asked.seat or "")
    return Done(sentence)
