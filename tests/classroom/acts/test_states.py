"""States copied, kept and handed out: what was seen becomes what is typed, nobody loses a sandbox to a refusal."""

from __future__ import annotations

import pytest

from explorer.classroom.acts import states
from explorer.classroom.models import AuditEntry, StartingState
from explorer.network.model import DockerContainer, DockerNetwork, DockerState, Snapshot
from explorer.sandboxes.life import current_sandbox
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
    copy = current_sandbox(me)
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
        fresh = current_sandbox(one.learner)
        assert (fresh.state, len(fresh.replay["commands"]), fresh.class_id, fresh.minutes) == ("queued", 1, klass.pk, 60)
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


def test_a_class_keeps_so_many_states_and_then_only_writes_over_them(teacher, klass, seat, sandbox, seen, monkeypatch):
    monkeypatch.setattr(states, "MOST_STATES", 1)
    do("keep", teacher, klass, seat, title="one")
    with pytest.raises(Refused, match="1 states are kept"):
        do("keep", teacher, klass, seat, title="two")
    Sandbox.objects.update(generation=2)
    seen["generation"] = 2
    assert not do("keep", teacher, klass, seat, title="one").new  # the same commands of the same sandbox
    assert StartingState.objects.count() == 1


def test_kept_again_after_something_changed_the_state_is_the_new_one(teacher, klass, seat, sandbox, ben, node):
    do("keep", teacher, klass, seat, title="one")
    give_sandbox(ben, node)
    assert do("keep", teacher, klass, ben, title="one").new
    assert StartingState.objects.get().replay["of"] == current_sandbox(ben.learner).pk
    assert audited("keep state") == 2


@pytest.mark.parametrize("state", ["queued", "opening", "resetting"])
def test_a_sandbox_that_is_not_ready_is_not_kept(teacher, klass, seat, sandbox, state):
    Sandbox.objects.update(state=state)
    with pytest.raises(Refused, match="no running sandbox"):
        do("keep", teacher, klass, seat, title="one")
    assert not StartingState.objects.exists()


def test_without_a_seat_it_is_the_instructors_own_that_is_kept(teacher, klass, sandbox, me, node):
    with pytest.raises(Refused, match="no running sandbox"):
        do("keep", teacher, klass, title="mine", mine=None)
    mine = Sandbox.objects.create(learner=me, node=node, state="ready", lesson="host")
    do("keep", teacher, klass, title="mine", mine=me)
    assert (StartingState.objects.get().replay["of"], StartingState.objects.get().lesson) == (mine.pk, "host")


def test_a_title_is_kept_as_one_line(teacher, klass, seat, sandbox):
    with pytest.raises(Refused, match="121 characters; 120 is the most"):
        do("keep", teacher, klass, seat, title="x" * 121)
    do("keep", teacher, klass, seat, title="a\n b")
    assert StartingState.objects.get().title == "a b"


def test_each_instructor_has_a_copy_of_their_own(teacher, second, klass, seat, sandbox, me):
    other = Learner.objects.create()
    assert do("clone", teacher, klass, seat, mine=me).new
    assert do("clone", second, klass, seat, mine=other).new
    assert {copy.learner_id for copy in Sandbox.objects.exclude(pk=sandbox.pk)} == {me.pk, other.pk}


def test_a_copy_leads_to_where_it_is_seen_the_second_time_too(teacher, klass, seat, sandbox, me):
    assert [do("clone", teacher, klass, seat, mine=me).leads_to for _ in range(2)] == ["playground"] * 2


def test_the_line_in_the_audit_log_names_no_learner(teacher, klass, seat, sandbox, me):
    do("clone", teacher, klass, seat, mine=me)
    do("keep", teacher, klass, seat, title="of Ana")
    assert "Ana" not in str(list(AuditEntry.objects.values_list("detail", flat=True)))


def test_one_who_is_given_a_state_is_told_alone(teacher, klass, seat, ben, sandbox):
    do("keep", teacher, klass, seat, title="Broken")
    do("hand-out", teacher, klass, ben, state=str(StartingState.objects.get().pk))
    assert "fresh sandbox: Broken" in words_for(ben)[0][0].text
    assert words_for(seat) == []
