"""Engine events in words."""

import pytest

from explorer.lab.watch.happenings import describe


def event(kind, action, identity="a" * 64, **facts):
    return {"Type": kind, "Action": action, "Actor": {"ID": identity, "Attributes": facts}}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (event("container", "start", name="web", image="box"), ("container web started", "image box")),
        (event("container", "die", name="web", exitCode="137"), ("container web stopped", "exit status 137")),
        (event("container", "rename", name="b", oldName="/a"), ("container a is now called b", "")),
        (event("network", "create", name="app", type="bridge"), ("network app created", "driver bridge")),
        (event("network", "connect", name="app", container="c" * 64), ("web connected to app", "")),
        (event("network", "connect", name="app", container="d" * 64), ("dddddddddddd connected to app", "")),
    ],
)
def test_in_plain_words(told, words):
    assert describe(told, {"c" * 64: "web"}) == words


@pytest.mark.parametrize(
    "junk",
    [
        None,
        [],
        "start",
        {},
        {"Type": "container", "Action": "start"},
        {"Type": ["container"], "Action": {}, "Actor": {}},
        event("container", "exec_start: sh", name="web"),
        event("volume", "create", name="v"),
    ],
)
def test_what_is_no_event_or_no_news_is_silence(junk):
    assert describe(junk, {}) == ("", "")


def test_attributes_of_any_type_are_survived():
    told = {"Type": "container", "Action": "start", "Actor": {"ID": 5, "Attributes": {"name": ["x"], "image": 7}}}
    assert describe(told, {}) == ("container ? started", "")


def test_a_hostile_name_stays_short_plain_text():
    sentence, _ = describe(event("container", "start", name="\x1b]0;{old}\n<b>" + "x" * 9999), {})
    assert "\x1b" not in sentence
    assert "\n" not in sentence
    assert "{old}" in sentence
    assert len(sentence) < 200
