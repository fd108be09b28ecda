"""Names of learners: almost any text, without characters that are invisible or that disturb the text around them. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST = 40  # characters, as `Seat.name` holds
STACKED = 3  # marks on one letter: enough for every script, too few to reach into the line above
# letters and symbols that show nothing, or join what stands beside them; control and format characters go by category
UNSEEN = {
    *"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0",
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}


class BadName(Exception):
    """The text is a sentence for whoever gave the name."""


def clean_name(typed: str) -> str:
    """The name in Unicode form NFKC, with one space between words and without invisible characters. Raises `BadName`."""
    kept: list[str] = []
    for letter in unicodedata.normalize("NFKC", typed[: 10 * LONGEST]):
        if letter.isspace():
            kept.append(" ")
        elif not is_hidden(letter) and not (_is_mark(letter) and _is_high(kept)):
            kept.append(letter)
    name = " ".join("".join(kept).split())
    if not any(unicodedata.category(letter)[0] in "LNS" for letter in name):
        raise BadName("Give a name with at least one letter: the instructor sees it.")
    if len(name) > LONGEST:
        raise BadName(f"That name has {len(name)} characters. {LONGEST} is the most.")
    return name


def free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or if it is taken, the name with the first free number: "Ana", "Ana 2". Capital and small letters count as the
    same.
    """
    known = {one.casefold() for one in taken}
    number, free = 1, name
    while free.casefold() in known:
        number += 1
        free = f"{name[: LONGEST - 1 - len(str(number))].rstrip()} {number}"
    return free


def is_hidden(letter: str) -> bool:
    return letter in UNSEEN or unicodedata.category(letter).startswith("C")


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter).startswith("M")


def _is_high(kept: list[str]) -> bool:
    """Whether the last letter already has as many marks on it as are allowed."""
    return len(kept) >= STACKED and all(map(_is_mark, kept[-STACKED:]))
