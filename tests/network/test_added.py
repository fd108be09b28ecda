"""What each network and container added: on captures exactly what the tools' own texts have more than before."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.network.added import UNKNOWN, added, everything, left_behind, owners
from explorer.network.model import DockerContainer, DockerState, Gone, Line, Observation, Place, Put, Snapshot
from explorer.network.since import BEGINNING, Since
from explorer.network.views import owned
from tests.network.captured import CAPTURES, ENGINES, STAGES, docker, places, text

COUNTERS = re.compile(r"^\[\d+:\d+\] ")
PLAIN = {"interfaces": "ip-addr", "routes": "ip-route", "nat": "iptables-save-nat", "filter": "iptables-save-filter"}
PLAIN["fdb"] = "bridge-fdb-show"


def watched(engine="bridge", stages=STAGES):
    """The snapshot after the last of these stages, as one who watched them a minute apart would have it."""
    since, seen = Since(), {}
    for at, stage in enumerate(stages):
        now = {
            name: since.mark_place(seen.get(name), place, 1_000.0 + 60 * at) for name, place in places(stage, engine).items()
        }
        for gone in seen.keys() - now.keys():
            since.forget(gone)
        seen = now
    return Snapshot(sandbox="sb", places=seen, docker={"h1": _made(engine, stages)})


def _made(engine, stages):
    """The last stage's names, each made a second before the first stage that has it."""
    made: dict[str, float] = {}
    for at, stage in enumerate(stages):
        state = docker(stage, engine)
        for identity in (*(one.id for one in state.networks), *(one.id for one in state.containers)):
            made.setdefault(identity, 999.0 + 60 * at)
    state = docker(stages[-1], engine)
    return state.model_copy(
        update={
            "networks": tuple(one.model_copy(update={"created": made[one.id]}) for one in state.networks),
            "containers": tuple(one.model_copy(update={"created": made[one.id]}) for one in state.containers),
        }
    )


def printed(engine, stage, view):
    """The lines a plain tool printed on the host, without counters."""
    shown = text(CAPTURES / engine / stage / "h1", PLAIN[view]).splitlines()
    return {COUNTERS.sub("", line).strip() for line in shown if not line.startswith("#")}


def lines(entries, place="h1"):
    return {COUNTERS.sub("", line).strip() for entry in entries if entry.place == place for line in entry.lines}


def own(found, kind=None):
    return [entry for group in found.groups for entry in group.entries if kind in (None, entry.kind)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("view", [view for view in owned() if view in PLAIN and view != "interfaces"])
def test_what_two_containers_added_is_what_the_tools_print_more(engine, view):
    snapshot = watched(engine, STAGES[1:3])
    both = [entry for name in ("web", "near") for entry in own(added(snapshot, "h1", f"container:{name}"), view)]
    more = printed(engine, "3-published", view) - printed(engine, "2-container", view)
    assert lines(both) == {line for line in more if not line.startswith(":")}


@pytest.mark.parametrize("engine", ENGINES)
def test_their_interfaces_too(engine):
    snapshot = watched(engine, STAGES[1:3])
    before, after = (
        set(re.findall(r"^\d+: \S+(?=@)", text(CAPTURES / engine / stage / "h1", "ip-addr"), re.M)) for stage in STAGES[1:3]
    )
    both = [entry for name in ("web", "near") for entry in own(added(snapshot, "h1", f"container:{name}"), "interfaces")]
    assert {entry.lines[0].partition("@")[0] for entry in both if entry.place == "h1"} == after - before


@pytest.mark.parametrize("engine", ENGINES)
def test_web_on_8080(engine):
    found = added(watched(engine, STAGES[1:3]), "h1", "container:web")
    assert found.watched
    assert not found.before
    (published,) = [group for group in found.groups if group.cause == "option:publish"]
    told = lines(published.entries)
    assert any("--dport 8080 -j DNAT --to-destination 172.17.0.3:80" in line for line in told)
    assert any("-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0" in line for line in told)
    assert all("172.17.0.3" in line for line in told)
    assert any("docker-proxy" in note for note in found.notes)
    assert {entry.place for entry in own(found, "routes")} == {"h1/web"}


@pytest.mark.parametrize("engine", ENGINES)
def test_networks_add_what_the_tools_print_more(engine):
    snapshot = watched(engine, STAGES[2:4])
    names = [thing.owner for thing in owners(snapshot, "h1") if thing.owner.partition(":")[2] not in ("bridge", "host", "none")]
    new = [entry for name in names for entry in own(added(snapshot, "h1", name)) if entry.since]
    for view in ("routes", "nat", "filter", "fdb"):
        more = printed(engine, "4-networks", view) - printed(engine, "3-published", view)
        assert lines(entry for entry in new if entry.kind == view) == {line for line in more if not line.startswith(":")}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_names_who_added_more_for_its_sake(engine):
    found = added(watched(engine), "h1", "network:app")
    assert {one.owner for one in found.others} == {"container:app1", "container:hidden"}
    assert {group.cause for group in found.groups} == {"", "kernel"}
    internal = added(watched(engine), "h1", "network:closed")
    assert {group.cause for group in internal.groups} == {"", "kernel", "option:internal"}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stage", STAGES)
def test_every_line_of_a_capture_belongs_to_somebody(engine, stage):
    snapshot = Snapshot(sandbox="sb", places=places(stage, engine), docker={"h1": docker(stage, engine)})
    nobody = [(entry.place, entry.key) for entry in everything(snapshot, "h1") if entry.owner == UNKNOWN]
    left = [("h1/app2", f"chain:nat:DOCKER_{chain}") for chain in ("OUTPUT", "POSTROUTING")]  # of the network that it was on
    assert nobody == (left if stage == "6-changed" else [])
    assert sum(owner.count for owner in owners(snapshot, "h1")) == len(list(everything(snapshot, "h1")))


def test_without_a_watcher_the_words_alone_answer_and_say_so():
    snapshot = Snapshot(sandbox="sb", places=places("3-published"), docker={"h1": docker("3-published")})
    found = added(snapshot, "h1", "container:web")
    assert not found.watched
    assert "not watched" in found.notes[0]
    assert lines(own(found)) == lines(own(added(watched(stages=STAGES[1:3]), "h1", "container:web")))


def test_a_rule_that_was_there_before_is_never_claimed():
    stages = ("3-published", "3-published")
    snapshot = watched(stages=stages)
    state = snapshot.docker["h1"]
    anew = tuple(one.model_copy(update={"created": 1_059.0}) if one.name == "web" else one for one in state.containers)
    snapshot = snapshot.model_copy(update={"docker": {"h1": state.model_copy(update={"containers": anew})}})
    found = added(snapshot, "h1", "container:web")
    assert found.watched
    assert own(found) == []
    assert any("DNAT" in entry.lines[0] for entry in found.before)


def test_what_came_at_the_same_moment_is_told_apart():
    since = Since()
    began = since.mark_place(None, places("2-container")["h1"], 1_000.0)
    after = places("3-published")["h1"]
    nat = after.views["nat"]
    stranger = Line(text="[0:0] -A DOCKER -s 10.9.0.0/16 -j RETURN", key="rule:nat:DOCKER:-A DOCKER -s 10.9.0.0/16 -j RETURN")
    nat = nat.model_copy(update={"lines": (*nat.lines, stranger)})
    marked = since.mark_place(began, after.model_copy(update={"views": {**after.views, "nat": nat}}), 1_060.0)
    snapshot = Snapshot(sandbox="sb", places={"h1": marked}, docker={"h1": _made("bridge", STAGES[1:3])})
    found = added(snapshot, "h1", "container:web")
    assert [entry.lines for entry in found.unknown] == [(stranger.text,)]
    assert stranger.text not in lines(own(found))


def test_a_bridge_that_came_up_is_a_change_not_an_addition():
    found = added(watched(stages=STAGES[0:2]), "h1", "container:c1")
    assert [(entry.kind, "docker0" in entry.lines[0]) for entry in found.changed] == [("interfaces", True), ("routes", True)]
    assert not any("linkdown" in line for entry in found.changed for line in entry.lines)


def test_what_was_left_behind():
    snapshot = watched(stages=("3-published", "6-changed"))
    near = added(watched(stages=("2-container", "3-published")), "h1", "container:near")
    put = tuple(Put(place=e.place, view=e.kind, key=e.key, text=e.lines[0]) for e in own(near) if e.kind != "namespaces")
    gone = Gone(host="h1", owner="container:near", at=1_030.0, put=put)
    assert left_behind(snapshot, gone) == ()
    still = watched(stages=("2-container", "3-published"))
    assert {entry.key for entry in left_behind(still, gone.model_copy(update={"at": 2_000.0}))} == {one.key for one in put}


def test_a_containers_namespace_is_its_own():
    seen = places("3-published")
    web = seen["h1/web"].model_copy(update={"netns": 4026532345})
    snapshot = Snapshot(sandbox="sb", places={**seen, "h1/web": web}, docker={"h1": docker("3-published")})
    found = added(snapshot, "h1", "container:web")
    assert [entry.lines for entry in own(found, "namespaces")] == [("h1/web  net:[4026532345]",)]
    (kernels,) = [group for group in found.groups if group.cause == "kernel"]
    assert any("LOOPBACK" in entry.lines[0] for entry in kernels.entries)
    shared = snapshot.model_copy(update={"places": {**seen, "h1/web": web.model_copy(update={"shares": "h1"})}})
    assert own(added(shared, "h1", "container:web"), "namespaces") == []


def test_nothing_of_a_stranger():
    found = added(watched(), "h1", "container:nobody")
    assert (found.count, found.detail, found.created) == (0, "", 0.0)
    assert added(Snapshot(sandbox="sb"), "h7", "network:x").count == 0


# --- the page's answer is the same ----------------------------------------------------------------------------------------

TOLD = json.loads((Path(__file__).parents[1] / "web" / "js" / "added.json").read_text())
PAGE = Snapshot.model_validate(TOLD["snapshot"])


def brief(entries):
    return [[entry.place, entry.kind, entry.key] for entry in entries]


def test_everybody_as_in_the_page():
    assert [[one.owner, one.detail, one.count] for one in owners(PAGE, "h1")] == TOLD["owners"]


@pytest.mark.parametrize("owner", TOLD["answers"])
def test_one_of_them_as_in_the_page(owner):
    found = added(PAGE, "h1", owner)
    groups = {group.cause: brief(group.entries) for group in found.groups}
    answer = TOLD["answers"][owner]
    assert list(groups) == list(answer["groups"])
    assert answer == {
        "detail": found.detail,
        "created": found.created,
        "watched": found.watched,
        "groups": groups,
        "others": [[one.owner, one.count] for one in found.others],
        "changed": brief(found.changed),
        "unknown": brief(found.unknown),
        "before": brief(found.before),
        "notes": list(found.notes),
    }


def test_left_behind_as_in_the_page():
    assert brief(left_behind(PAGE, PAGE.gone[0])) == TOLD["left"]


# --- any history ----------------------------------------------------------------------------------------------------------

KEYS = ("a", "b", "c", "d", "e")
moments = st.lists(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["", "network:town", "container:web"])), max_size=8)


@given(history=moments, born=st.integers(0, 9))
def test_attribution_never_claims_what_existed_before(history, born):
    """Each moment is what one view of the host shows: key → whom its line names. The owner is made between two moments."""
    since, seen = Since(), None
    present: dict[str, float] = {}  # the truth: key → when it came, by an account of our own
    for at, shown in enumerate(history):
        now = 1_000.0 + at * (BEGINNING + 1)
        rows = tuple(Line(text=key, key=key, about=(owner,) if owner else (), why="") for key, owner in shown.items())
        place = Place(id="h1", kind="host", host="h1", name="h1", views={"nat": Observation(command="x", lines=rows)})
        seen = since.mark_place(seen, place, now)
        present = {key: present.get(key, now) for key in shown}
    created = 999.5 + born * (BEGINNING + 1)
    state = docker("2-container")
    town = state.networks[0].model_copy(update={"name": "town", "created": created})
    names = state.model_copy(update={"networks": (town,), "containers": ()})
    snapshot = Snapshot(sandbox="sb", places={"h1": seen} if seen else {}, docker={"h1": names})
    found = added(snapshot, "h1", "network:town")
    claimed = {entry.key for entry in own(found)}
    assert claimed.isdisjoint({entry.key for entry in (*found.unknown, *found.before)})
    assert all(seen and dict(zip(history[-1], history[-1].values(), strict=True))[key] == "network:town" for key in claimed)
    if found.watched:
        assert all(present[key] >= created for key in claimed)


@pytest.mark.parametrize("target", ["peerpeer", "peer"])
def test_a_namespace_that_its_first_container_has_left(target):
    """`--network container:peer`, and peer was started again: it has a new namespace, and join is still in the old one."""
    peer = DockerContainer(id="peerpeer", name="peer", image="box", state="running", network_mode="bridge")
    join = DockerContainer(id="join", name="join", image="box", state="running", network_mode=f"container:{target}")
    places = {
        one: Place(id=f"h1/{one}", kind="container", host="h1", name=one, netns=number)
        for one, number in (("peer", 2), ("join", 1))
    }
    state = DockerState(host="h1", containers=(peer, join))
    snapshot = Snapshot(sandbox="s", places={place.id: place for place in places.values()}, docker={"h1": state})
    found = {entry.place: entry.why for entry in everything(snapshot, "h1")}
    assert found["h1/peer"] == "The network namespace of peer: interfaces, routes and rules of its own."
    assert found["h1/join"].startswith("A namespace that join still uses and that peer has left")
    assert added(snapshot, "h1", "container:join").notes == (
        "Its beginning was not watched: this is what the lines themselves say of join.",
    )
