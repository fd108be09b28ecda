"""Which roads a column has, from who was reached; and what is said where nothing was measured."""

import pytest

from explorer.lab.compare import measuring
from explorer.network.comparison import Cell
from explorer.network.comparison.read import read_cells
from explorer.network.model import Measured, RoadMeasured, Spread
from tests.network.comparison import kept
from tests.network.comparison.truths import TRUTHS


def column(name):
    scene, answers = kept.heard(name)
    return scene, answers, {row: Cell(row=row, mark=mark, word=word) for row, (mark, word) in TRUTHS[name].items()}


ROADS = {
    "bridge": ("h1/client → h1/server", "outside → h1/meter"),
    "host": ("h1/client → h1/server", "outside → h1/server"),
    "none": (None, None),
    "macvlan": ("h1/client → h1/server", "outside → h1/server"),
    "overlay": ("h1/client → h1/server", "h2/far → h1/server"),
    "bridge-internal": ("h1/client → h1/server", None),
    "bridge-no-icc": (None, "outside → h1/meter"),
}


@pytest.mark.parametrize("name", ROADS)
def test_a_road_is_where_somebody_was_reached(name):
    scene, _, cells = column(name)
    plan = measuring.plan(scene, cells)
    found = tuple(plan.roads[row].title if row in plan.roads else None for row in ("trip", "lan-trip"))
    assert found == ROADS[name]
    assert plan.meter == (ROADS[name][1] == "outside → h1/meter")


def test_an_overlay_is_measured_at_its_own_address_not_at_the_way_outs():
    scene, _, cells = column("overlay")
    roads = measuring.plan(scene, cells).roads
    assert {road.at for road in roads.values()} == {scene.address}


def test_the_roads_and_loopback_never_share_a_port():
    for name in ROADS:
        scene, _, cells = column(name)
        listen = [(road.target, road.listen) for road in measuring.plan(scene, cells).roads.values()]
        ports = [measuring.loopback().listen, *(port for _, port in listen)]
        assert len(set(ports)) == len(ports) or name in ("bridge", "bridge-no-icc")


def measured(*roads):
    trips, rates = Spread(low=20, median=25, high=60, samples=1200), Spread(low=900, median=1000, high=1100, samples=8)
    found = [RoadMeasured(road=road, trips=trips, rates=rates, by_round=((25.0, 1000.0), (26.0, 900.0))) for road in roads]
    return Measured(roads=tuple(found))


def test_figures_carry_their_rounds_and_what_loopback_was_meanwhile():
    scene, answers, _ = column("bridge")
    cells = {cell.row: cell for cell in read_cells(scene, answers)}
    plan = measuring.plan(scene, cells)
    told = measured(measuring.loopback(), *plan.roads.values())
    trip, lan = measuring.trip_cells(plan, told, answers, cells)
    assert (trip.figures.p95, trip.figures.rounds, trip.figures.loopback) == (60, (25.0, 26.0), (25.0, 26.0))
    assert trip.evidence[0].command.startswith("ping ")
    assert "8080" in lan.evidence[0].command
    rate, _ = measuring.rate_cells(plan, told, cells)
    assert (rate.word, rate.figures.unit, rate.figures.p95) == ("1.0 Gbit/s", "Mbit/s", None)
    assert rate.evidence[0].kind == "try"
    assert measuring.noise_of(told).way == "h1 → h1"


def test_what_could_not_be_measured_has_failed_and_says_why():
    scene, answers, cells = column("bridge")
    plan = measuring.plan(scene, cells)
    for cell in measuring.trip_cells(plan, Measured(error="The connection broke."), answers, cells):
        assert (cell.mark, cell.why) == ("failed", "The connection broke.")
    assert measuring.noise_of(Measured(error="x")) is None


def test_where_there_is_no_way_the_evidence_is_the_request_that_failed():
    scene, answers, cells = column("none")
    plan = measuring.plan(scene, cells)
    trip, lan = measuring.trip_cells(plan, Measured(), answers, cells)
    assert {trip.mark, lan.mark} == {"no"}
    assert {trip.word, lan.word} == {measuring.NO_WAY}
