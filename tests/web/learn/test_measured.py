"""The table of a step's measurement."""

import pytest

from explorer.network.model import Measured, Road, RoadMeasured, Snapshot, Spread
from explorer.web.learn import measured as page
from explorer.web.learn.measured import charts

PATH = "/learn/host/measured/cost/"


def one(name, trips, rates, *by_round):
    road = Road(id=name, title=name, source="outside", target=f"h1/{name}", at="h1", port=1, listen=1)
    spreads = [Spread(low=low, median=median, high=high, samples=500) for low, median, high in (trips, rates)]
    return RoadMeasured(road=road, trips=spreads[0], rates=spreads[1], by_round=by_round)


FOUND = Measured(
    roads=(
        one("host", (21, 22, 60), (1000, 4000, 9000), *[(22.0, 4000.0), (22.0, 3000.0)] * 5),
        one("bridge", (26, 27, 400), (900, 3900, 8000), *[(27.0, 3000.0), (27.0, 4000.0)] * 5),
    )
)


def test_what_is_ahead_is_said_with_its_rounds():
    trips, rates = charts(FOUND)
    assert trips.verdict == "host was ahead in 10 of 10 rounds."
    assert [bar.first for bar in trips.bars] == [True, False]
    assert rates.verdict == "No difference seen: host was ahead in 5 of 10 rounds, and that can be chance."
    assert not any(bar.first for bar in rates.bars)


def test_a_far_sample_does_not_flatten_the_rest():
    trips, _ = charts(FOUND)
    assert [bar.cut for bar in trips.bars] == [False, True]
    assert all(0 <= bar.low <= bar.median <= bar.high <= page.WIDTH for bar in trips.bars)
    assert trips.bars[0].median < trips.bars[1].median


@pytest.fixture
def seen(monkeypatch):
    def see(**measured):
        monkeypatch.setattr(page, "read_snapshot", lambda sandbox: Snapshot(sandbox="sb", measured=measured))

    return see


def test_figures_are_shown_as_text_too(strangers, seen):
    seen(roads=FOUND)
    answer = strangers.get(PATH).content.decode()
    assert "host was ahead in 10 of 10 rounds" in answer
    assert "27.0" in answer
    assert "500 round trips and 500 runs" in answer


def test_before_there_are_figures_it_says_when(strangers, seen):
    seen()
    assert "once you have predicted" in strangers.get(PATH).content.decode()


def test_what_went_wrong_is_said_as_text(strangers, seen):
    seen(roads=Measured(error="Port 5202 in <b>h1/far</b> is in use."))
    answer = strangers.get(PATH).content.decode()
    assert "&lt;b&gt;h1/far&lt;/b&gt; is in use." in answer
    assert "<table" not in answer


def test_without_a_sandbox_it_is_quiet(strangers):
    assert strangers.get(PATH).status_code == 200
    assert strangers.get("/learn/host/measured/same/").content.strip() == b""
    assert strangers.get("/learn/host/measured/nosuch/").status_code == 404
