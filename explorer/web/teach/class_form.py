"""The form of a class: what an instructor may set, and a sentence for each thing that is not possible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.http import QueryDict
from django.utils import timezone

from explorer.classroom.models import MOST_SEATS, Class
from explorer.classroom.seat.names import is_hidden
from explorer.lessons.model import Lesson
from explorer.network.engines import in_order, is_docker, usual
from explorer.sandboxes import library
from explorer.sandboxes.nodes import known_engines, read_nodes

LONGEST = timedelta(days=180)
USUAL = timedelta(hours=3)
WRITTEN = "%Y-%m-%dT%H:%M"  # as a browser's own date field writes it


class ClassForm(forms.Form):
    title = forms.CharField(max_length=120, error_messages={"required": "Give the class a title: learners see it."})
    engine = forms.ChoiceField(
        label="Docker Engine of its sandboxes",
        widget=forms.Select(attrs={"class": "select w-full"}),
    )
    seats_expected = forms.IntegerField(label="Seats")
    sandbox_minutes = forms.IntegerField(label="Minutes a sandbox lives")
    extensions = forms.IntegerField(label="Times a learner may extend it")
    ends_at = forms.CharField(label="The class ends at", error_messages={"required": "Say when the class ends."})
    zone = forms.CharField(required=False, max_length=64)  # of the browser's clock; without one the time is UTC
    watchable = forms.BooleanField(required=False)

    def __init__(self, *args: Any, klass: Class | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.klass = klass
        self.label_suffix = ""
        kept = klass.engine if klass else usual(read_nodes().engines)
        self.versions = [one for one in in_order([*known_engines(), kept]) if is_docker(one)]
        cast(forms.ChoiceField, self.fields["engine"]).choices = [(one, one) for one in self.versions]

    def clean_title(self) -> str:
        """Without characters that are invisible or turn the text around them: learners' pages show the title."""
        title = "".join(letter for letter in self.cleaned_data["title"] if not is_hidden(letter)).strip()
        if not title:
            raise forms.ValidationError("Give the class a title: learners see it.")
        return title

    def clean_seats_expected(self) -> int:
        return self._between(
            "seats_expected", 1, MOST_SEATS, "A class has {low} to {high} seats. For more, open a second class."
        )

    def clean_sandbox_minutes(self) -> int:
        return self._between("sandbox_minutes", 5, 24 * 60, "A sandbox lives {low} minutes to {high} minutes, which is a day.")

    def clean_extensions(self) -> int:
        return self._between("extensions", 0, 100, "A sandbox may be extended {low} to {high} times.")

    def _between(self, name: str, low: int, high: int, sentence: str) -> int:
        value = int(self.cleaned_data[name])
        if not low <= value <= high:
            raise forms.ValidationError(f"{value} cannot be. " + sentence.format(low=low, high=high))
        return value

    def clean(self) -> dict[str, Any]:
        self._read_end()
        self.cleaned_data["lessons"] = self.chosen()
        if not self.cleaned_data["lessons"]:
            self.add_error(None, "Choose one lesson at least: a class without any has nothing to do.")
        return self.cleaned_data

    def _read_end(self) -> None:
        given = self.cleaned_data.get("ends_at", "")
        if not given:
            return
        try:
            at = datetime.strptime(given, WRITTEN).replace(tzinfo=zone_named(self.cleaned_data.get("zone", ""))).astimezone(UTC)
        except (ValueError, OverflowError):
            self.add_error("ends_at", "That is no date and time. Write it like 2031-05-24T16:30.")
            return
        if at <= timezone.now():
            self.add_error("ends_at", "That is over already. A class ends in the future.")
        elif at > timezone.now() + LONGEST:
            self.add_error("ends_at", f"A class lasts {LONGEST.days} days at most.")
        self.cleaned_data["ends_at"] = at

    # --- lessons: ticked ones, by the number beside them ---

    def chosen(self) -> list[str]:
        """The slugs of the ticked lessons, sorted by the numbers beside them. Equal numbers keep the order of the form."""
        if not self.is_bound:
            return list(self.klass.lessons) if self.klass else []
        known = library.lessons()
        given = self.data.getlist("lessons") if isinstance(self.data, QueryDict) else []
        ticked = [slug for slug in dict.fromkeys(given) if slug in known]
        return sorted(ticked, key=lambda slug: whole(self.data.get(f"place-{slug}", "")))

    def rows(self) -> list[tuple[Lesson, bool, int]]:
        """(lesson, ticked, number beside it): chosen lessons first."""
        known, chosen = library.lessons(), self.chosen()
        order = [slug for slug in chosen if slug in known] + [slug for slug in known if slug not in chosen]
        return [(known[slug], slug in chosen, at) for at, slug in enumerate(order, 1)]

    def engines_missing(self) -> list[str]:
        """The versions of Docker Engine in the form that no node has now. They can be chosen for later."""
        here = read_nodes().engines
        return [one for one in self.versions if one not in here]

    def fields_of_class(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "zone"}


def begin_form(klass: Class | None = None) -> ClassForm:
    """The form before anything was filled in: with the class's values, or with usual ones for a new class."""
    begun = klass or Class(engine=usual(read_nodes().engines), ends_at=next_hour(timezone.now() + USUAL))
    names = ("title", "engine", "seats_expected", "sandbox_minutes", "extensions", "watchable")
    initial = {name: getattr(begun, name) for name in names} | {"ends_at": begun.ends_at.strftime(WRITTEN)}
    return ClassForm(initial=initial, klass=klass)


def next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def zone_named(name: str) -> ZoneInfo:
    """The time zone with this name, UTC for an empty one. Raises ValueError when there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(name) from error


def whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 99_999
