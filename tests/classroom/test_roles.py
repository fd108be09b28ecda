"""Every URL name × every person × what they are answered. The rows are in `roles.py`.

`pytest tests/classroom/test_roles.py -s` prints the table. Websockets are in `test_roles_sockets.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings
from redis import Redis

from explorer.classroom.acts.table import ACTS
from tests.attacks import attack
from tests.classroom.roles import PAGES, PEOPLE, act_row
from tests.classroom.walk import METHODS, Cast, Walk, address_of, differences, every_name, show

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
NAMES = every_name()


@pytest.fixture(scope="module")
def walk(django_db_setup, django_db_blocker, valkey_url) -> Iterator[Walk]:
    """One cast for all pages; it is undone as a whole."""
    stores = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": PLAIN}
    show("", {person: person for person in PEOPLE})
    with django_db_blocker.unblock(), override_settings(REDIS_URL=valkey_url, STORAGES=stores), transaction.atomic():
        logging.disable(logging.ERROR)  # a refusal is what we are after, a thousand times
        yield Walk(Cast(), Redis.from_url(valkey_url))
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


@attack(
    "the address {name}, asked for by every kind of person",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
@pytest.mark.django_db  # pytest-django makes a database when a test that runs has this mark: also when these run alone
@pytest.mark.parametrize("name", NAMES)
def test_page(walk, name):
    assert name in PAGES, f"{name} has no row in tests/classroom/roles.py: who may use it?"
    row = PAGES[name]
    address = address_of(name, walk.cast)
    assert address, f"{name}: tests.classroom.walk.fill does not know all parts of its address"
    for method in METHODS:
        told = {person: walk.ask(person, method, address, row.fields if method == "post" else {}) for person in PEOPLE}
        show(f"{method.upper():4} {name}", told)
        assert differences(told, getattr(row, method)) == "", f"{method} {address}"


@attack(
    "the action {name} on a {whom}, done by every kind of person",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
@pytest.mark.django_db
@pytest.mark.parametrize("whom", ["class", "seat"])
@pytest.mark.parametrize("name", ACTS)
def test_action(walk, name, whom):
    """Every action of the table is closed to all but who runs the class."""
    row, klass, seat = act_row(ACTS[name], whom), walk.cast.klass.pk, walk.cast.seat.pk
    address = f"/teach/{klass}/do/{name}/" if whom == "class" else f"/teach/{klass}/seats/{seat}/do/{name}/"
    told = {person: walk.ask(person, "post", address, row.fields) for person in PEOPLE}
    show(f"{whom:5} {name}", told)
    assert differences(told, row.post) == "", address


def test_no_row_is_of_a_page_that_is_gone():
    assert sorted(PAGES.keys() - set(NAMES)) == []
