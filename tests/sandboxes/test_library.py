"""Published lessons stand among ours; a broken row, a draft, a slug of ours and an unreachable database take nothing away."""

import pytest
from django.db import DatabaseError

from explorer.lessons.load import load_lessons
from explorer.sandboxes import library
from explorer.sandboxes.models import AuthoredLesson
from tests.lessons.conftest import GOOD, TEXT

FILES = {"lesson.toml": GOOD, "1.md": TEXT, "2.md": "And now?\n"}


@pytest.fixture
def row(db):
    return AuthoredLesson.objects.create(slug="ports", title="A lesson", files=FILES, published_files=FILES, state="published")


def test_a_published_lesson_comes_after_ours(row):
    assert list(library.lessons()) == [*load_lessons(), "ports"]
    assert library.find("ports").title == "A lesson"


def test_a_draft_goes_by_a_name_of_its_own(row):
    changed = {**FILES, "lesson.toml": GOOD.replace("A lesson", "A newer lesson")}
    AuthoredLesson.objects.update(files=changed)
    library.refresh(now=True)
    assert library.find("ports").title == "A lesson"
    assert library.find("_ports").title == "A newer lesson"
    assert "_ports" not in library.lessons()


def test_what_is_not_published_is_in_nobodys_list(row):
    AuthoredLesson.objects.update(published_files={})
    library.refresh(now=True)
    assert library.find("ports") is None


def test_a_broken_row_is_left_out_and_the_others_stay(row, caplog):
    AuthoredLesson.objects.create(slug="broken", files={"lesson.toml": "title ="}, published_files={"lesson.toml": 5})
    library.refresh(now=True)
    assert list(library.published()) == ["ports"]
    assert list(library.lessons()) == [*load_lessons(), "ports"]


def test_a_slug_of_ours_is_ours(row):
    AuthoredLesson.objects.update(slug="bridge")
    assert library.find("bridge") is load_lessons()["bridge"]
    assert library.published() == {}


def test_rows_are_asked_for_once_a_second(row, django_assert_num_queries):
    with django_assert_num_queries(2):
        library.lessons()
    with django_assert_num_queries(0):
        library.lessons()


def test_what_did_not_change_is_not_read_again(row, django_assert_num_queries):
    first = library.find("ports")
    with django_assert_num_queries(1):
        library.refresh(now=True)
    assert library.find("ports") is first


def test_without_a_database_what_was_known_stays(row, monkeypatch):
    library.lessons()

    def away(*_):
        raise DatabaseError("away")

    monkeypatch.setattr(AuthoredLesson.objects, "aggregate", away, raising=False)
    library.refresh(now=True)
    assert library.find("ports").slug == "ports"
