"""What `make bench` says of its samples."""

import json
import os
from itertools import islice

import pytest

from bench import compare, feed, wall
from bench.browser import no_browser
from bench.churn import census
from bench.churn.parts import Parts
from bench.figures import Figure, Report, Samples, align, at
from bench.journeys import lost
from bench.picture import longest
from bench.school import Wall, hidden_in
from explorer.lab.config import LabConfig
from explorer.launch.state import born
from explorer.network.comparison import Cell, Column, Comparison
from explorer.network.comparison.spec import Spec
from explorer.network.model import Interface, Line, Observation, Place


def test_percentiles_are_samples():
    assert at(range(1, 101), 0.95) == 96
    assert at([7.0], 0.95) == 7.0


def test_a_figure_is_held_against_what_is_wanted():
    quick = Samples("quick", tuple([1.0] * 99 + [500.0]))
    assert Figure("x", "ms", quick, most=2, held="p95").good is True
    assert Figure("x", "ms", quick, most=2, held="max").good is False
    assert Figure("x", "ms", quick).good is None


def test_a_line_carries_the_baseline_of_the_same_run():
    figure = Figure("x", "s", Samples("ours", (2.0, 4.0)), Samples("plain", (1.0,)), "p50", 4.0)
    line = json.loads(figure.line())
    assert (line["p50"], line["n"], line["baseline"]["p50"], line["good"]) == (3.0, 2, 1.0, True)


def test_the_table_has_a_row_for_each_figure(capsys):
    report = Report()
    report.add(Figure("open", "s", Samples("ours", (2.0,)), Samples("plain", (1.0,)), "p50", 4.0))
    report.add(Figure("cpu", "%", Samples("ours", (0.1,))))
    rows = report.table().splitlines()
    assert len(rows) == 4
    assert "✓" in rows[2]
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_columns_are_aligned():
    rows = align([("a", "b"), ("long", "x")]).splitlines()
    assert rows[0].index("b") == rows[2].index("x")


def test_the_longest_task_of_each_second():
    assert longest([(10.0, 60.0), (900.0, 80.5), (2500.0, 55.0), (9000.0, 70.0)], 3) == (80.5, 0.0, 70.0)
    assert longest([], 2) == (0.0, 0.0)


def test_what_ping_lost_is_counted_from_its_packets():
    assert lost("2000 packets transmitted, 1990 received, 0% packet loss, time 1ms") == pytest.approx(0.5)
    with pytest.raises(RuntimeError, match="connect"):
        lost("ping: connect: Network is unreachable")


def test_the_fed_events_are_what_a_relay_would_tell():
    eth0 = Interface(key="7", index=7, name="eth0", kind="veth", mtu=1500, state="UP")
    lo = Interface(key="1", index=1, name="lo", kind="loopback", mtu=65536, state="UNKNOWN")
    seen = Observation(command="ip addr", items=(lo, eth0), lines=(Line(text="1: lo", key="1"), Line(text="7: eth0", key="7")))
    place = Place(id="h1/web", kind="container", host="h1", name="web", views={"interfaces": seen})
    told = list(islice(feed.events([place]), 8))
    assert [event.type for event in told] == ["happened", "view_changed"] * 4
    more, *_, fewer = (event for event in told if event.type == "view_changed")
    assert [one.cidr for one in more.observation.items[1].addresses] == ["10.98.0.0/32"]
    assert more.observation.lines[-1].text.strip() == "inet 10.98.0.0/32 scope global eth0"
    assert ([one.name for one in fewer.observation.items], [line.text for line in fewer.removed]) == (["lo"], ["7: eth0"])


def test_without_chromium_a_sentence_says_what_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr("bench.browser.shutil.which", lambda name: None)
    assert no_browser()
    assert "no Chromium here" in capsys.readouterr().err


def compared(**words):
    """A comparison in which the cells of bridge say these words."""
    bridge, host = Spec(columns=("bridge", "host")).variants
    cells = tuple(Cell(row=row, mark="value", word=word) for row, word in words.items())
    return Comparison(id="x", columns=(Column(variant=bridge, state="done", cells=cells), Column(variant=host, state="failed")))


def test_a_behaviour_that_changes_is_found_and_a_figure_is_none():
    runs = [compared(netns="yes", trip="20 µs"), compared(netns="yes", trip="30 µs"), compared(netns="no", trip="30 µs")]
    assert compare.differing(runs) == ["bridge netns: value no · value yes"]
    assert compare.differing(runs[:2]) == []


def test_an_answer_that_is_missing_once_is_a_difference():
    assert compare.differing([compared(netns="yes"), compared()]) == ["bridge netns: nothing · value yes"]


def test_a_column_that_failed_is_counted():
    assert compare.failed([compare.Run(1, 2, compared())] * 3) == 3


def test_a_tick_is_late_by_the_time_until_it_is_on_the_wall():
    page = wall.Wall(None)
    page.seen = {("a", 1): 10.5, ("a", 2): 12.0}
    ticks = [{"seat": "a", "green": 1, "at": 10.0}, {"seat": "a", "green": 2, "at": 11.75}]
    assert wall.lags(ticks, page) == [0.5, 0.25]
    with pytest.raises(RuntimeError, match="1 of 3 ticks"):
        wall.lags([*ticks, {"seat": "b", "green": 1, "at": 12.0}], page)


def test_the_wall_is_heard_once_for_each_learner_whose_check_is_green():
    wall = Wall()
    wall.hear('{"type": "wall", "whole": true, "tiles": {"s1": {"n": "Ana", "p": 0}, "s2": {"n": "Ben"}}}')
    assert wall.green == {}
    wall.hear('{"type": "wall", "tiles": {"s1": {"p": 1}, "s2": null}}')
    first = wall.green["Ana"]
    wall.hear('{"type": "wall", "tiles": {"s1": {"p": 2}}}')
    assert wall.green == {"Ana": first}


def test_what_stays_after_churn_is_a_leak_unless_it_may_grow():
    before = {"mounts": 6, "web: descriptors": 20, "Redis: keys": 12}
    assert census.leaks(before, {"mounts": 6, "web: descriptors": 30, "Redis: keys": 900}) == []
    assert census.leaks(before, {"mounts": 7, "web: descriptors": 160}) == ["mounts: 6 → 7", "web: descriptors: 20 → 160"]
    assert census.leaks(before, {"loop devices": 1}) == ["loop devices: 0 → 1"]


def test_what_could_not_be_counted_at_the_end_is_no_proof():
    before = {"mounts": 6, "web: memory": 80, "Redis: keys": 12}
    assert census.uncounted(before, {"mounts": 6, "Redis: keys": 9}) == ["web: memory"]
    assert census.uncounted(before, before | {"loop devices": 1}) == []


def test_the_same_in_all_exact_rows_means_at_rest():
    assert census.differs({"mounts": 6, "web: memory": 80}, {"mounts": 6, "web: memory": 90}) == []
    assert census.differs({"mounts": 6}, {"mounts": 5}) == ["mounts"]


def test_only_a_process_with_the_time_of_birth_that_was_written_is_a_part(tmp_path):
    lab = LabConfig("units", "node", tmp_path / "engine", tmp_path, tmp_path / "cache")
    parts = Parts(lab)
    assert parts.pid("web") == 0
    (tmp_path / "parts.json").write_text(json.dumps({"web": [os.getpid(), born(os.getpid())], "relay": [os.getpid(), "1"]}))
    assert (parts.pid("web"), parts.pid("relay"), parts.session("relay")) == (os.getpid(), 0, set())


def test_what_is_hidden_in_a_form_goes_along():
    page = '<input type="hidden" name="ticket" value="a:b"><input name="code"><input type="hidden" name="next" value="">'
    assert dict(hidden_in(page)) == {"ticket": "a:b", "next": ""}
