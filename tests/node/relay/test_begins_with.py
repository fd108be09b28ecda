"""What a sandbox's links begin with: by its scenario, its lesson, and what it is a copy of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from explorer.network.scenario import SCENARIOS, StartWeather
from explorer.network.weather import Weather
from explorer.node.relay.process import begins_with
from explorer.sandboxes import library

SLOW, LOSSY = Weather(rate_kbit=500), Weather(loss_percent=5)
NARROW = SCENARIOS["narrow"].weather[0].weather


@pytest.fixture
def row(monkeypatch):
    """A sandbox's row: `make(scenario, lesson, replay)`. The lesson `windy` slows h1."""
    windy = SimpleNamespace(weather=(StartWeather(place="h1", weather=SLOW),))
    monkeypatch.setattr(library, "known", {"windy": windy, "calm": SimpleNamespace(weather=())}.get)

    def make(scenario="one-host", lesson="", replay: Any = None) -> Any:
        return SimpleNamespace(pk="sb", scenario=scenario, layout={}, lesson=lesson, replay=replay)

    return make


def test_a_lessons_weather_goes_before_its_scenarios(row):
    assert begins_with(row()) == ()
    assert begins_with(row(lesson="windy")) == (StartWeather(place="h1", weather=SLOW),)
    told = {one.place: one.weather for one in begins_with(row("narrow", "windy"))}
    assert told == {"h1": SLOW, "h2": NARROW, "outside": NARROW}
    assert {one.weather for one in begins_with(row("narrow", "calm"))} == {NARROW}
    assert begins_with(row(lesson="of another node")) == ()


def test_a_copys_weather_goes_before_both(row):
    kept = {"weather": [StartWeather(place="h1", weather=LOSSY).model_dump()]}
    assert begins_with(row(lesson="windy", replay=kept)) == (StartWeather(place="h1", weather=LOSSY),)


def test_a_row_of_another_version_begins_without(row):
    assert begins_with(row(replay={"weather": [{"place": 7}]})) == ()
    assert begins_with(row("gone")) == ()
