"""A message or a command to click: to all, to one, once, and nothing in it that types by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from explorer.classroom.acts import once, words
from explorer.classroom.models import AuditEntry, Word
from explorer.sandboxes.events import class_stream
from explorer.sandboxes.limits import Refused
from explorer.web.templatetags.doing import words_for
from tests.classroom.acts.conftest import audited
from tests.classroom.acts.doing import do


def test_a_word_to_all_is_heard_by_everybody(teacher, klass, seat, ben, told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        done = do("say", teacher, klass, text="  look   here ")
    assert done.sentence == "Said to everybody."
    assert [words_for(one)[0][0].text for one in (seat, ben)] == ["look here", "look here"]
    assert [(stream, event.seat) for stream, event in told] == [(class_stream(klass.pk), "")]


def test_a_word_to_one_is_heard_by_nobody_else(teacher, klass, seat, ben):
    do("say", teacher, klass, seat, text="well done")
    assert len(words_for(seat)) == 1
    assert words_for(ben) == []


def test_the_same_twice_is_said_once_whoever_says_it(teacher, second, klass):
    assert do("say", teacher, klass, text="stop").new
    again = do("say", second, klass, text="stop")
    assert (again.new, Word.objects.count(), audited("message")) == (False, 1, 1)


def test_another_word_is_another(teacher, klass):
    do("say", teacher, klass, text="one")
    assert do("say", teacher, klass, text="two").new


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_nothing_and_too_much_are_refused(teacher, klass, text):
    with pytest.raises(Refused):
        do("say", teacher, klass, text=text)
    assert not Word.objects.exists()


def test_the_audit_log_holds_no_words(teacher, klass):
    do("say", teacher, klass, text="Ana, look")
    assert "Ana" not in str(AuditEntry.objects.get().detail)


def test_a_command_has_its_place(teacher, klass, seat):
    do("command", teacher, klass, place="h1", command="docker ps")
    word = words_for(seat)[0][0]
    assert (word.place, word.command) == ("h1", "docker ps")


@pytest.mark.parametrize("command", ["", "ls\nreboot", "ls\rreboot", "\x1b[2J"])
def test_a_command_that_would_type_more_than_a_line_is_refused(teacher, klass, command):
    with pytest.raises(Refused):
        do("command", teacher, klass, place="h1", command=command)
    assert not Word.objects.exists()


def test_nobody_speaks_in_a_class_that_is_over(teacher, klass):
    klass.state = "ended"
    klass.save()
    with pytest.raises(Refused, match="over"):
        do("say", teacher, klass, text="hello")


@pytest.mark.parametrize("place", ["", " ", "h1\nh2", "h1\x1b"])
def test_a_command_without_a_place_it_can_be_typed_in_is_refused(teacher, klass, place):
    with pytest.raises(Refused):
        do("command", teacher, klass, place=place, command="docker ps")
    assert not Word.objects.exists()


def test_a_class_keeps_so_many_words_and_says_when_it_is_full(teacher, klass, elsewhere, monkeypatch):
    monkeypatch.setattr(words, "MOST_WORDS", 2)
    for text in ("one", "two"):
        do("say", teacher, klass, text=text)
    with pytest.raises(Refused, match="2 things have been said") as refused:
        do("say", teacher, klass, text="three")
    assert (refused.value.code, Word.objects.count()) == ("too_many", 2)
    assert do("say", elsewhere.klass.instructor, elsewhere.klass, text="three").new


def test_the_same_words_to_another_seat_are_said_again(teacher, klass, seat, ben):
    assert do("say", teacher, klass, seat, text="well done").new
    assert do("say", teacher, klass, ben, text="well done").new
    assert do("say", teacher, klass, text="well done").new


def test_the_same_words_a_while_later_are_said_again(teacher, klass):
    do("say", teacher, klass, text="stop")
    Word.objects.update(at=timezone.now() - once.AGAIN)
    assert do("say", teacher, klass, text="stop").new


def test_who_came_later_does_not_hear_what_was_said_before(teacher, klass, seat):
    do("say", teacher, klass, text="early")
    Word.objects.update(at=seat.joined_at - timedelta(seconds=1))
    assert words_for(seat) == []


def test_what_was_said_long_ago_is_not_shown_any_more(teacher, klass, seat):
    do("say", teacher, klass, text="old")
    Word.objects.update(at=timezone.now() - timedelta(hours=3))
    type(seat).objects.update(joined_at=timezone.now() - timedelta(hours=9))
    seat.refresh_from_db()
    assert words_for(seat) == []


def test_the_newest_words_are_shown_first_and_not_all(teacher, klass, seat):
    for number in range(6):
        do("say", teacher, klass, text=f"word {number}")
    assert [word.text for word, _ in words_for(seat)] == [f"word {number}" for number in (5, 4, 3, 2)]
