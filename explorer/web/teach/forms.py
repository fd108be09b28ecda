"""The forms of actions as pages draw them: rows of `explorer.classroom.acts.table` for one class or one seat."""

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
    """A field with its label and choices. `choices` is empty for a text."""

    field: Field
    label: str
    choices: Choices


@dataclass(frozen=True)
class Form:
    """The form of one action on the page of a class or of a seat."""

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
        """The further buttons of the form, beside its main one."""
        return [one for one in self.act.fields if one.kind is Kind.BUTTON]

    @property
    def clears(self) -> bool:
        """Whether the form is emptied after it was sent, so that a text is not sent twice by mistake."""
        return any(one.kind is Kind.TEXT for one in self.act.fields)

    @property
    def beside(self) -> list[Form]:
        """The actions whose buttons are drawn in this action's fragment."""
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
    """All forms of a page: `first` stand above, the others under the title of their part."""

    first: list[Form]
    parts: list[tuple[Part, list[Form]]]

    @property
    def more(self) -> str:
        """The short names of the parts in one line."""
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
    """The forms on the class's page that may look different after an action."""
    return [form for form in _drawn(klass, None) if form.act.follows]


def _drawn(klass: Class, seat: Seat | None) -> Iterator[Form]:
    for act in ACTS.values():
        if act.whom.covers(seat) and not act.within:
            yield Form(act, klass, seat)
