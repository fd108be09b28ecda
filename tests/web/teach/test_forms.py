"""The forms of the actions as the wall and a seat's page show them: which, where, with what to choose, and what follows."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from explorer.classroom.acts.act import Kind
from explorer.classroom.acts.table import ACTS
from explorer.classroom.models import Class, StartingState
from explorer.web.teach.forms import Form, forms_for, forms_that_follow
from tests.people import make_class, make_seat

HTMX = {"HX-Request": "true"}


@pytest.fixture
def wall(teachers, klass):
    return lambda: teachers.get(f"/teach/{klass.pk}/").content.decode()


@pytest.fixture
def seat_page(teachers, klass, seat):
    return lambda: teachers.get(f"/teach/{klass.pk}/seats/{seat.pk}/").content.decode()


def drawn(page: str) -> dict[str, str]:
    """Action → its form, as the page has them."""
    return {form[0]: form[1] for form in re.findall(r'<form id="act-([\w-]+)"(.*?)</form>', page, re.S)}


def names(forms):
    return [form.act.name for form in forms]


# --- which ---


def test_the_wall_has_every_action_for_a_class_that_makes_sense_now(wall):
    expected = {name for name, act in ACTS.items() if act.whom.covers(None) and not act.within and not act.fragment}
    assert drawn(wall()).keys() - {"reveal"} == expected - {"resume", "unlock", "hand-out"}
    assert 'id="prepared"' in wall()


def test_a_seats_page_has_every_action_for_one_learner(seat_page, seat):
    expected = {name for name, act in ACTS.items() if act.whom.covers(seat)}
    assert drawn(seat_page()).keys() == expected - {"hand-out"}


@pytest.mark.parametrize("page", ["wall", "seat_page"])
def test_every_form_goes_to_an_address_that_answers_with_or_without_javascript(request, teachers, page):
    for name, form in drawn(request.getfixturevalue(page)()).items():
        address = re.search(r'action="([^"]+)"', form)[1]
        assert f'hx-post="{address}"' in form, name
        assert "csrfmiddlewaretoken" in form, name
        assert teachers.get(address).status_code == 405, name


def test_what_stands_above_the_parts(klass, seat):
    assert names(forms_for(klass).first) == ["say", "step", "pause", "resume"]
    assert names(forms_for(klass, seat).first) == ["say", "extend", "clone"]


def test_the_other_actions_stand_under_their_parts_in_the_order_of_the_table(klass, seat):
    parts = {part.title: names(forms) for part, forms in forms_for(klass).parts}
    assert parts == {
        "Sandboxes beforehand": ["prepare"],
        "Reveal answers": ["reveal"],
        "Lock ahead": ["lock", "unlock"],
        "A command to click": ["command"],
        "Running sandboxes": ["extend", "reset", "stop"],
        "Starting states": ["keep", "hand-out"],
    }
    parts = {part.title: names(forms) for part, forms in forms_for(klass, seat).parts}
    assert parts == {
        "Go to a step": ["step"],
        "A command to click": ["command"],
        "Running sandboxes": ["reset", "stop"],
        "Starting states": ["keep", "hand-out"],
    }


def test_the_parts_are_named_in_a_line(klass, seat):
    assert forms_for(klass).more == "Prepare, reveal, lock, command, time, reset, stop, states"
    assert forms_for(klass, seat).more == "Step, command, time, reset, stop, states"


def test_every_part_has_its_title_on_the_page(wall, klass):
    page = wall()
    for part, _ in forms_for(klass).parts:
        assert re.search(rf"<legend[^>]*>{re.escape(part.title)}</legend>", page)


# --- what a form says ---


def test_a_label_names_whom_it_is_for(wall, seat_page):
    assert 'aria-label="Say to everybody"' in drawn(wall())["say"]
    assert 'aria-label="Say to Ana"' in drawn(seat_page())["say"]
    assert "Keep where my own sandbox stands as" in drawn(wall())["keep"]
    assert "Keep this state as" in drawn(seat_page())["keep"]


def test_the_question_before_names_whose_it_is(wall, seat_page):
    assert "Reset every learner&#x27;s sandbox?" in drawn(wall())["reset"]
    assert "Stop this learner&#x27;s sandbox?" in drawn(seat_page())["stop"]
    assert "hx-confirm" not in drawn(wall())["extend"]


def test_how_long_a_sandbox_lives_is_that_of_the_class(wall):
    Class.objects.update(sandbox_minutes=45)
    assert 'title="45 minutes from now"' in drawn(wall())["extend"]


def test_a_name_cannot_become_markup_or_a_pattern(teachers, klass):
    seat = make_seat(klass, "<b>{whose}</b>")
    page = teachers.get(f"/teach/{klass.pk}/seats/{seat.pk}/").content.decode()
    assert 'aria-label="Say to &lt;b&gt;{whose}&lt;/b&gt;"' in drawn(page)["say"]
    assert "<b>{whose}" not in page


def test_a_text_may_be_as_long_as_its_field_and_no_longer(wall):
    assert 'maxlength="500"' in drawn(wall())["say"]
    assert 'maxlength="64"' in drawn(wall())["command"]
    assert 'value="h1"' in drawn(wall())["command"]


def test_the_second_button_sends_one_more_field(wall):
    assert re.search(r'<button[^>]*name="take" value="1"[^>]*>Take there<', drawn(wall())["step"])
    assert [field.kind for field in Form(ACTS["step"], Class()).buttons] == [Kind.BUTTON]


def test_only_forms_with_a_text_are_emptied_once_it_was_taken(wall):
    clears = {name for name, form in drawn(wall()).items() if "data-clear" in form}
    assert clears == {"say", "command", "keep"}


# --- what there is to choose ---


def test_steps_and_lessons_are_those_of_the_class(wall):
    assert set(re.findall(r'value="([\w-]+)/', drawn(wall())["step"])) == {"bridge", "host"}
    Class.objects.update(lessons=["host"])
    assert set(re.findall(r'value="([\w-]+)/', drawn(wall())["step"])) == {"host"}


def test_a_state_can_be_handed_out_once_there_is_one(wall, seat_page, klass, other_teacher):
    StartingState.objects.create(klass=make_class(other_teacher), title="Theirs", scenario="one-host")
    assert "No state is kept yet" in wall()
    state = StartingState.objects.create(klass=klass, title="Broken <DNS>", scenario="one-host")
    for page in (wall(), seat_page()):
        assert f'<option value="{state.pk}">Broken &lt;DNS&gt;</option>' in drawn(page)["hand-out"]
        assert "No state is kept yet" not in page


def test_a_class_whose_lessons_ask_nothing_says_so(wall):
    Class.objects.update(lessons=[])
    assert "The lessons of this class ask for no prediction." in wall()


def test_reveal_and_hide_are_two_buttons_of_one_form(wall, klass):
    form = drawn(wall())["reveal"]
    assert f'action="/teach/{klass.pk}/do/reveal/"' in form
    assert f'formaction="/teach/{klass.pk}/do/hide/"' in form


def test_preparing_and_cancelling_are_two_forms_of_one_part(teachers, klass, node):
    address = f"/teach/{klass.pk}/prepared/"
    assert drawn(teachers.get(address).content.decode()).keys() == {"prepare"}
    Class.objects.update(seats_expected=2)
    teachers.post(f"/teach/{klass.pk}/do/prepare/", {"lesson": "bridge"})
    assert drawn(teachers.get(address).content.decode()).keys() == {"prepare", "unprepare"}


def test_the_lesson_that_was_asked_about_stays_chosen(teachers, klass, node):
    page = teachers.get(f"/teach/{klass.pk}/prepared/?lesson=host").content.decode()
    assert re.findall(r'<option value="(\w+)" selected', page) == ["host"]


# --- what follows an action ---


def test_a_paused_class_is_offered_to_go_on(wall):
    assert {"pause"} == drawn(wall()).keys() & {"pause", "resume"}
    Class.objects.update(paused_at=timezone.now())
    assert {"resume"} == drawn(wall()).keys() & {"pause", "resume"}
    assert "paused since" in drawn(wall())["resume"]


def test_a_locked_class_is_offered_to_be_opened(wall):
    Class.objects.update(open_until={"lesson": "bridge", "step": "switch"})
    assert "unlock" in drawn(wall())
    assert re.search(r'value="bridge/switch" selected', drawn(wall())["lock"])


def test_what_may_look_different_comes_with_the_answer_to_any_action(teachers, klass):
    follow = names(forms_that_follow(klass))
    assert follow == ["pause", "resume", "lock", "unlock", "hand-out"]
    answer = teachers.post(f"/teach/{klass.pk}/do/say/", {"text": "x"}, headers=HTMX).content.decode()
    swapped = re.findall(r'<(?:form|p) id="act-([\w-]+)"[^>]*hx-swap-oob="true"', answer)
    assert swapped == follow


def test_each_of_them_has_one_place_on_the_page_whether_it_is_offered_or_not(wall, klass):
    for name in names(forms_that_follow(klass)):
        assert wall().count(f'id="act-{name}"') == 1


def test_nothing_follows_on_a_seats_page_or_without_javascript(teachers, klass, seat):
    one = teachers.post(f"/teach/{klass.pk}/seats/{seat.pk}/do/say/", {"text": "x"}, headers=HTMX).content.decode()
    page = teachers.post(f"/teach/{klass.pk}/do/say/", {"text": "y"}).content.decode()
    assert ("oob" in one, "oob" in page) == (False, False)


def test_an_answer_that_insists_sends_the_same_again_and_one_more_field(teachers, klass, node):
    answer = teachers.post(f"/teach/{klass.pk}/do/prepare/", {"lesson": "bridge"}, headers=HTMX).content.decode()
    assert "Prepare what there is room for</button>" in answer
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', answer))
    sent.pop("csrfmiddlewaretoken", None)
    assert sent == {"lesson": "bridge", "anyway": "1"}
    assert teachers.post(f"/teach/{klass.pk}/do/prepare/", sent, headers=HTMX).status_code == 200


@pytest.mark.parametrize("what", ["say", "reset"])
def test_any_other_refusal_insists_on_nothing(teachers, klass, what):
    Class.objects.update(state="ended")
    answer = teachers.post(f"/teach/{klass.pk}/do/{what}/", {"text": "x"}, headers=HTMX).content.decode()
    assert "hidden" not in re.sub(r'<p id="act-[^>]*>|csrfmiddlewaretoken', "", answer.split("</div>")[0])


def test_a_seat_that_was_removed_and_a_class_that_is_over_have_no_forms(teachers, klass, seat, wall, seat_page):
    type(seat).objects.update(removed_at=timezone.now())
    assert drawn(seat_page()) == {}
    type(seat).objects.update(removed_at=None)
    Class.objects.update(state="ended")
    assert (drawn(seat_page()), drawn(wall())) == ({}, {})
