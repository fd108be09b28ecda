"""`manage.py lesson check`, and what `lesson solve` refuses before it opens anything."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from explorer.lab.engine import capabilities
from explorer.lessons.load import LessonError
from explorer.lessons.sent import Fault
from explorer.node.management.commands import lesson as command


def test_check(capsys):
    call_command("lesson", "check")
    assert capsys.readouterr().out.startswith("ok  start-here: 6 steps, ")


def test_check_json(capsys):
    call_command("lesson", "check", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert told["lessons"]["bridge"]["steps"] == 10
    assert told["warnings"] == []


def test_a_sentence_that_is_sent_too_early_is_a_warning_and_no_failure(capsys, monkeypatch):
    early = Fault("1-switch.md", 7, "may give away 'docker0': “It is a bridge.”", "A bridge.")
    monkeypatch.setattr(command, "find_spoilers", lambda lesson, files: [early] if lesson.slug == "bridge" else [])
    call_command("lesson", "check")
    out, err = capsys.readouterr()
    assert "ok  bridge: 10 steps" in out
    assert err == "warning  bridge/1-switch.md:7: may give away 'docker0': “It is a bridge.”; a later text says “A bridge.”\n"


def test_predicates(capsys):
    call_command("lesson", "predicates")
    assert "gateway(place, bridge, host='h1')\n    The default route" in capsys.readouterr().out


def test_a_bad_lesson_is_said_and_fails(capsys, monkeypatch, lessons):
    lessons.change("minutes = 5", "minutes = 500")

    def load():
        lessons.load()

    monkeypatch.setattr(command, "load_lessons", load)
    with pytest.raises(SystemExit) as caught:
        call_command("lesson", "check", "--json")
    out, err = capsys.readouterr()
    assert caught.value.code == 1
    assert json.loads(out)["error"] in err
    assert err.startswith("pages/lesson.toml:5: ")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["solve", "moon"], "There is no lesson 'moon'. There are: start-here, bridge, "),
        (["solve", "bridge", "--skip", "moon"], "--skip 'moon': bridge has the steps switch, "),
        (["solve", "bridge", "--skip", "out:x"], "--skip 'out:x': expected STEP or STEP:N."),
        (["solve", "bridge", "--until", "moon"], "--until 'moon': bridge has the steps switch, "),
    ],
)
def test_refused(db, words, what):
    with pytest.raises(CommandError, match=r".") as caught:
        call_command("lesson", *words)
    assert str(caught.value).startswith(what)


def test_lesson_error_is_one_line(lessons):
    lessons.change("minutes = 5", "minutes = 500")
    assert "\n" not in lessons.error()
    assert issubclass(LessonError, Exception)


@pytest.fixture
def poor_kernel(monkeypatch):
    monkeypatch.setattr(capabilities, "features", lambda: {"veth": True, "bridge": True, "nat": True, "macvlan": False})


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_driver_the_kernel_lacks_has_an_exit_status_of_its_own(capsys, poor_kernel, words):
    with pytest.raises(SystemExit) as caught:
        call_command("lesson", "solve", "macvlan", *words)
    out, err = capsys.readouterr()
    assert caught.value.code == command.NO_DRIVER == 77
    assert err.startswith("A lesson about macvlan cannot be played here: this node's kernel, Linux ")
    if words:
        assert (json.loads(out)["lacks"], json.loads(out)["ok"]) == ("macvlan", False)
