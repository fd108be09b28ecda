"""A lesson no machine here can play: it says so at the top, is never opened, and a recording is called a recording."""

import json

import pytest
from django.utils import timezone

from explorer.lessons.load import load_lessons
from explorer.lessons.recording import RecordedStep, Recording, find_recording
from explorer.sandboxes.models import Learner, Progress, Sandbox
from explorer.web.learn import recorded
from tests.lessons.worlds import seen, seen_in

SENTENCE = "The kernel of the machine that runs sandboxes here, Linux 6.1.0, has no macvlan."


@pytest.fixture
def lesson():
    return load_lessons()["macvlan"]


@pytest.fixture
def poor(node):
    node.health = {"kernel": "6.1.0", "drivers": {"macvlan": False}}
    node.seen_at = timezone.now()
    node.save()
    return node


@pytest.fixture
def recording(lesson, monkeypatch):
    """Of a real run: the states that the lesson's own tests look at."""
    steps = ["", *(step.id for step in lesson.steps)]
    kept = Recording(
        lesson=lesson.slug,
        kernel="6.12.1-test",
        engine="26.1.5",
        at=1_790_000_000,
        played="",
        seen=tuple(
            RecordedStep(step=step, snapshot=seen(name), answers={"new-on-host": "nothing"} if step == "neighbour" else {})
            for step, name in zip(steps, seen_in(lesson.slug), strict=True)
        ),
    )
    monkeypatch.setattr(recorded, "find_recording", lambda lesson: kept if lesson.slug == kept.lesson else None)
    recorded.moments.cache_clear()
    yield kept
    recorded.moments.cache_clear()


def page_of(client, step=""):
    return client.get("/learn/macvlan/", {"step": step} if step else {}).content.decode()


def test_it_says_so_at_the_top(strangers, poor, lesson):
    page = page_of(strangers)
    assert SENTENCE in page
    assert page.index(SENTENCE) < page.index(lesson.steps[0].parts[0].html)


def test_every_step_is_there_to_be_read(strangers, poor, lesson):
    for step in lesson.steps:
        assert step.parts[0].html in page_of(strangers, step.id)


def test_there_is_nothing_to_open(strangers, poor):
    assert 'name="lesson"' not in page_of(strangers)


def test_asking_anyway_is_refused_and_costs_nothing(adas, ada, poor, htmx):
    answer = adas.post("/sandboxes/open/", {"lesson": "macvlan"}, headers=htmx)
    assert answer.status_code == 409
    assert SENTENCE in answer.content.decode()
    assert "Try again" not in answer.content.decode()
    assert not Sandbox.objects.exists()


def test_the_home_page_says_it_quietly(strangers, poor):
    page = strangers.get("/").content.decode()
    assert page.count("To read: not in this kernel") == 1
    assert 'href="/learn/macvlan/"' in page


def test_a_lesson_that_cannot_be_played_is_not_where_to_go_on(adas, ada, poor):
    Progress.objects.create(learner=ada, lesson="macvlan")
    assert "Go on: " not in adas.get("/").content.decode()


def test_a_node_that_can_shows_none_of_it(strangers, node):
    node.health = {"kernel": "6.12.0", "drivers": {"macvlan": True}}
    node.save()
    page = page_of(strangers)
    assert "has no macvlan" not in page
    assert "<recorded-sandbox" not in page
    assert 'name="lesson"' in page
    assert "To read: not in this kernel" not in strangers.get("/").content.decode()


def test_without_a_recording_it_is_read(strangers, poor):
    page = page_of(strangers)
    assert "<recorded-sandbox" not in page
    assert "Nothing to open here" in page


def test_the_recording_is_called_one(strangers, poor, recording):
    page = page_of(strangers)
    assert "<recorded-sandbox" in page
    assert "Recorded on Linux 6.12.1-test with Engine 26.1.5 on 21 September 2026" in page
    assert "<strong>not live</strong>" in page
    assert "<terminal-dock" not in page
    assert "<live-sandbox" not in page


def test_a_step_comes_as_two_snapshots(strangers, recording):
    told = json.loads(strangers.get("/learn/macvlan/recorded/neighbour/").content)
    assert set(told) == {"before", "after"}
    assert "h1/web" not in told["before"]["places"]
    assert "h1/web" in told["after"]["places"]


def test_what_is_not_recorded_is_not_found(strangers, recording):
    for path in ("macvlan/recorded/nothing", "bridge/recorded/switch", "nothing/recorded/nothing"):
        assert strangers.get(f"/learn/{path}/").status_code == 404


def test_the_machine_of_the_recording_answers_who_has_guessed(adas, ada, poor, recording, htmx):
    assert "The machine of the recording answered." not in page_of(adas, "neighbour")
    guess = {"prediction": "new-on-host", "option": "bridge"}
    answer = adas.post("/learn/macvlan/predict/", guess, headers=htmx).content.decode()
    assert "It went another way." in answer
    assert "The machine of the recording answered." in answer
    assert Progress.objects.get(learner=ada).outcomes == {}


def test_where_it_can_be_played_the_recording_answers_nobody(adas, node, recording, htmx):
    guess = {"prediction": "new-on-host", "option": "bridge"}
    answer = adas.post("/learn/macvlan/predict/", guess, headers=htmx).content.decode()
    assert "The machine will answer when it happens." in answer
    assert "<recorded-sandbox" not in page_of(adas)


def test_the_closing_card_says_whose_it_is(strangers, poor, recording):
    page = strangers.get("/learn/macvlan/summary/").content.decode()
    assert "In the recorded run" in page
    assert "In your sandbox" not in page


def test_looking_makes_nobody_a_learner(strangers, poor):
    page_of(strangers)
    assert not Learner.objects.exists()


RECORDED = [lesson for lesson in load_lessons().values() if find_recording(lesson)]


@pytest.mark.parametrize("lesson", RECORDED, ids=[lesson.slug for lesson in RECORDED])
def test_a_recorded_line_says_why_it_is_there(client, lesson):
    told = json.loads(client.get(f"/learn/{lesson.slug}/recorded/{lesson.steps[0].id}/").content)
    views = told["after"]["places"]["h1/web"]["views"]
    assert any("MAC address" in line["why"] for line in views["interfaces"]["lines"])
    assert all(line["text"] for line in views["routes"]["lines"])
