"""Every way of opening, asked for twice at once: it is done once, and both are answered alike. Never an error."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from explorer.network.layout import from_query
from explorer.sandboxes import limits, opening
from explorer.sandboxes.life import current_sandbox
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Action, Sandbox
from explorer.sandboxes.nodes import read_nodes
from explorer.sandboxes.opening import Wish, book_sandbox, open_sandbox
from explorer.sandboxes.terms import Terms
from tests.asking import open_for
from tests.at_once import at_once, meeting

__all__ = ["at_once"]

State = Sandbox.State
LAYOUT = from_query("hosts=2&machines=outside&net=h1,front,bridge&run=h1,web,front,p=8080:80")
PLAIN = from_query("hosts=2&machines=outside")
REPLAY = {"commands": [{"place": "h1", "command": "docker network create app"}], "left_out": [], "of": "abc"}
CLASS = Terms(class_id="class-one", minutes=30, extensions_most=1, engine="26")
# what is wished for, and what the learner has before: nothing, or a sandbox whose id the wish names as `instead`
WAYS = {
    "a lesson's": (Wish(lesson="bridge"), False),
    "a lesson's of a class": (Wish(lesson="bridge", terms=CLASS), False),
    "a plain layout": (Wish.of_layout(PLAIN), False),
    "a layout of one's own": (Wish.of_layout(LAYOUT), False),
    "a copy": (Wish(lesson="bridge", replay=REPLAY), False),
    "another in the place of one": (Wish(lesson="bridge", scenario="two-hosts"), True),
    "a plain layout in the place of one": (Wish.of_layout(PLAIN), True),
    "a layout in the place of one": (Wish.of_layout(LAYOUT), True),
    "a copy in the place of one": (Wish(lesson="bridge", replay=REPLAY), True),
}
every_way = pytest.mark.parametrize(("wish", "has_one"), WAYS.values(), ids=WAYS)


@pytest.fixture
def begin(redis, sent, node1, alice):
    """Gives Alice what she has before, and the wish that names it."""

    def begun(wish, has_one):
        if not has_one:
            return wish, None
        old = Sandbox.objects.create(learner=alice, node=node1, state=State.READY, ready_at=timezone.now())
        return Wish(**{name: getattr(wish, name) for name in Wish.__slots__} | {"instead": old.pk}), old

    return begun


def meanwhile(monkeypatch, do):
    """`do` happens once, in the moment between the last check of an opening and what it writes."""
    real, done = limits.check_engine, []

    def late(*words):
        real(*words)
        if not done:
            done.append(None)
            done.append(do())

    monkeypatch.setattr("explorer.sandboxes.opening.check_engine", late)
    return done


def opened(learner):
    """(sandboxes the learner may use, times one was opened, what was replaced)."""
    usable = Sandbox.objects.filter(learner=learner, state__in=Sandbox.USABLE)
    actions = Action.objects.filter(kind="open", sandbox__learner=learner)
    return usable.count(), actions.count(), Action.objects.filter(kind="close", sandbox__learner=learner).count()


@every_way
def test_the_other_click_wins_between_check_and_writing(begin, alice, wish, has_one, monkeypatch):
    wish, old = begin(wish, has_one)
    other = meanwhile(monkeypatch, lambda: open_sandbox(alice, wish, read_nodes()))
    mine = open_sandbox(alice, wish, read_nodes())
    assert mine == other[1]
    assert opened(alice) == (1, 1, int(has_one))
    if old:
        old.refresh_from_db()
        assert old.state == State.CLOSING


@pytest.mark.django_db(transaction=True)
@every_way
def test_two_clicks_at_the_same_moment(begin, alice, wish, has_one, at_once, monkeypatch, sent):
    wish, _ = begin(wish, has_one)
    with meeting(monkeypatch, opening, "check_engine"):
        one, other = at_once(*[lambda: open_sandbox(alice, wish, read_nodes()).pk] * 2)
    assert one == other
    assert at_once(lambda: opened(alice)) == (1, 1, int(has_one))
    assert [name for name, *_ in sent].count("open_sandbox") == 1


def warm(node, **more):
    known = {"state": State.WARM, "ready_at": timezone.now(), "node": node}
    return Sandbox.objects.create(**{**known, **more})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("terms", "prepared"), [(Terms(), ""), (CLASS, ""), (CLASS, "class-one")], ids=["alone", "common", "prepared"]
)
def test_two_clicks_claim_one_of_two_warm_ones(redis, sent, node1, alice, at_once, monkeypatch, terms, prepared):
    for _ in range(2):
        warm(node1, class_id=prepared, expires_at=timezone.now() + timedelta(hours=1) if prepared else None)
    with meeting(monkeypatch, opening, "check_engine"):
        one, other = at_once(*[lambda: open_for(alice, lesson="bridge", terms=terms).pk] * 2)
    assert one == other
    assert at_once(lambda: opened(alice)) == (1, 1, 0)
    assert at_once(lambda: Sandbox.objects.filter(state=State.WARM, learner=None).count()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_learners_at_the_same_moment_never_claim_the_same(redis, sent, node1, alice, bob, at_once, monkeypatch):
    warm(node1), warm(node1)
    with meeting(monkeypatch, opening, "check_engine"):
        one, other = at_once(lambda: open_for(alice).pk, lambda: open_for(bob).pk)
    assert one != other
    assert at_once(lambda: Sandbox.objects.filter(state=State.READY).count()) == 2


@pytest.mark.django_db(transaction=True)
def test_two_learners_and_one_warm_one(redis, sent, node1, alice, bob, at_once, monkeypatch):
    warm(node1)
    with meeting(monkeypatch, opening, "check_engine"):
        at_once(lambda: open_for(alice).pk, lambda: open_for(bob).pk)
    assert at_once(lambda: sorted(Sandbox.objects.values_list("state", flat=True))) == ["queued", "ready"]


# --- two wishes that differ ----------------------------------------------------------------------------------------


@pytest.fixture
def here(redis, sent, node1):
    """A node that opens what is asked for; nothing is carried anywhere."""


def test_another_lesson_won_and_the_sandbox_is_turned_to_this_one(here, alice, monkeypatch):
    other = meanwhile(monkeypatch, lambda: open_for(alice, lesson="start-here"))
    assert open_for(alice, lesson="bridge") == other[1]
    assert current_sandbox(alice).lesson == "bridge"


@pytest.mark.parametrize("layout", [PLAIN, LAYOUT], ids=["plain", "of one's own"])
def test_another_scenario_won_and_is_not_closed_for_this_one(here, alice, monkeypatch, layout):
    other = meanwhile(monkeypatch, lambda: open_sandbox(alice, Wish.of_layout(layout), read_nodes()))
    with pytest.raises(Refused) as refused:
        open_for(alice, lesson="bridge")
    assert (refused.value.code, refused.value.numbers["sandbox"]) == ("other_scenario", other[1].pk)
    assert current_sandbox(alice) == other[1]


def test_two_layouts_of_ones_own_are_not_the_same(here, alice, monkeypatch):
    meanwhile(monkeypatch, lambda: open_sandbox(alice, Wish.of_layout(LAYOUT), read_nodes()))
    with pytest.raises(Refused, match=r"A layout of your own\. Needed here: 1 Docker host.*networks back"):
        open_sandbox(alice, Wish.of_layout(from_query("hosts=1&net=h1,back,bridge")), read_nodes())


def test_a_copy_takes_the_place_of_what_was_opened_meanwhile(here, alice, monkeypatch):
    other = meanwhile(monkeypatch, lambda: open_for(alice, lesson="bridge"))
    copy = open_for(alice, replay=REPLAY)
    assert (current_sandbox(alice), copy.replay) == (copy, REPLAY)
    other[1].refresh_from_db()
    assert other[1].state == State.CLOSED


def test_a_copy_handed_out_again_later_is_a_fresh_one(here, alice):
    first, second = open_for(alice, replay=REPLAY), open_for(alice, replay=REPLAY)
    assert first != second
    assert current_sandbox(alice) == second


def test_one_that_was_opened_and_closed_meanwhile_is_in_nobodys_way(here, alice, monkeypatch):
    def there_and_gone():
        Sandbox.objects.filter(pk=open_for(alice, scenario="two-hosts").pk).update(state=State.CLOSED)

    meanwhile(monkeypatch, there_and_gone)
    assert open_for(alice, lesson="bridge").state == State.QUEUED
    assert opened(alice)[0] == 1


def test_the_one_that_was_to_go_is_closed_by_the_other_click_and_its_replacement_stays(here, alice, node1, monkeypatch):
    old = Sandbox.objects.create(learner=alice, node=node1, state=State.READY)
    other = meanwhile(monkeypatch, lambda: open_for(alice, engine="26", instead=old.pk))
    assert open_for(alice, engine="26", instead=old.pk) == other[1]
    assert Action.objects.filter(kind="close").count() == 1


def test_who_never_wins_hears_of_it(here, alice, monkeypatch):
    """An error of the database that no other click explains is not hidden."""
    tries = []

    def never(*words, **more):
        tries.append(words)
        raise IntegrityError("something else")

    monkeypatch.setattr(opening, "book_sandbox", never)
    with pytest.raises(IntegrityError, match="something else"):
        open_for(alice)
    assert len(tries) == opening.TRIES
    assert not Sandbox.objects.exists()


def test_the_database_itself_knows_no_second(here, alice):
    book_sandbox(alice)
    with pytest.raises(IntegrityError):
        book_sandbox(alice)
