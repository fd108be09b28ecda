"""What was read becomes what is shown: each difference comes out once, with what was shown before, its reasons and times."""

import time

import pytest

from explorer.lab.watch import shown as module
from explorer.lab.watch.shown import Shown
from explorer.network.model import Observation, Place
from explorer.network.views import observe
from explorer.network.weather import Set, Weather
from tests.network.captured import ENGINES, STAGES, docker, places

ROUTE = "10.0.{}.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n"
IPTABLES = "*nat\n:PREROUTING ACCEPT [{}:0]\nCOMMIT\n"


def routes(*numbers):
    return observe("routes", "".join(ROUTE.format(number) for number in numbers))


def host(*numbers, name="h1", error="", **views):
    seen = {"routes": routes(*numbers), **views} if not error else {}
    return Place(id=name, kind="host", host=name, name=name, netns=1, error=error, views=seen)


def take(shown, *read, names=None, now=1_000.0):
    return shown.take({place.id: place for place in read}, names or {}, now)


def since(shown, view="routes", place="h1"):
    return shown.places[place].views[view].since


@pytest.fixture
def shown():
    shown = Shown()
    take(shown, host(1))
    return shown


def quiet(news):
    return (news.gone, news.seen, news.changes) == ([], [], [])


def test_a_place_is_seen_whole_at_first():
    news = take(Shown(), host(1))
    assert [place.id for place in news.seen] == ["h1"]
    assert (news.gone, news.changes) == ([], [])


def test_the_same_again_is_no_news(shown):
    before = shown.places["h1"].views["routes"]
    assert quiet(take(shown, host(1)))
    assert shown.places["h1"].views["routes"] is before


def test_a_change_is_handed_on_with_what_was_shown_before(shown):
    before = shown.places["h1"].views["routes"]
    news = take(shown, host(1, 2), now=1_010.0)
    (change,) = news.changes
    assert (change.place, change.view) == (shown.places["h1"], "routes")
    assert (change.before, change.after) == (before, shown.places["h1"].views["routes"])
    assert len(change.difference.added) == 1


def test_the_difference_that_comes_with_a_change_is_that_between_both(shown):
    (change,) = take(shown, host(2)).changes
    assert (len(change.difference.added), len(change.difference.removed)) == (1, 1)


def test_changes_of_several_views_and_places_each_come_once():
    shown = Shown()
    take(shown, host(1, nat=observe("nat", IPTABLES.format(0))), host(1, name="h2"))
    news = take(shown, host(2, nat=observe("nat", IPTABLES.format(1))), host(1, 3, name="h2"))
    assert sorted((change.place.id, change.view) for change in news.changes) == [
        ("h1", "nat"), ("h1", "routes"), ("h2", "routes"),
    ]  # fmt: skip
    assert quiet(take(shown, host(2, nat=observe("nat", IPTABLES.format(1))), host(1, 3, name="h2")))


def test_a_view_that_comes_later_is_a_change_from_nothing(shown):
    (change,) = take(shown, host(1, nat=observe("nat", IPTABLES.format(0)))).changes
    assert (change.view, change.before) == ("nat", None)


def test_a_place_that_loses_a_view_is_seen_whole_again():
    shown = Shown()
    take(shown, host(1, nat=observe("nat", IPTABLES.format(0))))
    news = take(shown, host(1))
    assert ([list(place.views) for place in news.seen], news.changes) == ([["routes"]], [])


@pytest.mark.parametrize("fact", [{"name": "renamed"}, {"netns": 7}, {"shares": "h1/web"}, {"error": "h1 is not running."}])
def test_a_place_of_which_something_else_differs_is_seen_whole_again(shown, fact):
    news = take(shown, host(1).model_copy(update=fact))
    assert [getattr(place, name) for place in news.seen for name in fact] == list(fact.values())
    assert news.changes == []


def test_a_place_that_went_is_said_once_and_forgotten(shown):
    assert take(shown).gone == ["h1"]
    assert shown.places == {}
    assert quiet(take(shown))
    assert shown._from == {}


def test_nothing_is_kept_of_views_that_are_no_longer_shown():
    shown = Shown()
    take(shown, host(1, nat=observe("nat", IPTABLES.format(0))))
    take(shown, host(1))
    assert set(shown._from) == {("h1", "routes")}


# --- since when ---


def test_what_was_there_when_the_watching_began_has_no_time(shown):
    assert since(shown) == {}
    assert shown.places["h1"].since == 1_000.0


def test_what_comes_later_has_its_time_and_keeps_it(shown):
    take(shown, host(1, 2), now=5_000.0)
    take(shown, host(1, 2, 3), now=5_007.0)
    take(shown, host(1, 2, 3), now=5_008.0)
    assert sorted(since(shown).values()) == [5_000.0, 5_007.0]


def test_what_went_and_came_again_is_new(shown):
    for now, numbers in ((5_000.0, (1, 2)), (5_001.0, (1,)), (5_002.0, (1, 2))):
        take(shown, host(*numbers), now=now)
    assert list(since(shown).values()) == [5_002.0]


def test_a_place_that_went_and_came_again_begins_anew(shown):
    take(shown)
    take(shown, host(1), now=9_000.0)
    assert shown.places["h1"].since == 9_000.0


def test_what_changed_has_the_time_of_its_change_but_counters_have_none():
    shown = Shown()
    take(shown, host(1, nat=observe("nat", IPTABLES.format(0))))
    take(shown, host(1, nat=observe("nat", IPTABLES.format(9))), now=5_000.0)
    assert shown.places["h1"].views["nat"].changed == {}
    dropping = observe("nat", IPTABLES.format(9).replace("ACCEPT", "DROP"))
    take(shown, host(1, nat=dropping), now=5_001.0)
    assert shown.places["h1"].views["nat"].changed == {"chain:nat:PREROUTING": 5_001.0}


def test_a_view_that_could_not_be_read_for_a_while_keeps_the_times_it_had(shown):
    take(shown, host(1, 2), now=5_000.0)
    known = dict(since(shown))
    unreadable = host(1, 2).model_copy(update={"views": {"routes": Observation(command="ip route", error="Try again")}})
    take(shown, unreadable, now=5_001.0)
    take(shown, host(1, 2, 3), now=5_002.0)
    assert since(shown) == known, "nobody saw when the third came"


def test_a_place_that_cannot_be_read_begins_when_it_can():
    shown = Shown()
    take(shown, host(error="h1 is not running."), now=1_000.0)
    assert shown.places["h1"].since == 0.0
    assert quiet(take(shown, host(error="h1 is not running."), now=1_050.0))
    take(shown, host(1), now=1_100.0)
    assert (shown.places["h1"].since, since(shown)) == (1_100.0, {})


# --- reasons ---


def test_other_names_that_give_the_same_reasons_are_no_news():
    shown = Shown()
    take(shown, host(1), names={"h1": docker("1-engine")})
    assert quiet(take(shown, host(1), names={"h1": docker("1-engine").model_copy(update={"version": "99"})}))


@pytest.mark.parametrize("engine", ENGINES)
def test_names_that_come_later_explain_what_is_there_already(engine):
    shown = Shown()
    read = {"h1": places("3-published", engine)["h1"]}
    shown.take(read, {}, 1_000.0)
    news = shown.take(read, {"h1": docker("3-published", engine)}, 1_001.0)
    nat = next(change for change in news.changes if change.view == "nat")
    assert not nat.difference
    assert sum(line.why != "" for line in nat.after.lines) > sum(line.why != "" for line in nat.before.lines)


@pytest.mark.parametrize("engine", ENGINES)
def test_real_stages_each_come_once_and_end_with_the_truth(engine):
    shown = Shown()
    for at, stage in enumerate(STAGES):
        read, names = places(stage, engine), {"h1": docker(stage, engine)}
        shown.take(read, names, 1_000.0 + at)
        assert shown.places.keys() == read.keys()
        assert quiet(shown.take(read, names, 1_000.5 + at))
    texts = {view: [line.text for line in seen.lines] for view, seen in shown.places["h1"].views.items()}
    assert texts == {view: [line.text for line in seen.lines] for view, seen in places(STAGES[-1], engine)["h1"].views.items()}


def test_a_line_without_its_reason_is_shown_all_the_same(monkeypatch, shown):
    def defeated(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "explain", defeated)
    (change,) = take(shown, host(1, 2)).changes
    assert len(change.after.lines) == 2


def test_explaining_is_done_once_for_what_stays(monkeypatch, shown):
    asked = []

    def counting(place, view, observation, names, elsewhere):
        asked.append(view)
        return observation

    monkeypatch.setattr(module, "explain", counting)
    take(shown, host(1, nat=observe("nat", IPTABLES.format(0))))
    take(shown, host(1, nat=observe("nat", IPTABLES.format(1))))
    take(shown, host(1, nat=observe("nat", IPTABLES.format(1))))
    assert asked == ["nat", "nat"]


def test_weather_goes_with_its_place(shown):
    shown.know_weather([Set(place="h1", interface="eth0", weather=Weather(delay_ms=5))], time.monotonic())
    assert set(shown.made()) == {("h1", "eth0")}
    take(shown, host(1, name="h2"))
    assert shown.made() == {}
