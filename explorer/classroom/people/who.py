"""Makes accounts of instructors and operators. Learners have none."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from explorer.classroom.people.access import INSTRUCTOR, OPERATOR
from explorer.classroom.people.sessions import end_all


class Taken(Exception):
    """There is already a user with this name."""


def make_groups() -> dict[str, Group]:
    """Role → group of users. Groups that are missing are made."""
    return {name: Group.objects.get_or_create(name=name)[0] for name in (INSTRUCTOR, OPERATOR)}


def make_person(name: str, password: str, role: str, renew: bool = False) -> User:
    """Makes an account. With `renew`, an existing user gets this password and role. Raises `Taken`, and `ValidationError` for
    a bad name or a password that is easily guessed.
    """
    name = name.strip()
    with transaction.atomic():
        known = User.objects.select_for_update().filter(username=name).first()
        if known and not renew:
            raise Taken(name)
        person = known or User(username=name)
        person.is_staff, person.is_active = True, True
        validate_password(password, person)
        person.set_password(password)
        person.full_clean(exclude=["email", "last_login"])
        person.save()
        end_all(person.pk)  # who was logged in with the old password is out
        groups = make_groups()
        person.groups.remove(*groups.values())
        person.groups.add(groups[role])
    return person


def is_anybody_here() -> bool:
    """Whether there is an active account of an instructor or operator."""
    return User.objects.filter(is_active=True, groups__name__in=[INSTRUCTOR, OPERATOR]).exists()
