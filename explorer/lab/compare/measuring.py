"""Round trips and throughput of a column: its roads (paths) and the loopback of its host are measured in turn, round by
round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explorer.lab.ask.measure import Effort
from explorer.lab.compare.make import METER, METER_AT, METER_PORT
from explorer.network.comparison import Cell, Figures, Transcript
from explorer.network.comparison.scene import Answers, Scene
from explorer.network.comparison.variants import CLIENT, FAR, SERVER
from explorer.network.model import Measured, Road, RoadMeasured

TRIPS = Effort(rounds=12, trips=110, warm=10, seconds=0, bytes=0)
RATES = Effort(rounds=8, trips=12, warm=2, seconds=0.1, bytes=256 * 1024 * 1024)
LOOP, LOOP_PORT, LAN_PORT = "loopback", 7410, 7412
NO_WAY = "no way"
SAMPLES = "The figures are of many small messages over one connection, by sockets made in both places; this went the same way."


@dataclass(frozen=True, slots=True)
class Plan:
    """The roads by the row that needs them. `meter`: one road needs a further published port."""

    roads: dict[str, Road]
    meter: bool = False


def plan(scene: Scene, cells: Mapping[str, Cell]) -> Plan:
    """The roads that can be measured: only where a request reached its target."""
    roads, meter = {}, False
    server = f"h1/{SERVER}"
    if reached(cells, "by-address"):
        roads["trip"] = _road("trip", f"h1/{CLIENT}", server, scene.server_at, METER_PORT)
    if scene.variant.spans_hosts:
        if reached(cells, "across"):
            roads["lan-trip"] = _road("lan-trip", f"h2/{FAR}", server, scene.server_at, LAN_PORT)
    elif reached(cells, "inward"):
        roads["lan-trip"] = _road("lan-trip", "outside", server, scene.server_at, LAN_PORT)
    elif reached(cells, "published"):
        meter = True
        roads["lan-trip"] = _road("lan-trip", "outside", f"h1/{METER}", scene.host, METER_AT, METER_PORT)
    return Plan(roads, meter)


def reached(cells: Mapping[str, Cell], row: str) -> bool:
    return row in cells and cells[row].mark == "yes"


def loopback() -> Road:
    return _road(LOOP, "h1", "h1", "127.0.0.1", LOOP_PORT)


def _road(name: str, source: str, target: str, at: str, port: int, listen: int = 0) -> Road:
    return Road(id=name, title=f"{source} → {target}", source=source, target=target, at=at, port=port, listen=listen or port)


def trip_cells(plan: Plan, measured: Measured, answers: Answers, cells: Mapping[str, Cell]) -> list[Cell]:
    pings = {"trip": answers.get("client.ping"), "lan-trip": answers.get("far.ping")}
    found = []
    for row in ("trip", "lan-trip"):
        shown = [ping.evidence for ping in (pings[row],) if ping]
        if row == "lan-trip" and not shown:  # a ping cannot go this way, so the evidence is the request that could
            way = "published" if plan.meter else "inward"
            shown = list(cells[way].evidence[:1]) if way in cells else []
        told = tuple(one.model_copy(update={"note": SAMPLES}) for one in shown)
        found.append(_cell(row, figures_of(row, measured, "µs"), plan, measured, told, cells))
    return found


def rate_cells(plan: Plan, measured: Measured, cells: Mapping[str, Cell]) -> list[Cell]:
    found = []
    for row, of in (("rate", "trip"), ("lan-rate", "lan-trip")):
        figures = figures_of(of, measured, "Mbit/s")
        road = plan.roads.get(of)
        shown = (_try(road),) if road else ()
        found.append(_cell(row, figures, plan, measured, shown, cells))
    return found


def _try(road: Road) -> Transcript:
    note = f"First, in {road.target}: iperf3 -s -p {road.listen}. The figures here come from sockets made in both places."
    return Transcript(kind="try", where=road.source, command=f"iperf3 -c {road.at} -p {road.port} -t 1", note=note)


def _cell(
    row: str,
    figures: Figures | None,
    plan: Plan,
    measured: Measured,
    shown: tuple[Transcript, ...],
    cells: Mapping[str, Cell],
) -> Cell:
    if figures is not None:
        number = figures.median
        word = f"{number:.0f} µs" if figures.unit == "µs" else f"{number / 1000:.1f} Gbit/s"
        return Cell(row=row, mark="value", word=word, number=number, unit=figures.unit, figures=figures, evidence=shown)
    if row.replace("rate", "trip") in plan.roads:
        return Cell(row=row, mark="failed", word="not measured", evidence=shown, why=measured.error[:400])
    asked = ("by-address",) if row in ("trip", "rate") else ("across", "published")
    evidence = tuple(one for name in asked if name in cells for one in cells[name].evidence[:1])
    return Cell(row=row, mark="no", word=NO_WAY, evidence=evidence)


def figures_of(road: str, measured: Measured, unit: str) -> Figures | None:
    found = {one.road.id: one for one in measured.roads}
    one = found.get(road)
    return _figures(one, found.get(LOOP), unit) if one else None


def noise_of(measured: Measured) -> Figures | None:
    return figures_of(LOOP, measured, "µs")


def _figures(one: RoadMeasured, loop: RoadMeasured | None, unit: str) -> Figures | None:
    spread = one.trips if unit == "µs" else one.rates
    if spread is None:
        return None
    at = 0 if unit == "µs" else 1
    return Figures(
        unit="µs" if unit == "µs" else "Mbit/s",
        median=spread.median,
        low=spread.low,
        high=spread.high,
        p95=spread.high if unit == "µs" else None,
        samples=spread.samples,
        rounds=tuple(each[at] for each in one.by_round),
        loopback=tuple(each[at] for each in loop.by_round) if loop else (),
        way=one.road.title[:160],
    )
