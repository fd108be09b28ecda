import json
import time

import pytest

from explorer.network.differ import Change
from explorer.network.model import (
    Call,
    DockerContainer,
    DockerNetwork,
    DockerState,
    Interface,
    Line,
    Measured,
    Observation,
    Place,
    Probe,
    ProbeResult,
)
from explorer.node.relay import telling as relayed
from explorer.node.relay.telling import Telling, as_json
from explorer.sandboxes.events import Happened


def interfaces(*names):
    return Observation(
        command="ip addr",
        lines=tuple(Line(text=f"{n}: {name}", key=name) for n, name in enumerate(names)),
        items=tuple(Interface(key=name, index=n, name=name, kind="veth", mtu=1500, state="UP") for n, name in enumerate(names)),
    )


def host(*names, name="h1"):
    return Place(id=name, kind="host", host=name, name=name, netns=1, views={"interfaces": interfaces(*names)})


def show(telling, place, view):
    """As the observer hands it on: with what was shown before, told or not."""
    waiting = [telling._waiting.get((place.id, "")), telling._waiting.get((place.id, view))]
    shown = next((of.views if isinstance(of, Place) else {view: of.after} for of in waiting if of), None)
    before = shown or telling.places[place.id].views
    telling.see_view(Change(place, view, before.get(view), place.views[view]))


@pytest.fixture
def telling(monkeypatch):
    monkeypatch.setattr(relayed, "GAP_SECONDS", 0.0)
    telling = Telling("sb", 1)
    telling.see_place(host("lo"))
    telling.take_all()
    return telling


def kinds(telling):
    return [event.type for event in telling.take()]


def test_the_beginning_is_everything():
    telling = Telling("sb", 2)
    telling.see_place(host("lo"))
    telling.see_docker(DockerState(host="h1", version="26"))
    taken = telling.take_all()
    assert taken.snapshot.generation == 2
    assert list(taken.snapshot.places) == ["h1"]
    assert taken.snapshot.docker["h1"].version == "26"
    assert kinds(telling) == []


def test_a_change_names_what_was_added(telling):
    show(telling, host("lo", "veth1"), "interfaces")
    changed, told = list(telling.take())
    assert (changed.type, changed.place, changed.view, changed.added) == ("view_changed", "h1", "interfaces", ("veth1",))
    assert (told.source, told.place) == ("kernel", "h1")
    assert "veth1" in told.text


def test_and_what_went(telling):
    show(telling, host(), "interfaces")
    changed = next(telling.take())
    assert [line.key for line in changed.removed] == ["lo"]


def test_back_to_what_it_was_is_no_news(telling):
    show(telling, host("lo", "veth1"), "interfaces")
    show(telling, host("lo"), "interfaces")
    assert kinds(telling) == []


def test_many_changes_of_one_view_are_told_once_with_the_newest(telling, monkeypatch):
    monkeypatch.setattr(relayed, "GAP_SECONDS", 0.03)
    show(telling, host("lo", "a"), "interfaces")
    assert kinds(telling)[0] == "view_changed"
    for n in range(50):
        show(telling, host("lo", f"v{n}"), "interfaces")
    assert kinds(telling) == []
    assert 0 < telling.waiting() <= 0.03
    time.sleep(0.04)
    (changed, *_) = telling.take()
    assert changed.added == ("v49",)


def test_a_cause_is_linked_to_what_follows_it(telling):
    telling.see_happening(Happened(source="docker", place="h1", text="container web started"))
    show(telling, host("lo", "veth1"), "interfaces")
    said, changed, told = list(telling.take())
    assert said.text == "container web started"
    assert changed.cause == "container web started"
    assert "container web started" in told.detail


def test_a_cause_fades(telling, monkeypatch):
    telling.see_happening(Happened(source="docker", place="h1", text="container web started"))
    monkeypatch.setattr(relayed, "CAUSE_SECONDS", -1)
    show(telling, host("lo", "veth1"), "interfaces")
    assert [event.cause for event in telling.take() if event.type == "view_changed"] == [""]


def test_another_host_is_not_the_cause(telling):
    telling.see_place(host("lo", name="h2"))
    list(telling.take())
    telling.see_happening(Happened(source="docker", place="h1/web", text="container web started"))
    show(telling, host("lo", "x", name="h2"), "interfaces")
    assert [event.cause for event in telling.take() if event.type == "view_changed"] == [""]


def test_a_new_place_comes_whole_and_a_lost_one_goes(telling):
    telling.see_place(host("lo", name="h2"))
    show(telling, host("lo", "eth0", name="h2"), "interfaces")
    (seen,) = telling.take()
    assert (seen.type, len(seen.place.views["interfaces"].items)) == ("place_seen", 2)
    telling.lose_place("h2")
    (gone,) = telling.take()
    assert (gone.type, gone.place) == ("place_gone", "h2")
    assert list(telling.snapshot().places) == ["h1"]


def test_what_waits_of_a_place_that_is_told_whole_is_in_it(telling, monkeypatch):
    monkeypatch.setattr(relayed, "GAP_SECONDS", 60.0)
    telling._told_at["h1", "interfaces"] = time.monotonic()
    show(telling, host("lo", "a"), "interfaces")
    telling.see_place(host("lo", "a", "b"))
    assert list(telling._waiting) == [("h1", "")]
    assert telling._due.keys() == telling._waiting.keys()


def test_a_place_that_goes_takes_along_what_waits_of_it(telling):
    show(telling, host("lo", "a"), "interfaces")
    telling.lose_place("h1")
    assert kinds(telling) == ["place_gone"]
    assert (telling._waiting, telling._due, telling._told_at) == ({}, {}, {})


def test_beginning_anew_folds_in_what_waits(telling, monkeypatch):
    monkeypatch.setattr(relayed, "GAP_SECONDS", 60.0)
    telling.see_place(host("lo", name="h2"))
    show(telling, host("lo", "a"), "interfaces")
    telling.see_docker(DockerState(host="h1", version="26"))
    taken = telling.take_all().snapshot
    assert len(taken.places["h1"].views["interfaces"].items) == 2
    assert ("h2" in taken.places, taken.docker["h1"].version) == (True, "26")
    assert (telling.waiting(), kinds(telling)) == (None, [])


def test_what_is_expected_counts_as_seen_once_it_waits(telling):
    assert not telling.sees({"h1", "h2"})
    telling.see_place(host("lo", name="h2"))
    assert telling.sees({"h1", "h2"})
    telling.lose_place("h2")
    assert not telling.sees({"h2"})


def test_a_place_nobody_heard_of_goes_silently(telling):
    telling.see_place(host("lo", name="h2"))
    telling.lose_place("h2")
    assert kinds(telling) == []


def test_the_snapshot_is_what_was_told_not_what_was_seen(telling):
    show(telling, host("lo", "veth1"), "interfaces")
    assert len(telling.snapshot().places["h1"].views["interfaces"].items) == 1
    list(telling.take())
    assert len(telling.snapshot().places["h1"].views["interfaces"].items) == 2


def test_a_probe_is_told_when_its_answer_changes(telling):
    probe = Probe(source="h1", target="outside")
    for at, ok in ((1.0, False), (2.0, False), (3.0, True)):
        telling.see_probe(ProbeResult(probe=probe, ok=ok, at=at))
    assert kinds(telling) == ["probe_answered", "probe_answered"]
    telling.keep_probes(set())
    assert telling.snapshot().probes == {}


def test_a_flood_of_lines_is_counted_not_kept(telling):
    for n in range(1000):
        telling.see_happening(Happened(source="docker", place="h1", text=f"{n}"))
    told = list(telling.take())
    assert len(told) == relayed.LINES_WAITING + 1
    assert "800 more lines" in told[-1].text


def test_figures_are_told_and_go_with_what_they_are_about(telling):
    telling.see_measured("roads", Measured(at=1.0))
    assert telling.snapshot().measured == {"roads": Measured(at=1.0)}
    assert not telling.keep_measured({"roads"})
    assert telling.keep_measured(set())
    assert telling.snapshot().measured == {}
    assert [(event.type, event.measured) for event in telling.take()] == [
        ("measured_changed", Measured(at=1.0)),
        ("measured_changed", None),
    ]


# --- what is left behind -------------------------------------------------------------------------------


def owned(*keys, owner="container:web"):
    lines = tuple(Line(text=f"{key} as printed", key=key, about=(owner,)) for key in keys)
    return Place(id="h1", kind="host", host="h1", name="h1", netns=1, views={"nat": Observation(command="x", lines=lines)})


def daemon(*names, error=""):
    containers = tuple(DockerContainer(id=f"id-{name}", name=name, image="box", state="running") for name in names)
    return DockerState(
        host="h1", error=error, networks=(DockerNetwork(id="n", name="bridge", driver="bridge"),), containers=containers
    )


def test_a_removed_container_leaves_word_of_all_it_had_put_there(telling):
    telling.see_docker(daemon("web"))
    telling.see_place(owned("r1", "r2"))
    list(telling.take())
    telling.see_place(owned("r2"))  # the kernel is first
    list(telling.take())
    telling.see_docker(daemon())
    (_, gone) = telling.take()
    assert (gone.type, gone.gone.owner, gone.gone.detail) == ("owner_gone", "container:web", "box")
    assert {put.key for put in gone.gone.put} == {"r1", "r2"}
    assert telling.snapshot().gone == (gone.gone,)


def test_a_daemon_that_does_not_answer_removed_nothing(telling):
    telling.see_docker(daemon("web"))
    list(telling.take())
    telling.see_docker(daemon(error="does not answer"))
    assert kinds(telling) == ["docker_changed"]
    telling.see_docker(daemon("web"))
    assert kinds(telling) == ["docker_changed"]


def test_a_new_name_is_no_removal(telling):
    telling.see_docker(daemon("web"))
    telling.see_place(owned("r1"))
    list(telling.take())
    renamed = daemon("web").containers[0].model_copy(update={"name": "shop"})
    telling.see_docker(daemon().model_copy(update={"containers": (renamed,)}))
    assert kinds(telling) == ["docker_changed"]
    telling.see_docker(daemon())
    (_, gone) = telling.take()
    assert (gone.gone.owner, [put.key for put in gone.gone.put]) == ("container:shop", ["r1"])


def test_what_is_kept_is_bounded_and_says_so(telling):
    telling.see_docker(daemon(*(f"c{n}" for n in range(60))))
    for n in range(60):
        telling.see_place(owned(*(f"{n}-{key}" for key in range(150)), owner=f"container:c{n}"))
        list(telling.take())
    telling.see_docker(daemon())
    events = [event for event in telling.take() if event.type == "owner_gone"]
    assert len(events) == 60
    assert sum(len(event.gone.put) for event in events) == 2_000
    assert all(len(event.gone.put) <= 100 and event.gone.more for event in events)
    assert len(telling.snapshot().gone) == relayed.GONE_KEPT


# --- a driver that is a program on the host ---


def asked(telling, method, *, answered=True, name="h1", kind="host"):
    """Docker asked a driver on h1; then an interface appeared at `name`."""
    call = Call(key=f"call:{method}", driver="lab", method=method, at=1.0, seconds=0.01 if answered else None)
    seen = telling.places["h1"]
    views = {**seen.views, "calls": Observation(command="tail", lines=(Line(text="x", key=call.key),), items=(call,))}
    show(telling, seen.model_copy(update={"views": views}), "calls")
    list(telling.take())
    place = telling.places[name]
    views = {**place.views, "interfaces": interfaces("lo", "lab-1")}
    show(telling, place.model_copy(update={"views": views}), "interfaces")
    return next(event for event in telling.take() if event.type == "view_changed" and event.view == "interfaces").cause


def test_what_a_driver_was_asked_is_the_cause_of_what_follows(telling):
    assert asked(telling, "CreateNetwork") == "lab answered CreateNetwork"


def test_even_before_it_answered(telling):
    assert asked(telling, "CreateNetwork", answered=False) == "lab was asked CreateNetwork"


def test_a_question_that_changes_nothing_is_no_cause(telling):
    assert asked(telling, "EndpointOperInfo") == ""


def test_what_docker_reports_of_the_same_matter_comes_second(telling):
    telling.see_happening(Happened(source="docker", place="h1", text="network lane created"))
    assert asked(telling, "CreateNetwork") == "lab answered CreateNetwork"


def test_a_driver_is_no_cause_within_a_container(telling):
    inside = Place(id="h1/web", kind="container", host="h1", name="web", netns=2, views={"interfaces": interfaces("lo")})
    telling.see_place(inside)
    list(telling.take())
    assert asked(telling, "Join", name="h1/web") == ""


def test_a_snapshot_that_is_written_in_pieces_is_the_same(telling):
    telling.see_place(host('lo"', "é\u2028", name="outside"))
    telling.see_docker(DockerState(host="h1", version="26"))
    telling.take_all()
    snapshot = telling.snapshot()
    assert json.loads(as_json(snapshot)) == json.loads(snapshot.model_dump_json())
    assert json.loads(as_json(Telling("empty", 1).snapshot()))["places"] == {}


def frames(telling):
    return [(event.place, event.interfaces) for event in telling.take() if event.type == "frames_counted"]


def test_frames_are_told_once_and_joined_while_they_wait(telling, monkeypatch):
    telling.see_frames("h1", {"eth0": 0, "veth1": 900})
    assert frames(telling) == [("h1", ("eth0", "veth1"))]
    telling.see_frames("h1", {"veth2": 0})
    telling.see_frames("h1", {"eth0": 0})
    assert frames(telling) == []  # not twice within FRAMES_SECONDS
    later = time.monotonic() + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert frames(telling) == [("h1", ("eth0", "veth2"))]


def test_frames_of_a_place_that_is_gone_are_not_told(telling):
    telling.see_frames("h1/nobody", {"eth0": 0})
    telling.see_frames("h1", {"eth0": 0})
    telling.lose_place("h1")
    assert frames(telling) == []
