"""A bad lesson stops with file, line, what is wrong and what to do."""

from __future__ import annotations

import pytest

from explorer.lessons import checks
from explorer.lessons.load import LessonError, load_lessons, read_lesson
from explorer.lessons.model import Command
from explorer.network.model import Script, Snapshot
from explorer.network.weather import Weather

WRONG = [
    # what is replaced, by what, the line that is named, a part of the sentence
    ('driver = "bridge"', 'driver = "bird"', 2, "there is no driver 'bird'; there are start, bridge"),
    ('promise = "A promise."', "", 1, "'promise' is missing; add it here"),
    ("minutes = 5", "minutes = 500", 5, "less than or equal to 60"),
    ("minutes = 5", 'minutes = 5\ncolour = "red"', 6, "unknown key 'colour'"),
    ('scenario = "one-host"', 'scenario = "moon"', 6, "unknown scenario 'moon'; known: one-host"),
    ('scenario = "one-host"', 'scenario = ["one-host"]', 6, "unknown scenario"),
    ('scenario = "one-host"', 'slug = "other"\nscenario = "one-host"', 6, "differs from the folder's name 'pages'"),
    ("minutes = 5", "minutes = ", 5, "not valid TOML"),
    ('explain = \'\'\'\nIt', 'explain = """\nIt', 48, "not valid TOML"),
    ('file = "1.md"', 'file = "9.md"', 11, "no file '9.md' in this folder"),
    ('file = "1.md"', 'file = "../lesson.toml"', 11, "no file '../lesson.toml'"),
    ('file = "1.md"', "", 8, "'file' is missing"),
    ('id = "two"', 'id = "one"', 43, "a second 'one'; give it an id of its own"),
    ('id = "no"', 'id = "yes"', 38, "a second 'yes'"),
    ('id = "runs"', 'id = "It runs!"', 14, "steps.0.checks.0.id"),
    ('text = "`web` runs"', "", 13, "'text' is missing"),
    ("{ container_running = { name", "{ container_runing = { name", 16, "unknown predicate 'container_runing'; known: "),
    ('{ name = "web" }', '{ nam = "web" }', 16, "container_running: argument 'nam' is unknown; it takes: name, image"),
    ('{ name = "web" }', "{ name = 5 }", 16, "argument 'name' : Input should be a valid string"),
    ("{ container_running = { name = \"web\" } }", '"web runs"', 16, "a condition looks like { container_running"),
    ("{ container_running = { name = \"web\" } }", "[]", 16, "an empty list of conditions"),
    ("{ container_running = { name = \"web\" } }", "{ container_running = 5 }", 16, "needs its arguments as a table"),
    ("{ container_stopped = {} },", "{ container_stoped = {} },", 21, "unknown predicate 'container_stoped'"),
    ("  { not = { container_running = {} } },", '  { not = { attached = { contaner = "x" } } },', 22, "'contaner' is unknown"),
    ('{ interface = { place = "h1/web", name = "eth0" } }', '{ interface = { name = "eth0" } }', 35, "'place' is missing"),
    ('place = "h1/web"', 'place = "h7/web"', 35, "place 'h7/web' is no place; this scenario has h1, outside, and h1/NAME"),
    ('place = "h1/web"', 'place = "inside"', 35, "place 'inside' is no place"),
    ('{ place = "h1", command', '{ place = "h2", command', 47, "unknown place 'h2'"),
    ('{ place = "h1", command', '{ place = "h1/nobody", command', 47, "starts a container 'nobody'"),
    ('text = "Start it."', 'text = "Start <b>it</b>."', 19, "raw HTML '<b>'; write Markdown instead"),
    ('question = "Will it?"', 'question = "Will [it](http://elsewhere)?"', 27, "only links within this site"),
    ("It **did**.", "It ![did](/x.png).", 28, "a picture"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "what"), WRONG)
def test_points_at_the_line(lessons, old, new, line, what):
    lessons.change(old, new)
    error = lessons.error()
    assert error.startswith(f"pages/lesson.toml:{line}: ")
    assert what in error


WRONG_TEXT = [
    ("Start *it*:", "Start <em>it</em>:", 1, "raw HTML '<em>'"),
    ("Then look:", "Then\n\n<div>look</div>", 9, "raw HTML; write Markdown instead"),
    ("Then look:", "Then\nlook: ![x](http://x/y.png)", 8, "a picture"),
    ("Then look:", "Then [look](//elsewhere):", 7, "a link to '//elsewhere'"),
    ("run h1/web", "run h1/nobody", 10, "no command of this lesson starts a container 'nobody'"),
    ("run h1/web", "run inside", 10, "unknown place 'inside'; this scenario has h1, outside"),
    ("run h1/web", "run outside/web", 10, "unknown place 'outside/web'"),
    ("run h1/web", "run", 9, "run block with the place ''"),
    ("run h1/web", "run h1 web", 9, "run block with the place 'h1 web'"),
    ("ip addr\n", "\n", 9, "empty run block"),
]


@pytest.mark.parametrize(("old", "new", "line", "what"), WRONG_TEXT)
def test_points_at_the_line_of_a_text(lessons, old, new, line, what):
    lessons.change(old, new, "1.md")
    error = lessons.error()
    assert error.startswith(f"pages/1.md:{line}: ")
    assert what in error


def test_empty_text(lessons):
    (lessons.folder / "2.md").write_text("\n")
    assert lessons.error() == "pages/2.md:1: is empty; a step needs a text"


def test_text_that_is_no_text(lessons):
    (lessons.folder / "2.md").write_bytes(b"\xff\xfe\x00")
    assert "pages/2.md:1: is not UTF-8 text" in lessons.error()


def test_folder_without_a_lesson(lessons):
    (lessons.folder / "lesson.toml").unlink()
    assert lessons.error() == "pages/lesson.toml:1: is missing; write it, or remove the folder"


def test_too_deep(lessons):
    lessons.change('{ container_running = { name = "web" } }', "{ not = " * 9 + "{ attached = {} }" + " }" * 9)
    assert "nested deeper than 8" in lessons.error()


def test_glossary_needs_meanings(lessons):
    (lessons.root / "glossary.toml").write_text('"veth" = "A cable"\n"bridge" = 5\n')
    assert lessons.error().endswith(":2: 'bridge' needs a meaning in quotes")


def test_the_good_one(lessons):
    (lessons.root / "glossary.toml").write_text('"look" = "Use your eyes"\n')
    lesson = lessons.load()
    one, two = lesson.steps
    assert lesson.slug == "pages"
    assert one.commands == (
        Command(place="h1", command="docker run -d --name web box"),
        Command(place="h1/web", command="ip addr"),
    )
    assert '<abbr title="Use your eyes" tabindex="0">look</abbr>' in one.parts[0].html
    assert one.checks[0].html == "<code>web</code> runs"
    assert one.predictions[0].explain_html == "<p>It <strong>did</strong>.</p>\n"
    assert one.hints[0].when.kind == "all"
    assert two.solution[0].command == "docker rm -f web"


def test_read_once(lessons):
    first = lessons.load()
    lessons.change('title = "A lesson"', "title = 5")
    assert lessons.load() is first


def test_in_order(lessons):
    ours = load_lessons()
    assert list(ours)[:2] == ["start-here", "bridge"]
    assert [lesson.order for lesson in ours.values()] == sorted(lesson.order for lesson in ours.values())


ROADS = """
[[steps.measures]]
id = "cost"
title = "Cost"
when = { container_running = {} }
roads = [
  { id = "a", title = "a", source = "outside", target = "h1/web", at = "h1", port = 1, listen = 1 },
  { id = "b", title = "b", source = "outside", target = "h1/web", at = "h1", port = 2, listen = 2 },
]

[[steps]]
id = "two"
"""


def test_a_measurement_is_read(lessons):
    lessons.change('\n[[steps]]\nid = "two"\n', ROADS)
    [one] = lessons.load().steps[0].measures
    assert [road.id for road in one.roads] == ["a", "b"]


@pytest.mark.parametrize("old", ['"outside"', '"h1/web", at', '"h1", port'])
def test_a_road_to_no_place_is_refused(lessons, old):
    lessons.change('\n[[steps]]\nid = "two"\n', ROADS)
    lessons.change(old, old.replace("outside", "mars").replace("h1", "mars"))
    assert "a road cannot be measured to or from 'mars" in lessons.error()


WEATHER = """
[[weather]]
place = "h1"
weather = { rate_kbit = 1000, mtu = 1400 }

[[weather]]
place = "outside"
interface = "eth0"
weather = { delay_ms = 40 }

[[steps]]
id = "one"
"""


@pytest.fixture
def windy(lessons):
    """The lesson with weather in lines 8 to 15."""
    lessons.change('\n[[steps]]\nid = "one"\n', WEATHER)
    return lessons


def test_a_lesson_may_begin_with_weather(windy):
    one, other = windy.load().weather
    assert (one.place, one.interface, one.weather) == ("h1", "eth0", Weather(rate_kbit=1000, mtu=1400))
    assert (other.place, other.weather) == ("outside", Weather(delay_ms=40))


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("mtu = 1400", "mtu = 14000", 10, "less than or equal to 9000"),
        ("mtu = 1400", "mtu = 500", 10, "the MTU is at least 576"),
        ("rate_kbit = 1000", "speed = 1000", 10, "unknown key 'speed'"),
        ("delay_ms = 40", 'delay_ms = "soon"', 15, "valid number"),
        ('place = "outside"', 'place = "mars"', 13, "no 'mars' in scenario 'one-host' at the start; there are h1, outside"),
        ('place = "outside"', 'place = "h1/web"', 13, "no 'h1/web' in scenario 'one-host' at the start"),
        ('interface = "eth0"', 'interface = "eth0; reboot"', 14, "is no name of an interface"),
        ('place = "outside"', 'place = "h1"', 12, "a second weather at h1 eth0"),
        ('interface = "eth0"', 'wind = "strong"', 14, "unknown key 'wind'"),
    ],
)
def test_weather_that_cannot_be_is_refused_with_its_line(windy, old, new, line, what):
    windy.change(old, new)
    error = windy.error()
    assert error.startswith(f"pages/lesson.toml:{line}: "), error
    assert what in error


def test_a_lesson_is_read_from_texts_as_from_its_folder(lessons):
    files = {path.name: path.read_text() for path in lessons.folder.iterdir()}
    assert read_lesson("pages", files).steps[0].commands == lessons.load().steps[0].commands


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("lesson.toml", "title = ", "sent/lesson.toml:1: not valid TOML"),
        ("lesson.toml", "x = " + "[" * 5_000, "sent/lesson.toml:1: is nested too deep to be read"),
        ("1.md", "Look:\n\n<script>alert(1)</script>\n", "sent/1.md:3: raw HTML"),
        ("1.md", "![x](https://elsewhere.example/x.png)\n", "sent/1.md:1: a picture"),
        ("1.md", "[x](https://elsewhere.example/)\n", "sent/1.md:1: a link to 'https://elsewhere.example/'"),
        ("1.md", "[x](javascript:alert(1))\n\n[y](//elsewhere.example)", "sent/1.md:3: a link to '//elsewhere.example'"),
    ],
)
def test_a_text_that_was_sent_is_refused_with_file_and_line(lessons, name, text, told):
    files = {path.name: path.read_text() for path in lessons.folder.iterdir()}
    with pytest.raises(LessonError) as caught:
        read_lesson("sent", {**files, name: text})
    assert str(caught.value).startswith(told)


def test_a_file_that_was_not_sent_is_missed():
    with pytest.raises(LessonError, match=r"sent/lesson.toml:1: is missing"):
        read_lesson("sent", {})


def with_script(lessons, script="exit 0\n", condition='{ script = { file = "look.sh" } }'):
    lessons.change('{ container_running = { name = "web" } }', condition)
    if script is not None:
        (lessons.folder / "look.sh").write_text(script)


def test_a_check_may_be_a_script(lessons):
    with_script(lessons)
    lesson = lessons.load()
    assert lesson.scripts == {"look.sh": "exit 0\n"}
    assert checks.scripts(lesson.steps[0], Snapshot(sandbox="s")) == [Script(place="h1", file="look.sh")]
    assert checks.scripts(lesson.steps[0], Snapshot(sandbox="s"), {"runs"}) == []


@pytest.mark.parametrize(
    ("script", "condition", "told"),
    [
        (None, '{ script = { file = "look.sh" } }', "no script 'look.sh' in this folder; there: none"),
        ("exit 0", '{ script = { file = "../look.sh" } }', "no script '../look.sh'"),
        ("exit 0", '{ script = { file = "look.sh", place = "outside" } }', "a script runs on a host, and 'outside' is none"),
        ("#!/usr/bin/python3\n", '{ script = { file = "look.sh" } }', "scripts are run by bash"),
        ("\n", '{ script = { file = "look.sh" } }', "is empty"),
        ("x" * 17_000, '{ script = { file = "look.sh" } }', "is bigger than 16 KiB"),
    ],
)
def test_a_script_that_cannot_be_asked_is_refused(lessons, script, condition, told):
    with_script(lessons, script, condition)
    assert told in lessons.error()


def test_only_a_check_may_ask_a_script(lessons):
    (lessons.folder / "look.sh").write_text("exit 0\n")
    lessons.change("{ container_stopped = {} }", '{ script = { file = "look.sh" } }')
    assert "only a check may ask a script" in lessons.error()


# --- what is sent later ---
AFTER = """Start *it*:

```run h1
docker run -d --name web box
```

!!! after guess
    It **has** one.

    ```run h1/web
    ip addr
    ```

And then.

!!! after done
    That is all.
"""


def test_a_part_waits_for_its_question_or_for_the_checks(lessons):
    (lessons.folder / "1.md").write_text(AFTER)
    one, two = lessons.load().steps
    assert [part.after for part in one.parts] == ["", "guess", "", "done"]
    assert [len(part.commands) for part in one.parts] == [1, 1, 0, 0]
    assert "has" not in one.parts[0].html + one.parts[2].html
    assert one.parts[1].html.startswith("<p>It <strong>has</strong> one.</p>")
    assert [command.command for command in one.commands] == ["docker run -d --name web box", "ip addr"]
    assert [part.after for part in two.parts] == [""]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("after guess", "after gues", 7, "names nothing of this step that can be settled; there is guess, done"),
        ("    That is all.\n", "", 16, "is empty"),
        ("    That is all.\n", "    ```run h1\n    ls\n    ```\n", 16, "has a command, which comes too late"),
        ("!!! after done", "- item\n\n  !!! after done", 18, "begin it at the left edge"),
    ],
)
def test_a_part_that_can_never_be_sent_is_a_fault(lessons, old, new, line, what):
    (lessons.folder / "1.md").write_text(AFTER.replace(old, new))
    assert f"1.md:{line}: " in lessons.error()
    assert what in lessons.error()


def test_a_step_without_questions_and_checks_has_nothing_to_wait_for(lessons):
    (lessons.folder / "2.md").write_text("!!! after done\n    Hm.\n")
    assert "there is nothing" in lessons.error()


def test_each_option_may_say_what_is_so_and_why_the_belief_fails(lessons):
    lessons.change('id = "yes"\n', 'id = "yes"\nexplain = "It *has*."\nfeedback = "It stopped."\n')
    yes, no = lessons.load().steps[0].predictions[0].options
    assert (yes.explain_html, yes.feedback_html) == ("<p>It <em>has</em>.</p>\n", "<p>It stopped.</p>\n")
    assert (no.explain_html, no.feedback_html) == ("", "")


def test_every_answer_of_the_machine_is_explained(lessons):
    lessons.change("explain = '''\nIt **did**.\n'''\n", "")
    assert "nothing explains it when this option proves true" in lessons.error()


def test_a_check_may_tell_what_was_found(lessons):
    lessons.change('text = "`web` runs"\n', 'text = "`web`"\ndone = "`web` has *one*"\n')
    (check,) = lessons.load().steps[0].checks
    assert (check.html, check.done_html) == ("<code>web</code>", "<code>web</code> has <em>one</em>")
