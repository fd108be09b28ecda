"""What an instructor's action is: a row (`Act`) of the table in `table.py`, and the function that does it.

A function is given `Asked` (who asks, in which class, for which seat) and the fields of its form by name. It does its work
once: asked again, by a second click or by a second instructor, it answers that it is done already. It notes what it did
(`Asked.note`) in the transaction that does it, and answers `Done`; what cannot be done raises `Refused` with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.http import HttpRequest

from explorer.classroom.models import AuditEntry, Class, Seat
from explorer.classroom.people import audit
from explorer.classroom.people.access import User
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner, Sandbox


class For(Enum):
    """Whom something is for: the whole class, one seat of it, or either."""

    CLASS = "class"
    SEAT = "seat"
    BOTH = "both"

    def covers(self, seat: Seat | None) -> bool:
        return self in (For.BOTH, For.SEAT if seat else For.CLASS)


class Kind(Enum):
    """What a field of a form is. The choices of the last four are found in `choices.py`."""

    TEXT = "text"
    BUTTON = "button"  # a second button, which sends "1"
    STEP = "step"  # "lesson/step"
    PREDICTION = "prediction"  # "lesson/prediction"
    LESSON = "lesson"  # its slug
    STATE = "state"  # number of a `StartingState`


@dataclass(frozen=True)
class Field:
    """`label` may name `{whom}`: everybody, or the name of the seat."""

    name: str  # also that of the function's parameter
    label: str = ""
    kind: Kind = Kind.TEXT
    most: int = 200  # characters
    begin: str = ""  # what a text begins with
    seat_label: str = ""  # where one seat's form says it otherwise
    quiet: bool = False  # the label is read to who cannot see, and a text shows it while it is empty
    size: str = ""  # "wide" or "narrow"
    title: str = ""  # of a button: what it does

    def check(self, value: str) -> None:
        """Raises `Refused` for more characters than the field may have."""
        if len(value) > self.most:
            raise Refused("too_long", f"That is {len(value)} characters; {self.most} is the most.", field=self.name)


@dataclass(frozen=True)
class Part:
    """Where actions stand together on the page, under a title; `short` is the word for it in the list of parts."""

    title: str
    short: str


@dataclass(frozen=True)
class Insist:
    """After a refusal of this code the answer offers to send the form again with one more field."""

    code: str
    field: str
    label: str


@dataclass(frozen=True)
class Done:
    """`new` is false when somebody had done it already. `lines` say what was different for whom. `leads_to` is the name of the
    page on which what was made is seen."""

    sentence: str
    lines: tuple[str, ...] = ()
    new: bool = True
    leads_to: str = ""


def always(klass: Class) -> bool:
    return True


def silent(klass: Class) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Act:
    """An action: its form, whom it is for, what it asks before, and the word for it in the audit log.

    `{whose}` in `confirm` is "every learner's" or "this learner's"; `{whom}` is everybody, or the name of the seat.
    """

    name: str  # in the address its form is sent to
    label: str  # on its button
    do: Callable[..., Done]  # (asked, **fields)
    audit: str  # 40 characters at most
    part: Part
    whom: For = For.BOTH
    fields: tuple[Field, ...] = ()
    confirm: str = ""
    icon: str = ""
    title: str = ""  # what the button does; `{minutes}` is how long a sandbox of this class lives
    first: For | None = None  # on these pages it stands above all parts
    offered: Callable[[Class], bool] = always
    otherwise: str = ""  # what stands in the place of a form that is not offered
    aside: Callable[[Class], str] = silent  # what stands beside the button
    primary: bool = False  # the button to be seen first
    follows: bool = False  # drawn again in the answer to any action for the class: what it shows may be different then
    fragment: str = ""  # its own template, where it is more than a form
    within: str = ""  # the action whose fragment has this one's button too
    mine: Callable[[HttpRequest], Learner | None] | None = None  # reads who the instructor's own browser is as a learner
    insist: Insist | None = None

    def perform(
        self, user: User, klass: Class, seat: Seat | None = None, *, mine: Learner | None = None, **fields: str
    ) -> Done:
        """Does it, for the class or for the seat. Raises `Refused`; then nothing was done."""
        if seat and (seat.removed_at or seat.learner_id is None):
            raise Refused("nobody", "Nobody sits there any more.", seat=seat.pk)
        for field in self.fields:
            field.check(fields.get(field.name, ""))
        return self.do(Asked(self, user, klass, seat, mine), **fields)


@dataclass(frozen=True)
class Asked:
    """One request for an action. Without a `seat` it is for everybody; `mine` is who the instructor is as a learner."""

    act: Act
    user: User
    klass: Class
    seat: Seat | None = None
    mine: Learner | None = None

    @property
    def whom(self) -> str:
        return self.seat.name if self.seat else "everybody"

    def note(self, *, seat: Seat | None = None, sandbox: Sandbox | None = None, **detail: Any) -> AuditEntry:
        """Writes the line of the audit log. `detail` holds no learner's name and nothing anybody wrote."""
        return audit.note(self.user, self.act.audit, klass=self.klass, seat=seat or self.seat, sandbox=sandbox, **detail)
