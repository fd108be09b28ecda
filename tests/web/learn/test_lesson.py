"""The lesson page: readable by anybody, moved through by htmx or by links, predictions locked in."""

import re

import pytest

from explorer.lessons.load import load_lessons
from explorer.sandboxes.models import Learner, Progress
from explorer.web.learn.step import Reading, stand

SLUG = "bridge"


@pytest.fixture
def lesson():
    return load_lessons()[SLUG]


def told_later(step):
    """Everything of a step that gives an answer away, as HTML."""
    for asked in step.predictions:
        yield from (text for text in (asked.explain_html, *(one.explain_html for one in asked.options)) if text)
        yield from (one.feedback_html for one in asked.options if one.feedback_html)
    yield from (check.done_html for check in step.checks if check.done_html)


@pytest.fixture
def asked(lesson):
    return next(prediction for step in lesson.steps for prediction in step.predictions)


def test_every_step_of_every_lesson_reads_without_a_cookie(strangers):
    for lesson in load_lessons().values():
        for step in lesson.steps:
            answer = strangers.get(f"/learn/{lesson.slug}/", {"step": step.id})
            assert answer.status_code == 200
            page = answer.content.decode()
            assert all((part.html in page) is (part.after == "") for part in step.parts)
            assert not any(told in page for told in told_later(step))
    assert not Learner.objects.exists()


def test_commands_are_buttons_with_their_place(strangers, lesson):
    page = strangers.get(f"/learn/{SLUG}/").content.decode()
    assert 'class="run" data-place="h1"' in page


def test_an_unknown_lesson_or_step_is_not_found(strangers):
    assert strangers.get("/learn/nothing/").status_code == 404
    assert strangers.get(f"/learn/{SLUG}/?step=nothing").status_code == 404
    assert strangers.post(f"/learn/{SLUG}/step/nothing/").status_code == 404


def test_moving_answers_the_step_alone_to_htmx(adas, ada, lesson, htmx):
    answer = adas.post(f"/learn/{SLUG}/step/{lesson.steps[1].id}/", headers=htmx)
    assert "<html" not in answer.content.decode()
    assert f'data-step="{lesson.steps[1].id}"' in answer.content.decode()
    assert Progress.objects.get(learner=ada).step == lesson.steps[1].id


def test_moving_redirects_a_plain_form(adas, lesson):
    answer = adas.post(f"/learn/{SLUG}/step/{lesson.steps[1].id}/")
    assert answer.url == f"/learn/{SLUG}/?step={lesson.steps[1].id}"


def test_moving_twice_is_moving_once(adas, ada, lesson):
    for _ in range(2):
        adas.post(f"/learn/{SLUG}/step/{lesson.steps[1].id}/")
    assert Progress.objects.filter(learner=ada).count() == 1


def test_moving_needs_a_post(adas, lesson):
    assert adas.get(f"/learn/{SLUG}/step/{lesson.steps[1].id}/").status_code == 405


def test_coming_back_opens_the_step_one_was_at(adas, ada, lesson):
    Progress.objects.create(learner=ada, lesson=SLUG, step=lesson.steps[2].id)
    assert f'data-step="{lesson.steps[2].id}"' in adas.get(f"/learn/{SLUG}/").content.decode()


def test_ticks_are_those_of_the_row(adas, ada, lesson):
    step = lesson.steps[0]
    Progress.objects.create(learner=ada, lesson=SLUG, step=step.id, passed={step.id: [step.checks[0].id]})
    page = adas.get(f"/learn/{SLUG}/").content.decode()
    assert len(re.findall(r'class="check [^"]*\bpassed"', page)) == 1


def test_a_guess_is_kept_and_locked_in(adas, ada, asked, htmx):
    answer = adas.post(f"/learn/{SLUG}/predict/", {"prediction": asked.id, "option": asked.options[0].id}, headers=htmx)
    assert "Locked in" in answer.content.decode()
    assert Progress.objects.get(learner=ada).predictions == {asked.id: asked.options[0].id}


def test_a_guess_that_is_no_option_is_not_found(adas, asked):
    assert adas.post(f"/learn/{SLUG}/predict/", {"prediction": asked.id, "option": "maybe"}).status_code == 404
    assert adas.post(f"/learn/{SLUG}/predict/", {"prediction": "maybe", "option": "maybe"}).status_code == 404
    assert adas.post(f"/learn/{SLUG}/predict/").status_code == 404


def test_the_machines_answer_is_not_told_before_the_guess(adas, ada, asked, htmx):
    Progress.objects.create(learner=ada, lesson=SLUG, outcomes={asked.id: asked.options[1].id})
    before = adas.get(f"/learn/{SLUG}/", {"prediction": asked.id}, headers=htmx).content.decode()
    assert "I am sure" in before
    assert asked.explain_html not in before
    told = adas.post(f"/learn/{SLUG}/predict/", {"prediction": asked.id, "option": asked.options[0].id}, headers=htmx)
    assert "It went another way" in told.content.decode()
    assert asked.explain_html in told.content.decode()


def test_a_guess_stays_once_the_machine_has_answered(adas, ada, asked):
    for option in asked.options[:2]:
        adas.post(f"/learn/{SLUG}/predict/", {"prediction": asked.id, "option": option.id})
        Progress.objects.filter(learner=ada).update(outcomes={asked.id: asked.options[1].id})
    assert Progress.objects.get(learner=ada).predictions == {asked.id: asked.options[0].id}


def test_an_option_that_is_gone_from_the_lesson_is_no_guess(ada, asked):
    reading = Reading(load_lessons()[SLUG], ada, Progress(learner=ada, predictions={asked.id: "gone"}))
    assert stand(asked, reading).chosen is None


def test_the_card_at_the_end_reads_without_a_sandbox(strangers, htmx):
    answer = strangers.get(f"/learn/{SLUG}/summary/", headers=htmx)
    assert answer.status_code == 200
    assert "With a running sandbox" in answer.content.decode()


def test_the_lesson_page_shows_the_running_sandbox(adas, sandbox):
    assert f'data-sandbox="{sandbox.pk}"' in adas.get(f"/learn/{SLUG}/").content.decode()


def test_a_sandbox_busy_with_another_lesson_is_offered_not_taken(adas, sandbox):
    page = adas.get("/learn/start-here/").content.decode()
    assert "busy elsewhere" in page
    assert "<live-sandbox" not in page


def test_anothers_sandbox_never_shows(bens, sandbox):
    assert sandbox.pk not in bens.get(f"/learn/{SLUG}/").content.decode()
