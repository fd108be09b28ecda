"""A fixed cast with fixed rights, so that a permission test is a sentence about a person.

`teacher` runs `klass`, in which `seat` is taken by a learner; `other_teacher` runs a class of their own; `operator` runs
everything; `nobody` is a user with no rights at all.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.utils import timezone

from explorer.classroom.models import Class, Seat
from explorer.sandboxes.models import Learner

PASSWORD = "only-for-tests-9931"


@cache
def _hashed(password: str) -> str:
    """Once: hashing is slow on purpose, and every test has users."""
    return make_password(password)


def make_user(name: str, group: str = "") -> User:
    user = User.objects.create(username=name, password=_hashed(PASSWORD), is_staff=bool(group))
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def make_class(instructor: User, **fields) -> Class:
    known = {"title": "Networks", "lessons": ["bridge", "host"], "ends_at": timezone.now() + timedelta(hours=3)}
    return Class.objects.create(instructor=instructor, **{**known, **fields})


def make_seat(klass: Class, name: str = "Ana") -> Seat:
    return Seat.objects.create(klass=klass, learner=Learner.objects.create(), name=name, recovery=f"{klass.pk}{name}")


@pytest.fixture
def teacher(db):
    return make_user("teacher", "instructor")


@pytest.fixture
def other_teacher(db):
    return make_user("other_teacher", "instructor")


@pytest.fixture
def operator(db):
    return make_user("operator", "operator")


@pytest.fixture
def nobody(db):
    return make_user("nobody")


@pytest.fixture
def klass(teacher):
    return make_class(teacher)


@pytest.fixture
def seat(klass):
    return make_seat(klass)
