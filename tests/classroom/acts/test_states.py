"""States copied, kept and handed out: what was seen becomes what is typed, nobody loses a sandbox to a refusal."""

from __future__ import annotations

import pytest

from explorer.classroom.acts import states
from explorer.classroom.models import StartingState
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Snapshot
from explorer.sandboxes import services
from explorer.sandboxes.limits import Refused
from explorer.sandboxes.models import Learner, Node, Sandbox
from explorer.web.templatetags.doing import words_for
from tests.classroom.acts.conftest import audited, give_sandbox
from tests.classroom.acts.doing import do


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    """What was seen of any sandbox: a network made by hand and a container that cannot be copied."""
    network = DockerNetwork(id="n", name="app", driver="bridge", subnets=("172.30.0.0/16",))
    lost = DockerContainer(id="c", name="db", image="mine", state="running")
    state = DockerState(host="h1", networks=(network,), containers=(lost,))
    picture = {"generation": 1}
    monkeypatch.setattr(
        states,
        "read_snapshot",
        lambda sandbox: sandbox and Snapshot(sandbox=sandbox.pk, docker={"h1": state}, generation=picture["generation"]),
    )
    return picture


@pytest.fixture
def me(db):
    """The learner that the instructor's own browser is."""
    return Learner.objects.create()


def test_a_copy_is_the_instructors_own_and_the_original_is_untouched(teacher, klass, seat, sandbox, me):
    do("clone", teacher, klass, seat, mine=me)
    copy = services.current_sandbox(me)
    assert [one["command"] for one in copy.replay["commands"]] == [
        "docker network create --driver bridge --subnet 172.30.0.0/16 app"
    ]
    assert any("its image 'mine'" in one for one in copy.replay["left_out"])
    assert (copy.replay["of"], copy.learner_id, copy.scenario, copy.lesson) == (sandbox.pk, me.pk, "one-host", "")
    sandbox.refresh_from_db()
    assert (sandbox.state, audited("clone")) == ("ready", 1)


def test_copied_twice_there_is_one_copy(teacher, klass, seat, sandbox, me):
    do("clone", teacher, klass, seat, mine=me)
    assert not do("clone", teacher, klass, seat, mine=me).new
    assert Sandbox.objects.filter(learner=me).count() == 1


def test_refused_the_instructor_keeps_what_they_have_and_may_try_again(teacher, klass, seat, sandbox, me, node):
    mine = Sandbox.objects.create(learner=me, node=node, state="ready")
    Node.objects.update(draining=True)
    for _ in range(2):
        with pytest.raises(Refused, match="No machine"):
            do("clone", teacher, klass, seat, mine=me)
    mine.refresh_from_db()
    assert (mine.state, audited("clone")) == ("ready", 0)


def test_what_was_not_seen_yet_is_not_copied(teacher, klass, seat, sandbox, me, seen):
    seen["generation"] = 7
    with pytest.raises(Refused, match="Nothing has been seen"):
        do("clone", teacher, klass, seat, mine=me)


def test_who_has_no_sandbox_has_nothing_to_copy(teacher, klass, seat, me):
    with pytest.raises(Refused, match="no running sandbox"):
        do("clone", teacher, klass, seat, mine=me)


def test_kept_under_a_title_once(teacher, second, klass, seat, sandbox):
    assert do("keep", teacher, klass, seat, title=" Broken   DNS ").sentence == "Kept as “Broken DNS”."
    assert not do("keep", second, klass, seat, title="Broken DNS").new
    state = StartingState.objects.get()
    assert (state.title, state.lesson, len(state.replay["commands"])) == ("Broken DNS", "bridge", 1)


@pytest.mark.parametrize("title", ["", "   "])
def test_a_state_without_a_title_is_refused(teacher, klass, seat, sandbox, title):
    with pytest.raises(Refused, match="title"):
        do("keep", teacher, klass, seat, title=title)


def test_handed_to_all_each_begins_with_it(teacher, klass, seat, ben, idle, sandbox, node):
    give_sandbox(ben, node)
    do("keep", teacher, klass, seat, title="Broken")
    done = do("hand-out", teacher, klass, state=str(StartingState.objects.get().pk))
    assert done.sentence == "3 given it."
    for one in (seat, ben, idle):
        fresh = services.current_sandbox(one.learner)
        assert (fresh.state, len(fresh.replay["commands"]), fresh.pool, fresh.minutes) == ("queued", 1, klass.pk, 60)
        assert "fresh sandbox: Broken" in words_for(one)[0][0].text
    sandbox.refresh_from_db()
    assert sandbox.state == "closing"


def test_handed_out_twice_it_is_given_once(teacher, second, klass, seat, sandbox):
    do("keep", teacher, klass, seat, title="Broken")
    which = str(StartingState.objects.get().pk)
    do("hand-out", teacher, klass, seat, state=which)
    assert "by teacher" in do("hand-out", second, klass, seat, state=which).sentence
    assert audited("hand out", sandbox="") == 1


def test_who_is_refused_keeps_the_sandbox_they_have(teacher, klass, seat, sandbox):
    do("keep", teacher, klass, seat, title="Broken")
    Node.objects.update(health={"engines": []})
    done = do("hand-out", teacher, klass, state=str(StartingState.objects.get().pk))
    assert "Docker Engine 26" in done.sentence
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"


@pytest.mark.parametrize("state", ["", "x", "-1", "9" * 40, "²"])
def test_a_state_that_is_not_there_is_refused(teacher, klass, state):
    with pytest.raises(Refused, match="no such state"):
        do("hand-out", teacher, klass, state=state)


def test_a_state_of_another_class_is_not_there(teacher, klass, elsewhere, sandbox):
    other = StartingState.objects.create(klass=elsewhere.klass, title="x", scenario="one-host")
    with pytest.raises(Refused, match="no such state"):
        do("hand-out", teacher, klass, state=str(other.pk))
