"""The tables of classes, seats, messages, kept states, and the audit log.

A learner in a class is a `Learner` of its own, made when the seat is taken. What the person did alone stays apart, and
deleting these learners deletes the personal data of the class.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from explorer.network.engines import DEFAULT_ENGINE
from explorer.sandboxes.models import ALPHABET, Learner, new_sandbox_id

CODE_LENGTH = 8
MOST_SEATS = 200  # a larger class is refused, because one page could not show it


def new_code() -> str:
    """Eight characters that are not easily confused: 31 ** 8 codes, too many to guess at the allowed rate."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


class Class(models.Model):
    """A course at one time: its lessons in order, and the rules for its sandboxes. Its code lets people join and proves
    nothing.
    """

    class State(models.TextChoices):
        OPEN = "open"  # learners may join and work
        ENDED = "ended"  # by its instructor or its time; the code is void, the results stay until they are deleted

    id = models.CharField(max_length=16, primary_key=True, default=new_sandbox_id, editable=False)
    title = models.CharField(max_length=120)
    instructor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="classes")
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    lessons = models.JSONField(default=list)  # slugs, in order
    engine = models.CharField(max_length=8, default=DEFAULT_ENGINE)  # the version of Docker Engine of its sandboxes
    seats_expected = models.PositiveIntegerField(default=30)  # also how many may join
    sandbox_minutes = models.PositiveIntegerField(default=60)
    extensions = models.PositiveIntegerField(default=3)  # how often a learner may extend a sandbox
    watchable = models.BooleanField(default=False)  # the instructor may read learners' terminals; learners are told
    paused_at = models.DateTimeField(null=True, blank=True)  # while set, nobody types
    # the last open step: {"lesson": slug, "step": step id}; empty: all are open
    open_until = models.JSONField(default=dict, blank=True)
    # predictions whose answers are shown to all: ["lesson/prediction", …]
    revealed = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    forgotten_at = models.DateTimeField(null=True, blank=True)  # when the personal data in it was deleted

    class Meta:
        verbose_name_plural = "classes"
        indexes = [models.Index(fields=["instructor", "created_at"])]

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        return self.state == self.State.OPEN and self.ends_at > timezone.now()

    @property
    def spoken_code(self) -> str:
        """The code as it is shown and read aloud: two groups of four characters."""
        return f"{self.code[:4]}-{self.code[4:]}".upper()


class Seat(models.Model):
    """A learner's place in a class, with the name they gave. `recovery` is the SHA-256 of the token in the link that leads
    back to it.
    """

    id = models.CharField(max_length=16, primary_key=True, default=new_sandbox_id, editable=False)
    klass = models.ForeignKey(Class, on_delete=models.CASCADE, related_name="seats")
    learner = models.OneToOneField(Learner, null=True, on_delete=models.SET_NULL, related_name="seat")
    name = models.CharField(max_length=40)
    recovery = models.CharField(max_length=64, unique=True)
    lesson = models.CharField(max_length=64, blank=True, default="")  # the one they looked at last
    joined_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    help_at = models.DateTimeField(null=True, blank=True)  # asked for help, and nobody has come yet
    invited_at = models.DateTimeField(null=True, blank=True)  # the learner lets the instructor type in their terminals
    removed_at = models.DateTimeField(null=True, blank=True)  # by the instructor: no way back with link or code

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["klass", "name"], condition=Q(removed_at=None), name="one_name_per_class"),
        ]

    def __str__(self) -> str:
        return f"seat {self.id}"


class Word(models.Model):
    """What an instructor said to a class or to one seat. If it has a command, learners can click it."""

    klass = models.ForeignKey(Class, on_delete=models.CASCADE, related_name="words")
    seat = models.ForeignKey(Seat, null=True, blank=True, on_delete=models.CASCADE, related_name="words")  # None: to all
    text = models.CharField(max_length=500, blank=True, default="")
    place = models.CharField(max_length=64, blank=True, default="")  # where the command belongs: h1, h1/web, outside
    command = models.CharField(max_length=500, blank=True, default="")
    lesson = models.CharField(max_length=64, blank=True, default="")  # with `step`: "go to this step"
    step = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["klass", "at"])]

    def __str__(self) -> str:
        return f"word {self.pk} to {self.seat_id or self.klass_id}"


class StartingState(models.Model):
    """A kept state of a sandbox, of which copies can be handed out. `replay` has the form of `Sandbox.replay`."""

    klass = models.ForeignKey(Class, on_delete=models.CASCADE, related_name="states")
    title = models.CharField(max_length=120)
    scenario = models.CharField(max_length=64)
    layout = models.JSONField(default=dict, blank=True)
    lesson = models.CharField(max_length=64, blank=True, default="")
    engine = models.CharField(max_length=8, default=DEFAULT_ENGINE)
    replay = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.title


class Login(models.Model):
    """A session of a user that has not ended. `people.sessions` makes and deletes it; the cookie has the key."""

    key = models.CharField(max_length=40, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="logins")
    began_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"login of {self.user_id}"


class AppendOnly(models.QuerySet["AuditEntry"]):
    """Refuses to update or delete rows. Rows can be added and read."""

    def update(self, **fields: Any) -> int:
        raise PermissionError("the audit log is append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise PermissionError("the audit log is append-only")


class AuditEntry(models.Model):
    """One line of the audit log: who did what. `seat` and `sandbox` are ids, so it names no learner. Rows are only added."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.CharField(max_length=150)  # the user's name at that time; the row stays when the user is deleted
    role = models.CharField(max_length=12)
    action = models.CharField(max_length=40, db_index=True)
    klass = models.CharField(max_length=16, blank=True, default="", db_index=True)
    seat = models.CharField(max_length=16, blank=True, default="")
    sandbox = models.CharField(max_length=16, blank=True, default="", db_index=True)
    detail = models.JSONField(default=dict, blank=True)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name_plural = "audit log"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise PermissionError("the audit log is append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise PermissionError("the audit log is append-only")
