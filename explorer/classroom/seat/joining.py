"""Joins a class: codes and links, taking a seat, and the way back to it.

A code is made for reading aloud and proves nothing. The link of a class also carries a signature, so it cannot be guessed. The
way back is a secret of its own: 192 random bits, of which only the SHA-256 is saved.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import uuid
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer, TimestampSigner
from django.db import transaction
from django.utils.crypto import constant_time_compare

from explorer.classroom.models import CODE_LENGTH, Class, Seat
from explorer.classroom.seat.names import clean_name, free_name
from explorer.classroom.tell import tell_class
from explorer.sandboxes.models import ALPHABET, Learner

SIGNATURE = 16  # characters of base64: 96 bits
TICKET_SECONDS = 24 * 3600


class CannotJoin(Exception):
    """Has a sentence for the learner and a code that does not change."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True)
class Taken:
    """A taken seat. `token` leads back to it and cannot be read again later; it is empty for somebody who sat there already."""

    seat: Seat
    token: str = ""
    asked_name: str = ""  # what they wanted to be called, if somebody is already


# --- codes and links ---


def read_code(typed: str) -> str:
    """The code in a typed text, without hyphens and blanks, in small letters. Empty when it cannot be a code."""
    code = "".join(letter for letter in unicodedata.normalize("NFKC", typed[:64]).lower() if letter.isalnum())
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else ""


def sign_code(code: str) -> str:
    return Signer(salt="class.join").signature(code)[:SIGNATURE]


def is_signed(code: str, signature: str) -> bool:
    return constant_time_compare(signature, sign_code(code))


def find_class_by_code(code: str) -> Class | None:
    return Class.objects.filter(code=code).first() if code else None


def check_open(klass: Class) -> None:
    """Raises `CannotJoin` when the class is over."""
    if not klass.open:
        raise CannotJoin("over", f"The class “{klass.title}” is over, and its code with it. Ask the instructor for a new one.")


# --- a form sent twice makes one seat ---


def new_ticket() -> str:
    """A signed text for the form: the id that the new learner will have."""
    return TimestampSigner(salt="class.ticket").sign(str(uuid.uuid4()))


def read_ticket(ticket: str) -> uuid.UUID:
    """The id in a ticket. A new id when the ticket is missing, was changed, or is older than a day."""
    try:
        return uuid.UUID(TimestampSigner(salt="class.ticket").unsign(ticket[:200], max_age=TICKET_SECONDS))
    except (BadSignature, ValueError):
        return uuid.uuid4()


# --- seats ---


def take_seat(klass: Class, sitting: Seat | None, typed: str, ticket: str = "") -> Taken:
    """Makes a seat with this name, or returns the one that this browser has already. `sitting` is its seat now, in any class.

    Raises `CannotJoin`, and `BadName` for a name that cannot be shown.
    """
    check_open(klass)
    if sitting and sitting.klass_id == klass.pk:
        return _same_seat(sitting)
    name, who = clean_name(typed), read_ticket(ticket)
    with transaction.atomic():
        klass = Class.objects.select_for_update().get(pk=klass.pk)  # joins wait for each other: names and places are counted
        check_open(klass)
        again = Seat.objects.select_related("klass").filter(learner=who).first()
        # the form was sent twice; the browser shows only the last answer, so its way back must work
        if again and again.klass_id == klass.pk:
            _same_seat(again)
            return Taken(again, give_way_back(again))
        if again:  # an old form of another class
            who = uuid.uuid4()
        taken = list(klass.seats.filter(removed_at=None).values_list("name", flat=True))
        if len(taken) >= klass.seats_expected:
            raise CannotJoin(
                "full",
                f"All {klass.seats_expected} seats of “{klass.title}” are taken. The instructor can allow more or remove "
                "one that nobody uses; then send this again.",
            )
        free, token = free_name(name, taken), new_token()
        learner = Learner.objects.create(pk=who)
        seat = Seat.objects.create(klass=klass, learner=learner, name=free, recovery=hash_token(token))
        tell_class(klass, seat)
    return Taken(seat, token, name if free != name else "")


def _same_seat(seat: Seat) -> Taken:
    if seat.removed_at:
        raise CannotJoin("removed", "The instructor took you out of this class. Talk to them if that was a mistake.")
    return Taken(seat)


# --- the way back ---


def new_token() -> str:
    return secrets.token_urlsafe(24)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def give_way_back(seat: Seat) -> str:
    """Makes a new token for the seat. The one before stops working."""
    token = new_token()
    Seat.objects.filter(pk=seat.pk).update(recovery=hash_token(token))
    return token


def find_way_back(token: str) -> Seat | None:
    """The seat to which the token leads, also a removed one. It is found by the token's hash."""
    return Seat.objects.select_related("klass", "learner").filter(recovery=hash_token(token)).exclude(learner=None).first()
