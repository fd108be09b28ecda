"""What `make bench` says of its samples."""

import json

from bench.figures import Figure, Report, Samples, align, at


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
