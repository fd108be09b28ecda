"""A message or a command to click: to all, to one, once, and nothing in it that types by itself."""

from __future__ import annotations

import pytest

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
