"""What an instructor's action is: a row (`Act`) of the table in `table.py`, and a function.

The function gets `Asked` (who asks, in which class, for which seat) and the fields of its form by name. It writes its line of
the audit log with `Asked.note` and returns `Done`. When it is asked again, by a second click or a second instructor, it
returns `Done` with `new=False`. When it cannot be done, it raises `Refused` with a sentence.
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
    """For whom an action is: the whole class, one seat, or either."""

    CLASS = "class"
    SEAT = "seat"
    BOTH = "both"

    def covers(self, seat: Seat | None) -> bool:
        return self in (For.BOTH, For.SEAT if seat else For.CLASS)


class Kind(Enum):
    """The kind of a form's field. The choices for the last four kinds are made in `choices.py`."""

    TEXT = "text"
    BUTTON = "button"  # a second button, which sends "1"
    STEP = "step"  # "lesson/step"
    PREDICTION = "prediction"  # "lesson/prediction"
    LESSON = "lesson"  # its slug
    STATE = "state"  # number of a `StartingState`


@dataclass(frozen=True)
class Field:
    """One field of a form. `label` may contain `{whom}`, which becomes "everybody" or the name of the seat."""

    name: str  # also that of the function's parameter
    label: str = ""
    kind: Kind = Kind.TEXT
    most: int = 200  # characters
    begin: str = ""  # what a text begins with
    seat_label: str = ""  # where one seat's form says it otherwise
    quiet: bool = False  # the label is only for screen readers; an empty text field shows it
    size: str = ""  # "wide" or "narrow"
    title: str = ""  # of a button: what it does

    def check(self, value: str) -> None:
        """Raises `Refused` when the value has more characters than the field allows."""
        if len(value) > self.most:
            raise Refused("too_long", f"That is {len(value)} characters; {self.most} is the most.", field=self.name)


@dataclass(frozen=True)
class Part:
    """A titled part of the page with some actions. `short` is its name in the list of parts."""

    title: str
    short: str


@dataclass(frozen=True)
class Insist:
    """After a refusal with this code, the page offers to send the form again with one more field."""

    code: str
    field: str
    label: str


@dataclass(frozen=True)
class Done:
    """The answer of an action. `new` is False when it had been done already. `lines` name the seats for which it went
    differently. `leads_to` is the URL name of the page that shows the result.
    """

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
    """An action: its form, for whom it is, its question before it is done, and its name in the audit log.

    In `confirm`, `{whose}` becomes "every learner's" or "this learner's", and `{whom}` "everybody" or the name of the seat.
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
    primary: bool = False  # drawn as the main button
    follows: bool = False  # drawn again in the answer to any action for the class: what it shows may be different then
    fragment: str = ""  # its own template, where it is more than a form
    within: str = ""  # the action whose fragment has this one's button too
    mine: Callable[[HttpRequest], Learner | None] | None = None  # reads or makes the learner of the instructor's own browser
    insist: Insist | None = None

    def perform(
        self, user: User, klass: Class, seat: Seat | None = None, *, mine: Learner | None = None, **fields: str
    ) -> Done:
        """Does the action for the class or the seat. Raises `Refused` when it cannot be done."""
        if seat and (seat.removed_at or seat.learner_id is None):
            raise Refused("nobody", "Nobody sits there any more.", seat=seat.pk)
        for field in self.fields:
            field.check(fields.get(field.name, ""))
        return self.do(Asked(self, user, klass, seat, mine), **fields)


@dataclass(frozen=True)
class Asked:
    """One request for an action. Without `seat` it is for everybody. `mine` is the learner of the instructor's own browser."""

    act: Act
    user: User
    klass: Class
    seat: Seat | None = None
    mine: Learner | None = None

    @property
    def whom(self) -> str:
        return self.seat.name if self.seat else "everybody"

    def note(self, *, seat: Seat | None = None, sandbox: Sandbox | None = None, **detail: Any) -> AuditEntry:
        """Adds a line to the audit log. `detail` must not hold a learner's name or a text that somebody wrote."""
        return audit.note(self.user, self.act.audit, klass=self.klass, seat=seat or self.seat, sandbox=sandbox, **detail)
