"""A question's options stand in an order of the learner's own, and what was chosen is kept by the option's id."""

import re

import pytest

from explorer.lessons.load import load_lessons
from explorer.sandboxes.models import Learner, Progress
from tests.web.conftest import browser_of

SLUG = "bridge"
STEP = load_lessons()[SLUG].steps[0]
ASKED = STEP.predictions[0]


def orders(client, **query):
    """The ids of the options of each question of a page, in their order."""
    page = client.get(f"/learn/{SLUG}/", {"step": STEP.id} | query).content.decode()
    forms = re.findall(r'<form class="prediction.*?</form>', page, re.S)
    return [re.findall(r'name="option" value="([^"]+)"', form) for form in forms]


@pytest.fixture
def crowd(db):
    """Twenty strangers, each with a browser of their own."""
    return [browser_of(None) for _ in range(20)]


def test_a_learner_sees_the_same_order_again(adas):
    seen = orders(adas)
    assert [sorted(one) for one in seen] == [sorted(option.id for option in asked.options) for asked in STEP.predictions]
    assert orders(adas) == seen


def test_strangers_see_different_orders_and_each_the_same_again(crowd):
    seen = [orders(one) for one in crowd]
    assert len({str(one) for one in seen}) > 5
    assert [orders(one) for one in crowd] == seen
    assert not Learner.objects.exists()


def test_who_begins_keeps_the_order_they_saw(crowd, htmx):
    for stranger in crowd:
        seen = orders(stranger)
        answer = stranger.post(
            f"/learn/{SLUG}/predict/", {"prediction": ASKED.id, "option": ASKED.options[0].id}, headers=htmx
        ).content.decode()
        assert re.findall(r'name="option" value="([^"]+)"', answer) == seen[0]
        assert orders(stranger) == seen
    assert Learner.objects.count() == len(crowd)


def test_what_was_chosen_is_kept_by_its_id_wherever_it_stood(crowd):
    chosen = ASKED.options[1]
    for stranger in crowd:
        stranger.post(f"/learn/{SLUG}/predict/", {"prediction": ASKED.id, "option": chosen.id})
        page = stranger.get(f"/learn/{SLUG}/", {"step": STEP.id}).content.decode()
        assert re.findall(r'value="([^"]+)" required checked', page) == [chosen.id]
    assert {one.predictions[ASKED.id] for one in Progress.objects.all()} == {chosen.id}


def test_the_part_of_the_page_that_is_asked_for_again_has_the_same_order(adas, htmx):
    seen = orders(adas)[0]
    part = adas.get(f"/learn/{SLUG}/", {"prediction": ASKED.id}, headers=htmx).content.decode()
    assert re.findall(r'name="option" value="([^"]+)"', part) == seen
