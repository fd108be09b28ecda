import time

import pytest

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
from explorer.node.relay import picture as relayed
from explorer.node.relay.picture import Picture
from explorer.sandboxes.events import Happened


def interfaces(*names):
    return Observation(
        command="ip addr",
        lines=tuple(Line(text=f"{n}: {name}", key=name) for n, name in enumerate(names)),
        items=tuple(Interface(key=name, index=n, name=name, kind="veth", mtu=1500, state="UP") for n, name in enumerate(names)),
    )


def host(*names, name="h1"):
    return Place(id=name, kind="host", host=name, name=name, netns=1, views={"interfaces": interfaces(*names)})


@pytest.fixture
def picture(monkeypatch):
    monkeypatch.setattr(relayed, "GAP_SECONDS", 0.0)
    picture = Picture("sb", 1)
    picture.see_place(host("lo"))
    picture.take_all()
    return picture


def kinds(picture):
    return [event.type for event in picture.take()]


def test_the_beginning_is_everything():
    picture = Picture("sb", 2)
    picture.see_place(host("lo"))
    picture.see_docker(DockerState(host="h1", version="26"))
    taken = picture.take_all()
    assert taken.snapshot.generation == 2
    assert list(taken.snapshot.places) == ["h1"]
    assert taken.snapshot.docker["h1"].version == "26"
    assert kinds(picture) == []


def test_a_change_names_what_was_added(picture):
    picture.see_view(host("lo", "veth1"), "interfaces")
    changed, told = list(picture.take())
    assert (changed.type, changed.place, changed.view, changed.added) == ("view_changed", "h1", "interfaces", ("veth1",))
    assert (told.source, told.place) == ("kernel", "h1")
    assert "veth1" in told.text


def test_and_what_went(picture):
    picture.see_view(host(), "interfaces")
    changed = next(picture.take())
    assert [line.key for line in changed.removed] == ["lo"]


def test_back_to_what_it_was_is_no_news(picture):
    picture.see_view(host("lo", "veth1"), "interfaces")
    picture.see_view(host("lo"), "interfaces")
    assert kinds(picture) == []


def test_many_changes_of_one_view_are_told_once_with_the_newest(picture, monkeypatch):
    monkeypatch.setattr(relayed, "GAP_SECONDS", 0.03)
    picture.see_view(host("lo", "a"), "interfaces")
    assert kinds(picture)[0] == "view_changed"
    for n in range(50):
        picture.see_view(host("lo", f"v{n}"), "interfaces")
    assert kinds(picture) == []
    assert 0 < picture.waiting() <= 0.03
    time.sleep(0.04)
    (changed, *_) = picture.take()
    assert changed.added == ("v49",)


def test_a_cause_is_linked_to_what_follows_it(picture):
    picture.see_happening(Happened(source="docker", place="h1", text="container web started"))
    picture.see_view(host("lo", "veth1"), "interfaces")
    said, changed, told = list(picture.take())
    assert said.text == "container web started"
    assert changed.cause == "container web started"
    assert "container web started" in told.detail


def test_a_cause_fades(picture, monkeypatch):
    picture.see_happening(Happened(source="docker", place="h1", text="container web started"))
    monkeypatch.setattr(relayed, "CAUSE_SECONDS", -1)
    picture.see_view(host("lo", "veth1"), "interfaces")
    assert [event.cause for event in picture.take() if event.type == "view_changed"] == [""]


def test_another_host_is_not_the_cause(picture):
    picture.see_place(host("lo", name="h2"))
    list(picture.take())
    picture.see_happening(Happened(source="docker", place="h1/web", text="container web started"))
    picture.see_view(host("lo", "x", name="h2"), "interfaces")
    assert [event.cause for event in picture.take() if event.type == "view_changed"] == [""]


def test_a_new_place_comes_whole_and_a_lost_one_goes(picture):
    picture.see_place(host("lo", name="h2"))
    picture.see_view(host("lo", "eth0", name="h2"), "interfaces")
    (seen,) = picture.take()
    assert (seen.type, len(seen.place.views["interfaces"].items)) == ("place_seen", 2)
    picture.lose_place("h2")
    (gone,) = picture.take()
    assert (gone.type, gone.place) == ("place_gone", "h2")
    assert list(picture.snapshot().places) == ["h1"]


def test_a_place_nobody_heard_of_goes_silently(picture):
    picture.see_place(host("lo", name="h2"))
    picture.lose_place("h2")
    assert kinds(picture) == []


def test_the_snapshot_is_what_was_told_not_what_was_seen(picture):
    picture.see_view(host("lo", "veth1"), "interfaces")
    assert len(picture.snapshot().places["h1"].views["interfaces"].items) == 1
    list(picture.take())
    assert len(picture.snapshot().places["h1"].views["interfaces"].items) == 2


def test_a_probe_is_told_when_its_answer_changes(picture):
    probe = Probe(source="h1", target="outside")
    for at, ok in ((1.0, False), (2.0, False), (3.0, True)):
        picture.see_probe(ProbeResult(probe=probe, ok=ok, at=at))
    assert kinds(picture) == ["probe_answered", "probe_answered"]
    picture.keep_probes(set())
    assert picture.snapshot().probes == {}


def test_a_flood_of_lines_is_counted_not_kept(picture):
    for n in range(1000):
        picture.see_happening(Happened(source="docker", place="h1", text=f"{n}"))
    told = list(picture.take())
    assert len(told) == relayed.LINES_WAITING + 1
    assert "800 more lines" in told[-1].text


def test_figures_are_told_and_go_with_what_they_are_about(picture):
    picture.see_measured("roads", Measured(at=1.0))
    assert picture.snapshot().measured == {"roads": Measured(at=1.0)}
    assert not picture.keep_measured({"roads"})
    assert picture.keep_measured(set())
    assert picture.snapshot().measured == {}
    assert [(event.type, event.measured) for event in picture.take()] == [
        ("measured_changed", Measured(at=1.0)),
        ("measured_changed", None),
    ]


# --- since when, and what is left behind -------------------------------------------------------------------------------


def owned(*keys, owner="container:web"):
    lines = tuple(Line(text=f"{key} as printed", key=key, about=(owner,)) for key in keys)
    return Place(id="h1", kind="host", host="h1", name="h1", netns=1, views={"nat": Observation(command="x", lines=lines)})


def daemon(*names, error=""):
    containers = tuple(DockerContainer(id=f"id-{name}", name=name, image="box", state="running") for name in names)
    return DockerState(
        host="h1", error=error, networks=(DockerNetwork(id="n", name="bridge", driver="bridge"),), containers=containers
    )


def test_what_comes_later_has_its_time_and_keeps_it(picture, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 5_000.0)
    picture.see_view(host("lo", "veth1"), "interfaces")
    list(picture.take())
    monkeypatch.setattr(time, "time", lambda: 5_007.0)
    picture.see_view(host("lo", "veth1", "veth2"), "interfaces")
    changed, *_ = picture.take()
    assert changed.observation.since == {"veth1": 5_000.0, "veth2": 5_007.0}
    assert 0 < picture.snapshot().places["h1"].since < 5e9


def test_what_went_and_came_again_is_new(picture, monkeypatch):
    for at, names in enumerate((("lo", "a"), ("lo",), ("lo", "a"))):
        monkeypatch.setattr(time, "time", lambda at=at: 5_000.0 + at)
        picture.see_view(host(*names), "interfaces")
        list(picture.take())
    assert picture.snapshot().places["h1"].views["interfaces"].since == {"a": 5_002.0}


def test_a_removed_container_leaves_word_of_all_it_had_put_there(picture):
    picture.see_docker(daemon("web"))
    picture.see_place(owned("r1", "r2"))
    list(picture.take())
    picture.see_place(owned("r2"))  # the kernel is first
    list(picture.take())
    picture.see_docker(daemon())
    (_, gone) = picture.take()
    assert (gone.type, gone.gone.owner, gone.gone.detail) == ("owner_gone", "container:web", "box")
    assert {put.key for put in gone.gone.put} == {"r1", "r2"}
    assert picture.snapshot().gone == (gone.gone,)


def test_a_daemon_that_does_not_answer_removed_nothing(picture):
    picture.see_docker(daemon("web"))
    list(picture.take())
    picture.see_docker(daemon(error="does not answer"))
    assert kinds(picture) == ["docker_changed"]
    picture.see_docker(daemon("web"))
    assert kinds(picture) == ["docker_changed"]


def test_a_new_name_is_no_removal(picture):
    picture.see_docker(daemon("web"))
    picture.see_place(owned("r1"))
    list(picture.take())
    renamed = daemon("web").containers[0].model_copy(update={"name": "shop"})
    picture.see_docker(daemon().model_copy(update={"containers": (renamed,)}))
    assert kinds(picture) == ["docker_changed"]
    picture.see_docker(daemon())
    (_, gone) = picture.take()
    assert (gone.gone.owner, [put.key for put in gone.gone.put]) == ("container:shop", ["r1"])


def test_what_is_kept_is_bounded_and_says_so(picture):
    picture.see_docker(daemon(*(f"c{n}" for n in range(60))))
    for n in range(60):
        picture.see_place(owned(*(f"{n}-{key}" for key in range(150)), owner=f"container:c{n}"))
        list(picture.take())
    picture.see_docker(daemon())
    events = [event for event in picture.take() if event.type == "owner_gone"]
    assert len(events) == 60
    assert sum(len(event.gone.put) for event in events) == 2_000
    assert all(len(event.gone.put) <= 100 and event.gone.more for event in events)
    assert len(picture.snapshot().gone) == relayed.GONE_KEPT


# --- a driver that is a program on the host ---


def asked(picture, method, *, answered=True, name="h1", kind="host"):
    """Docker asked a driver on h1; then an interface appeared at `name`."""
    call = Call(key=f"call:{method}", driver="lab", method=method, at=1.0, seconds=0.01 if answered else None)
    seen = picture.places["h1"]
    views = {**seen.views, "calls": Observation(command="tail", lines=(Line(text="x", key=call.key),), items=(call,))}
    picture.see_view(seen.model_copy(update={"views": views}), "calls")
    list(picture.take())
    place = picture.places[name]
    views = {**place.views, "interfaces": interfaces("lo", "lab-1")}
    picture.see_view(place.model_copy(update={"views": views}), "interfaces")
    return next(event for event in picture.take() if event.type == "view_changed" and event.view == "interfaces").cause


def test_what_a_driver_was_asked_is_the_cause_of_what_follows(picture):
    assert asked(picture, "CreateNetwork") == "lab answered CreateNetwork"


def test_even_before_it_answered(picture):
    assert asked(picture, "CreateNetwork", answered=False) == "lab was asked CreateNetwork"


def test_a_question_that_changes_nothing_is_no_cause(picture):
    assert asked(picture, "EndpointOperInfo") == ""


def test_what_docker_reports_of_the_same_matter_comes_second(picture):
    picture.see_happening(Happened(source="docker", place="h1", text="network lane created"))
    assert asked(picture, "CreateNetwork") == "lab answered CreateNetwork"


def test_a_driver_is_no_cause_within_a_container(picture):
    inside = Place(id="h1/web", kind="container", host="h1", name="web", netns=2, views={"interfaces": interfaces("lo")})
    picture.see_place(inside)
    list(picture.take())
    assert asked(picture, "Join", name="h1/web") == ""
