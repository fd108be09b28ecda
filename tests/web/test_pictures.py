"""Every page that somebody can open has a picture, or a written reason why it has none."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import override_settings
from redis import Redis

from tests.browser.pictures import PAGES, SCHEMES, WIDTHS, WITHOUT
from tests.classroom.walk import Cast, Walk, address_of, every_name

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHO = ("seated", "teacher", "operator")
NAMES = every_name()
SHOWN = {name for picture in PAGES for name in picture.names.split()}


@pytest.fixture(scope="module")
def walk(django_db_setup, django_db_blocker, valkey_url) -> Iterator[Walk]:
    """One cast for all pages; it is undone as a whole."""
    stores = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": PLAIN}
    with django_db_blocker.unblock(), override_settings(REDIS_URL=valkey_url, STORAGES=stores), transaction.atomic():
        logging.disable(logging.ERROR)  # most refuse somebody
        yield Walk(Cast(), Redis.from_url(valkey_url))
        logging.disable(logging.NOTSET)
        transaction.set_rollback(True)


def is_page(walk: Walk, person: str, address: str) -> bool:
    """Whether this person is answered with a whole page; a part of one does not begin as a page does."""
    with transaction.atomic():
        answer = walk.browsers[person].get(address)
        transaction.set_rollback(True)
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html") or answer.streaming:
        return False
    return answer.content.lstrip()[:9].lower() == b"<!doctype"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(set(NAMES) - SHOWN - WITHOUT.keys()))
def test_what_has_no_picture_is_no_page(walk, name):
    address = address_of(name, walk.cast)
    assert address
    pages = [person for person in WHO if is_page(walk, person, address)]
    assert not pages, (
        f"{name} is a page for {pages}: give it a row in PAGES of tests/browser/pictures.py, or a reason in WITHOUT"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["home", "wall", "admin:index"])
def test_a_page_is_known_for_one(walk, name):
    assert is_page(walk, "operator", str(address_of(name, walk.cast)))


def test_no_row_is_of_a_page_that_is_gone():
    assert sorted((SHOWN | WITHOUT.keys()) - set(NAMES)) == []


def test_what_has_a_reason_has_no_picture():
    assert SHOWN & WITHOUT.keys() == set()
    assert all(WITHOUT.values())


def test_every_picture_has_a_name_of_its_own():
    names = [picture.name for picture in PAGES]
    assert len(names) == len(set(names))


def test_a_phone_a_desk_and_a_projector_in_light_and_dark():
    assert [width for width, _ in WIDTHS] == [390, 1280, 1920]
    assert SCHEMES == ("light", "dark")
