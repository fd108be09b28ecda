"""The forms of a class's actions as the pages draw them: rows of `explorer.classroom.acts.table` for one class or one seat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse

from explorer.classroom.acts.act import Act, Field, Kind, Part
from explorer.classroom.acts.choices import Choices, choices_of
from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import Class, Seat


@dataclass(frozen=True)
class ShownField:
    """`choices` is empty for a text."""

    field: Field
    label: str
    choices: Choices


@dataclass(frozen=True)
class Form:
    """One action on the page of the class, or on that of the seat."""

    act: Act
    klass: Class
    seat: Seat | None = None

    @property
    def here(self) -> str:
        if self.seat:
            return reverse("do-seat", args=[self.klass.pk, self.seat.pk, self.act.name])
        return reverse("do-class", args=[self.klass.pk, self.act.name])

    @property
    def offered(self) -> bool:
        return self.act.offered(self.klass)

    @property
    def aside(self) -> str:
        return self.act.aside(self.klass)

    @property
    def confirm(self) -> str:
        return self._say(self.act.confirm)

    @property
    def title(self) -> str:
        return self._say(self.act.title)

    @cached_property
    def fields(self) -> list[ShownField]:
        return [self._field(one) for one in self.act.fields if one.kind is not Kind.BUTTON]

    @property
    def buttons(self) -> list[Field]:
        """Those beside its own."""
        return [one for one in self.act.fields if one.kind is Kind.BUTTON]

    @property
    def clears(self) -> bool:
        """What was written is gone from the form once it was taken, so that nothing is sent twice by mistake."""
        return any(one.kind is Kind.TEXT for one in self.act.fields)

    @property
    def beside(self) -> list[Form]:
        """The actions whose buttons are drawn within this one's fragment."""
        return [Form(act, self.klass, self.seat) for act in ACTS.values() if act.within == self.act.name]

    def _field(self, one: Field) -> ShownField:
        label = self._say(one.seat_label if self.seat and one.seat_label else one.label)
        return ShownField(one, label, [] if one.kind is Kind.TEXT else choices_of(one.kind, self.klass))

    def _say(self, words: str) -> str:
        return words.format(
            whom=self.seat.name if self.seat else "everybody",
            whose="this learner's" if self.seat else "every learner's",
            minutes=self.klass.sandbox_minutes,
        )


@dataclass(frozen=True)
class Forms:
    """What can be done, as it stands on the page: `first` above, the others under the title of their part."""

    first: list[Form]
    parts: list[tuple[Part, list[Form]]]

    @property
    def more(self) -> str:
        """The parts in a few words."""
        words = ", ".join(part.short for part, _ in self.parts)
        return words[:1].upper() + words[1:]


def forms_for(klass: Class, seat: Seat | None = None) -> Forms:
    first: list[Form] = []
    parts: dict[Part, list[Form]] = {}
    for form in _drawn(klass, seat):
        if form.act.first and form.act.first.covers(seat):
            first.append(form)
        else:
            parts.setdefault(form.act.part, []).append(form)
    return Forms(first, list(parts.items()))


def forms_that_follow(klass: Class) -> list[Form]:
    """Those on the class's page that may look different after any action."""
    return [form for form in _drawn(klass, None) if form.act.follows]


def _drawn(klass: Class, seat: Seat | None) -> Iterator[Form]:
    for act in ACTS.values():
        if act.whom.covers(seat) and not act.within:
            yield Form(act, klass, seat)
