"""Counters of all processes: added up in Redis, kept while it is away, bounded, and plain whatever a label says."""

from __future__ import annotations

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoRedis

from explorer.sandboxes import figures
from explorer.sandboxes.figures import FIGURES, KEY, Figures, read_figures

REMOVED = "explorer_reaper_removed_total"


def value(redis, name):
    return {one.labels: one.value for one in read_figures(redis) if one.name == name}


def test_two_processes_are_added_up(redis):
    for process, times in ((Figures(), 2), (Figures(), 3)):
        for _ in range(times):
            process.count(REMOVED, node="node1", why="over")
        assert process.flush(redis)
    assert value(redis, REMOVED) == {("node1", "over"): 5}


def test_what_was_flushed_is_not_flushed_again(redis):
    process = Figures()
    process.count(REMOVED, node="node1", why="over")
    assert [process.flush(redis) for _ in range(3)] == [True] * 3
    assert value(redis, REMOVED) == {("node1", "over"): 1}


def test_nothing_is_lost_while_redis_is_away(redis):
    process = Figures()
    process.count(REMOVED, node="node1", why="over")
    assert not process.flush(Redis(unix_socket_path="/nowhere"))
    process.count(REMOVED, node="node1", why="over")
    process.flush(redis)
    assert value(redis, REMOVED) == {("node1", "over"): 2}


def test_a_histogram_counts_each_once_and_rises(redis):
    process = Figures()
    for seconds in (0.1, 0.25, 0.3, 3.0, 1000.0):
        process.observe("explorer_opening_seconds", seconds, phase="starting host")
    process.flush(redis)
    (told,) = read_figures(redis)
    assert told.labels == ("starting_host",)
    assert dict(told.buckets)["0.25"] == 2
    assert dict(told.buckets)["4.0"] == 4
    assert dict(told.buckets)["+Inf"] == 5
    assert told.value == pytest.approx(1003.65)


@pytest.mark.parametrize("hostile", ["a|b", 'x"} 1\nforged 1', "", "\x00", "ä" * 500])
def test_a_label_cannot_forge_another_figure(redis, hostile):
    process = Figures()
    process.count(REMOVED, node="node1", why=hostile)
    process.flush(redis)
    (told,) = read_figures(redis)
    assert figures.LABEL.fullmatch(told.labels[1])


def test_a_figure_that_nobody_listed_is_a_mistake():
    with pytest.raises(ValueError, match="not a figure"):
        Figures().count("explorer_unknown_total")
    with pytest.raises(ValueError, match="not a figure"):
        Figures().count(REMOVED, node="node1")


def test_fields_that_are_none_are_left_out(redis):
    redis.hset(KEY, mapping={"nonsense": 1, f"{REMOVED}|a|": 2, f'{REMOVED}|a"|b|': 3, f"{REMOVED}|a|b|": 4})
    assert value(redis, REMOVED) == {("a", "b"): 4}


def test_too_many_fields_are_not_read(redis):
    redis.hset(KEY, mapping={f"{REMOVED}|a|b{number}|": 1 for number in range(figures.MOST_FIELDS + 1)})
    assert read_figures(redis) == []


def test_counting_goes_on_when_redis_does_not_answer(monkeypatch):
    def away():
        raise NoRedis("away")

    monkeypatch.setattr(figures, "redis", away)
    figures.count(REMOVED, node="node1", why="over")


def test_names_are_those_that_prometheus_asks_for():
    for name, figure in FIGURES.items():
        assert name.startswith("explorer_")
        assert name.endswith("_seconds" if figure.buckets else "_total")
        assert list(figure.buckets) == sorted(figure.buckets)
