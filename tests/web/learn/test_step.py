"""What a learner is sent of a step, and when: parts of the text, explanations, the order of options."""

from __future__ import annotations

import pytest

from explorer.lessons.load import read_lesson
from explorer.sandboxes import library, progress
from explorer.sandboxes.models import Learner, Progress
from explorer.web.learn.step import Reading, shuffled, stand
from tests.lessons.conftest import GOOD

SLUG = "pages"
TEXT = """Start it.

!!! after guess
    It has one.

!!! after done
    That was all.
"""
LATER, LAST, FEEDBACK, FOUND = "It has one.", "That was all.", "It never stopped.", "has an interface"


CHALLENGE = """
hints = [{ where = "Look at h1.", tool = "docker", text = "docker ps", when = { container_running = {} } }]
"""


@pytest.fixture
def lesson(monkeypatch):
    toml = GOOD
    for old, new in (
        ('file = "2.md"\n', 'file = "2.md"\nchallenge = true\n' + CHALLENGE),
        ('id = "no"\n', f'id = "no"\nfeedback = "{FEEDBACK}"\n'),
        ('text = "`web` runs"\n', f'text = "`web` runs"\ndone = "`web` {FOUND}"\n'),
    ):
        assert old in toml
        toml = toml.replace(old, new)
    found = read_lesson(SLUG, {"lesson.toml": toml, "1.md": TEXT, "2.md": "And now?\n"})
    monkeypatch.setattr(library, "find", lambda slug: found if slug == SLUG else None)
    monkeypatch.setattr("explorer.web.learn.lesson.lesson_for", lambda user, slug: found if slug == SLUG else None)
    monkeypatch.setattr(progress, "look_again", lambda sandbox: None)
    return found


def page_of(browser):
    return browser.get(f"/learn/{SLUG}/?step=one").content.decode()


def part_of(browser, number):
    return browser.get(f"/learn/{SLUG}/?step=one&part={number}").content.decode()


def keep(ada, **fields):
    Progress.objects.update_or_create(learner=ada, lesson=SLUG, defaults=fields)


def test_nothing_answers_a_question_before_it_is_settled(adas, ada, lesson):
    states = [{}, {"predictions": {"guess": "yes"}}, {"outcomes": {"guess": "yes"}}, {"looked": {"guess": "tried"}}]
    for fields in states:
        Progress.objects.all().delete()
        keep(ada, **fields)
        for page in (page_of(adas), part_of(adas, 1), part_of(adas, 2)):
            assert not any(text in page for text in (LATER, LAST, FEEDBACK, FOUND))


def test_the_part_comes_when_learner_and_machine_have_answered(adas, ada, lesson):
    keep(ada, predictions={"guess": "no"}, outcomes={"guess": "yes"})
    for page in (page_of(adas), part_of(adas, 1)):
        assert LATER in page
        assert LAST not in page
    assert FEEDBACK in page_of(adas)


def test_who_was_right_hears_nothing_of_beliefs_that_fail(adas, ada, lesson):
    keep(ada, predictions={"guess": "no"}, outcomes={"guess": "no"})
    assert FEEDBACK not in page_of(adas)
    assert "As you said." in page_of(adas)


def test_the_last_part_and_the_finding_come_when_all_checks_have_passed(adas, ada, lesson):
    keep(ada, passed={"one": ["runs"]})
    assert LAST in part_of(adas, 2)
    assert LAST in page_of(adas)
    assert FOUND in page_of(adas)
    assert LATER not in page_of(adas)


@pytest.mark.parametrize("number", ["-1", "3", "x", "", "１"])
def test_a_part_that_does_not_exist_is_not_found(adas, lesson, number):
    assert adas.get(f"/learn/{SLUG}/", {"step": "one", "part": number}).status_code == 404


def test_show_me_anyway_shows_it_and_is_remembered(adas, ada, lesson, htmx):
    assert "Show me anyway" in page_of(adas)
    answer = adas.post(f"/learn/{SLUG}/look/", {"prediction": "guess"}, headers=htmx).content.decode()
    assert LATER in answer
    assert LAST not in answer
    assert LATER in page_of(adas)
    adas.post(f"/learn/{SLUG}/predict/", {"prediction": "guess", "option": "no", "sure": "3"})
    kept = Progress.objects.get(learner=ada)
    assert (kept.looked, kept.sure) == ({"guess": "asked"}, {"guess": 3})
    keep(ada, outcomes={"guess": "no"})
    assert "You looked first" in page_of(adas)
    assert "As you said" not in page_of(adas)


def test_without_javascript_the_form_leads_back_to_the_step(adas, lesson):
    assert adas.post(f"/learn/{SLUG}/look/", {"prediction": "guess"}).url == f"/learn/{SLUG}/?step=one"
    assert adas.post(f"/learn/{SLUG}/look/", {"prediction": "nothing"}).status_code == 404


def test_to_look_after_the_answer_is_not_to_look_first(ada, lesson):
    progress.choose_prediction(ada, SLUG, "guess", "no")
    assert progress.look_first(ada, SLUG, "guess").looked == {}


@pytest.mark.parametrize(("given", "kept"), [("1", {"guess": 1}), ("4", {}), ("0", {}), ("", {}), ("x", {}), ("²", {})])
def test_how_sure_one_is_is_one_of_three(adas, ada, lesson, given, kept):
    adas.post(f"/learn/{SLUG}/predict/", {"prediction": "guess", "option": "no", "sure": given})
    assert Progress.objects.get(learner=ada).sure == kept


def test_options_stay_in_a_learners_own_order(lesson):
    (asked,) = lesson.steps[0].predictions
    learners = [Learner() for _ in range(40)]
    orders = {tuple(one.id for one in shuffled(asked, Reading(lesson, learner))) for learner in learners}
    assert orders == {("yes", "no"), ("no", "yes")}
    for learner in learners:
        assert shuffled(asked, Reading(lesson, learner)) == stand(asked, Reading(lesson, learner)).options


# --- hints of a challenge ---
def help_of(browser, step="two", **more):
    return browser.post(f"/learn/{SLUG}/help/{step}/", **more)


def test_hints_of_a_challenge_are_asked_for_three_times_at_most(adas, ada, lesson, htmx):
    page = adas.get(f"/learn/{SLUG}/?step=two").content.decode()
    assert "Where do I look?" in page
    assert "docker ps" not in page
    said = [help_of(adas, headers=htmx).content.decode() for _ in range(4)]
    assert ["Which tool?" in said[0], "Which command?" in said[1], "3 of 3 hints" in said[2], "<button" in said[2]] == [
        *(True, True, True, False)
    ]
    assert Progress.objects.get(learner=ada).helped == {"two": 3}
    assert help_of(adas).url == f"/learn/{SLUG}/?step=two"


def test_an_ordinary_step_has_no_hints_to_ask_for(adas, ada, lesson):
    assert "Where do I look?" not in page_of(adas)
    assert help_of(adas, "one").status_code == 404
    assert not Progress.objects.exists()


def test_the_question_for_a_hint_goes_when_the_challenge_is_done(adas, ada, lesson):
    keep(ada, helped={"two": 1})
    assert "Which tool?" in adas.get(f"/learn/{SLUG}/?step=two").content.decode()


# --- on paper ---
def test_the_printed_lesson_has_all_steps_and_gives_nothing_away(adas, ada, lesson):
    def printed():
        return adas.get(f"/learn/{SLUG}/print/").content.decode()

    assert "1. One" in printed()
    assert "2. Two" in printed()
    assert not any(text in printed() for text in (LATER, LAST, FEEDBACK, FOUND))
    keep(ada, predictions={"guess": "no"}, outcomes={"guess": "yes"}, passed={"one": ["runs"]})
    assert all(text in printed() for text in (LATER, LAST, FOUND, "(your guess)", "(what happened)"))
