import pytest

from explorer.lessons.load import load_lessons
from explorer.sandboxes import progress
from explorer.sandboxes.models import Progress

LESSON = "start-here"


@pytest.fixture
def asked():
    """A step of the lesson with a prediction, and that prediction."""
    return next((step, step.predictions[0]) for step in load_lessons()[LESSON].steps if step.predictions)


@pytest.fixture(autouse=True)
def no_orders(monkeypatch):
    monkeypatch.setattr(progress, "look_again", lambda sandbox: None)


def test_moving_to_a_step_is_kept(alice):
    step = load_lessons()[LESSON].steps[1].id
    progress.move_to_step(alice, LESSON, step)
    assert progress.learner_progress(alice)[LESSON].step == step


def test_a_stranger_has_no_progress():
    assert progress.learner_progress(None) == {}


@pytest.mark.parametrize(("lesson", "step"), [("nosuch", "x"), (LESSON, "nosuch"), (LESSON, "../..")])
def test_unknown_steps_are_refused(alice, lesson, step):
    with pytest.raises(progress.UnknownLesson):
        progress.move_to_step(alice, lesson, step)
    assert not Progress.objects.exists()


def test_a_guess_can_change_until_the_machine_has_answered(alice, asked):
    step, prediction = asked
    first, second = (option.id for option in prediction.options[:2])
    progress.choose_prediction(alice, LESSON, prediction.id, first)
    progress.choose_prediction(alice, LESSON, prediction.id, second)
    progress.record_verdict(alice.pk, LESSON, step.id, (), {prediction.id: first})
    progress.choose_prediction(alice, LESSON, prediction.id, first)
    assert progress.learner_progress(alice)[LESSON].predictions == {prediction.id: second}


def test_a_first_guess_counts_even_late(alice, asked):
    step, prediction = asked
    progress.record_verdict(alice.pk, LESSON, step.id, (), {prediction.id: prediction.options[0].id})
    kept = progress.choose_prediction(alice, LESSON, prediction.id, prediction.options[1].id)
    assert kept.predictions == {prediction.id: prediction.options[1].id}


def test_an_unknown_option_is_refused(alice, asked):
    with pytest.raises(progress.UnknownLesson):
        progress.choose_prediction(alice, LESSON, asked[1].id, "<b>")


def test_a_tick_stays_and_the_first_answer_stays(alice, asked):
    step, prediction = asked
    first, second = (option.id for option in prediction.options[:2])
    checks = [check.id for check in step.checks]
    progress.record_verdict(alice.pk, LESSON, step.id, checks, {prediction.id: first})
    kept = progress.record_verdict(alice.pk, LESSON, step.id, (), {prediction.id: second})
    assert kept.passed == {step.id: sorted(checks)}
    assert kept.outcomes == {prediction.id: first}


def test_the_lesson_is_finished_when_every_check_was_green(alice):
    lesson = load_lessons()[LESSON]
    for step in lesson.steps:
        assert progress.learner_progress(alice).get(LESSON) is None or not Progress.objects.get().finished_at
        progress.record_verdict(alice.pk, LESSON, step.id, [check.id for check in step.checks], {})
        if all(not later.checks for later in lesson.steps[lesson.steps.index(step) + 1 :]):
            break
    assert Progress.objects.get().finished_at


def test_two_writers_keep_each_others_fields(alice, asked):
    step, prediction = asked
    stale = progress.change_progress(alice.pk, LESSON, lambda row: [])
    progress.record_verdict(alice.pk, LESSON, step.id, [step.checks[0].id], {})
    progress.choose_prediction(alice, LESSON, prediction.id, prediction.options[0].id)
    stale.refresh_from_db()
    assert stale.passed
    assert stale.predictions
