"""What became of a class: counted from progress as learners leave it, and held against lessons as they are now."""

import csv
import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.classroom.after import results
from explorer.classroom.after.answers import read_answers
from explorer.classroom.classes import lessons_of
from explorer.classroom.models import Seat
from explorer.sandboxes import library
from explorer.sandboxes.models import Progress
from tests.attacks import attack
from tests.people import make_class, make_seat

WRONG = {
    "prediction": "docker0",
    "chosen": "card",
    "measured": "switch",
    "right": False,
    "looked_first": False,
    "sure": 0,
}


def learn(seat, **fields):
    return Progress.objects.create(learner=seat.learner, lesson="bridge", **fields)


@pytest.fixture
def learned(seat):
    """Ana did the first step in five minutes, guessed twice and was wrong once."""
    step = library.lessons()["bridge"].steps[0]
    checks = [check.id for check in step.checks]
    learn(
        seat,
        passed={step.id: checks},
        times={step.id: {"begun": 1_000_000.0, "done": 1_000_300.0}},
        predictions={"docker0": "card", "new-on-host": "cable"},
        outcomes={"docker0": "switch", "new-on-host": "cable"},
    )
    return step


def test_steps_checks_predictions_and_minutes_are_counted(klass, seat, learned):
    (learner,) = results.read_results(klass)
    bridge, host = learner.lessons
    assert (bridge.done, bridge.passed, bridge.minutes) == (1, len(learned.checks), 5)
    assert (bridge.right, bridge.wrong) == (1, 1)
    assert (bridge.begun, host.begun) == (True, False)
    assert (learner.right, learner.wrong, learner.minutes, learner.finished) == (1, 1, 5, [])


def test_a_guess_that_was_not_measured_is_neither_right_nor_wrong(klass, seat):
    learn(seat, predictions={"docker0": "card"})
    (learner,) = results.read_results(klass)
    assert (learner.right, learner.wrong) == (0, 0)


def test_who_looked_first_is_in_no_statistic(klass, seat):
    learn(
        seat, predictions={"docker0": "card"}, outcomes={"docker0": "switch"}, looked={"docker0": "tried"}, sure={"docker0": 3}
    )
    (learner,) = results.read_results(klass)
    assert (learner.right, learner.wrong) == (0, 0)
    assert results.read_beliefs([learner]) == []
    assert read_answers(klass, "bridge/docker0").answered == 0
    table = "".join(results.write_csv([learner]))
    assert "docker0: card, measured switch, looked first" in table
    (told,) = [one for one in results.learner_json(learner)["lessons"][0]["steps"][0]["predictions"] if one["chosen"]]
    assert (told["looked_first"], told["right"], told["sure"]) == (True, None, 3)


def test_what_a_lesson_no_longer_has_is_left_out(klass, seat):
    learn(seat, passed={"gone": ["x"], "switch": ["gone too"]}, predictions={"gone": "y"}, times={"gone": {"begun": 1.0}})
    klass.lessons = ["bridge", "a-lesson-that-is-gone"]
    klass.save()
    (learner,) = results.read_results(klass)
    assert [one.lesson.slug for one in learner.lessons] == ["bridge"]
    assert learner.lessons[0].passed == 0


def test_a_clock_that_went_back_takes_no_time(klass, seat):
    learn(seat, times={"switch": {"begun": 2000.0, "done": 1000.0}})
    assert results.read_results(klass)[0].minutes == 0


def test_a_class_of_nobody(klass):
    assert results.read_results(klass) == []
    assert results.read_beliefs([]) == []
    assert next(iter(results.write_csv([]))).startswith("\ufeff")


def test_two_hundred_seats_cost_as_many_questions_as_one(klass, monkeypatch, django_assert_num_queries):
    for number in range(200):
        learn(make_seat(klass, f"learner {number}"), predictions={"docker0": "card"}, outcomes={"docker0": "switch"})
    known = library.lessons()
    monkeypatch.setattr(library, "lessons", lambda: known)  # asks now and then whether there are new ones
    with django_assert_num_queries(2):
        told = results.read_results(klass)
        results.as_json(klass, told)
        assert len(list(results.write_csv(told))) > 200


def test_removed_seats_come_last_and_are_told_apart(klass, seat):
    make_seat(klass, "Zoe")
    Seat.objects.filter(pk=seat.pk).update(removed_at="2026-01-01T00:00:00Z")
    assert [one.seat.name for one in results.read_results(klass)] == ["Zoe", "Ana"]


# --- what the class believed ---


@pytest.fixture
def believing(klass):
    """Three of four took docker0 for a card or a container, and the machine says it is a switch."""
    for name, guess in (("a", "card"), ("b", "card"), ("c", "container"), ("d", "switch")):
        learn(make_seat(klass, name), predictions={"docker0": guess}, outcomes={"docker0": "switch"})
    return results.read_beliefs(results.read_results(klass))


def test_the_commonest_misconception_is_named(believing):
    (belief,) = believing
    assert belief.wrong.option.id == "card"
    assert (belief.answered, belief.seats) == (4, 4)
    assert {one.option.id: (one.count, one.share, one.right) for one in belief.bars} == {
        "container": (1, 25, False),
        "switch": (1, 25, True),
        "card": (2, 50, False),
    }


def test_the_most_mistaken_prediction_comes_first(klass, believing):
    learn(make_seat(klass, "e"), predictions={"new-on-host": "cable"}, outcomes={"new-on-host": "cable"})
    beliefs = results.read_beliefs(results.read_results(klass))
    assert [one.prediction.id for one in beliefs] == ["docker0", "new-on-host"]
    assert beliefs[1].wrong is None


def test_an_option_nobody_ever_wrote_counts_for_nothing(klass, seat):
    learn(seat, predictions={"docker0": "<script>"}, outcomes={"docker0": "also not one"})
    assert results.read_beliefs(results.read_results(klass)) == []


# --- files ---

DANGEROUS = "=+-@\t\r\n＝＋－＠"


@attack("any text as a formula in the CSV of results", origin="output", expected="harmless", held_by="an apostrophe before it")
@given(st.text())
@example("=1+1")
@example(" =1+1")
@example("\u3000＝1+1")
@example("\tx")
@example("-2+3")
@example('"=1"')
def test_no_cell_begins_as_a_formula(text):
    told = results.harmless(text)
    assert told.removeprefix("'") == text or told == text
    assert told.lstrip(" \u00a0\u3000\0")[:1] not in [*DANGEROUS]


@given(st.lists(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_a_line_is_read_back_as_its_cells(cells):
    (read,) = csv.reader(io.StringIO(results.csv_line(cells), newline=""))
    assert read == [results.harmless(cell) for cell in cells]


def test_the_table_has_a_row_for_each_learner_and_step(klass, seat, learned):
    Seat.objects.filter(pk=seat.pk).update(name='=HYPERLINK("http://evil")')
    text = "".join(results.write_csv(results.read_results(klass)))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    steps = sum(len(lesson.steps) for lesson in lessons_of(klass))
    assert len(rows) == steps
    first = rows[0]
    assert first["name"] == '\'=HYPERLINK("http://evil")'
    assert (first["minutes"], first["begun"]) == ("5.0", "1970-01-12T13:46:40Z")
    assert first["answers"].startswith("docker0: card, measured switch")


def test_the_json_says_its_form_and_is_json(klass, seat, learned):
    told = json.loads(json.dumps(results.as_json(klass, results.read_results(klass))))
    assert told["schema"] == "docker-network-explorer/class-results/2"
    step = told["learners"][0]["lessons"][0]["steps"][0]
    assert step["checks"] == {check.id: True for check in learned.checks}
    assert step["predictions"][0] == WRONG
    assert told["predictions"][0]["misconception"] == "card"


def test_another_classes_learners_are_not_in_it(klass, seat, other_teacher):
    make_seat(make_class(other_teacher), "Eve")
    assert [one.seat.name for one in results.read_results(klass)] == ["Ana"]


# --- what a spreadsheet must not run ---


@attack(
    "a formula that begins with {before!r} and {sign!r}",
    origin="output",
    expected="harmless",
    held_by="an apostrophe before it",
)
@pytest.mark.parametrize("sign", [*"=+-@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "\u3000", "\0", "  "])
def test_what_a_spreadsheet_would_run_stands_behind_an_apostrophe(sign, before):
    assert results.harmless(f"{before}{sign}1") == f"'{before}{sign}1"


@pytest.mark.parametrize("text", ["", "Ana", "1+1", "a=b", "'=1", "Ana-Maria", "x@y"])
def test_what_is_none_stays_as_it_is(text):
    assert results.harmless(text) == text


@attack("quotes that end a cell early", origin="output", expected="harmless", held_by="every cell is quoted")
def test_every_cell_is_quoted_and_a_quote_doubled():
    assert results.csv_line(["a", 1, 'b"c', "x,y\nz"]) == '"a","1","b""c","x,y\nz"\r\n'


def test_the_file_says_once_how_it_is_encoded(klass, seat):
    lines = list(results.write_csv(results.read_results(klass)))
    assert lines[0].startswith('\ufeff"seat"')
    assert not any("\ufeff" in line for line in lines[1:])


def test_a_time_is_written_so_that_it_sorts():
    assert [results.written(at) for at in (None, 0.0, 1_000_000.5)] == ["", "", "1970-01-12T13:46:40Z"]


# --- who and in which order ---


def test_removed_seats_come_last_and_names_sort_whatever_the_capitals(klass):
    for name in ("ben", "Ana", "Cem", "anna"):
        make_seat(klass, name)
    Seat.objects.filter(name="Ana").update(removed_at=klass.created_at)
    assert [one.seat.name for one in results.read_results(klass)] == ["anna", "ben", "Cem", "Ana"]


def test_of_one_seat_the_same_is_read_as_of_all(klass, seat, learned):
    assert results.read_result(seat) == results.read_results(klass)[0]


def test_a_seat_whose_learner_was_forgotten_has_begun_nothing(klass, seat, learned):
    seat.learner.delete()
    seat.refresh_from_db()
    for result in (results.read_result(seat), results.read_results(klass)[0]):
        assert [one.begun for one in result.lessons] == [False, False]


def test_what_who_was_removed_believed_does_not_count(klass, seat, learned):
    assert [one.prediction.id for one in results.read_beliefs(results.read_results(klass))] == ["docker0", "new-on-host"]
    Seat.objects.update(removed_at=klass.created_at)
    assert results.read_beliefs(results.read_results(klass)) == []


def test_the_most_mistaken_belief_comes_first_and_one_nobody_guessed_at_is_left_out(klass):
    for at in range(2):
        learn(
            make_seat(klass, f"s{at}"),
            predictions={"docker0": "card" if at else "switch", "new-on-host": "cable"},
            outcomes={"docker0": "switch", "new-on-host": "nothing"},
        )
    beliefs = results.read_beliefs(results.read_results(klass))
    assert [(one.prediction.id, one.answered) for one in beliefs] == [("new-on-host", 2), ("docker0", 2)]
    assert [results.share_wrong(one) for one in beliefs] == [1.0, 0.5]


def test_a_belief_that_no_machine_has_tried_is_not_called_wrong(klass, seat):
    learn(seat, predictions={"docker0": "card"})
    (belief,) = results.read_beliefs(results.read_results(klass))
    assert (results.share_wrong(belief), results.belief_json(belief)["misconception"]) == (0.0, None)


# --- the JSON file ---


def test_the_json_file_says_each_check_and_each_prediction(klass, seat, learned):
    told = results.as_json(klass, results.read_results(klass))
    assert (told["schema"], told["class"]["id"], told["class"]["lessons"]) == (results.SCHEMA, klass.pk, ["bridge", "host"])
    (learner,) = told["learners"]
    step = learner["lessons"][0]["steps"][0]
    assert (learner["name"], learner["removed"]) == ("Ana", False)
    assert step["checks"] == {check.id: True for check in learned.checks}
    assert (step["begun"], step["done"]) == ("1970-01-12T13:46:40Z", "1970-01-12T13:51:40Z")
    asked = {one["prediction"]: one for each in learner["lessons"][0]["steps"] for one in each["predictions"]}
    assert asked["docker0"] == WRONG
    assert json.loads(json.dumps(told)) == told


def test_a_step_is_complete_when_each_of_its_checks_is(klass, seat, learned):
    Progress.objects.update(passed={learned.id: [learned.checks[0].id]})
    (learner,) = results.read_results(klass)
    expected = len(learned.checks) == 1
    assert learner.lessons[0].steps[0].complete is expected
    empty = [one for one in learner.lessons[0].steps if not one.step.checks]
    assert not any(one.complete for one in empty)
    assert learner.lessons[0].to_do == len(learner.lessons[0].steps) - len(empty)
