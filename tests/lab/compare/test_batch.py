"""Several commands by one way in: each keeps its own output, status and time, whatever the others do."""

import subprocess

import pytest

from explorer.lab.compare import batch
from explorer.lab.compare.batch import OUTPUT_BYTES, Order, _OutputParser, clean, script
from explorer.network.drivers.compared import OUTPUT


def played(orders, piece=65536, mark=None):
    """Runs the script in a shell of this machine and reads it in pieces of that size."""
    heard = {}
    reader = _OutputParser("h1", orders, heard.__setitem__)
    said = subprocess.run(
        ["bash", "-c", script(mark or reader.mark, orders)], capture_output=True, timeout=20, check=False
    ).stdout
    for at in range(0, len(said), piece):
        reader.write("out", said[at : at + piece])
    reader.end()
    return heard


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_each_has_its_own_output_and_status(piece):
    orders = [
        Order("one", "echo first; echo second"),
        Order("two", "echo trouble >&2; exit 7"),
        Order("three", "true"),
        Order("four", "printf 'no end of line'"),
    ]
    heard = played(orders, piece)
    assert {key: (one.evidence.status, one.text) for key, one in heard.items()} == {
        "one": (0, "first\nsecond"),
        "two": (7, "trouble"),
        "three": (0, ""),
        "four": (0, "no end of line"),
    }
    assert heard["one"].evidence.command == "echo first; echo second"
    assert heard["one"].evidence.where == "h1"


def test_the_time_is_that_of_the_command():
    heard = played([Order("slow", "sleep 0.3"), Order("quick", "true")])
    assert heard["slow"].seconds >= 0.3 > heard["quick"].seconds


def test_what_does_not_end_is_ended_and_the_next_goes_on():
    heard = played([Order("endless", "sleep 60", seconds=0.3), Order("next", "echo here")])
    assert heard["endless"].evidence.status == 124
    assert heard["next"].text == "here"


def test_what_talks_without_end_is_cut_and_the_next_is_heard():
    heard = played([Order("flood", "yes 0123456789 | head -c 30000000"), Order("next", "echo here")])
    assert len(heard["flood"].text) <= OUTPUT_BYTES
    assert len(heard["flood"].evidence.output) <= OUTPUT
    assert heard["flood"].evidence.cut
    assert heard["next"].text == "here"


def test_after_a_must_that_failed_nothing_is_run():
    heard = played([Order("one", "true", must=True), Order("two", "false", must=True), Order("three", "echo never")])
    assert set(heard) == {"one", "two"}
    assert heard["two"].evidence.status == 1


def test_a_failure_that_may_be_stops_nothing():
    assert set(played([Order("one", "false"), Order("two", "true", must=True)])) == {"one", "two"}


def test_words_of_a_command_stay_words():
    assert played([Order("one", """echo "a 'b' $((1+1))" '$HOME' `echo c`""")])["one"].text == "a 'b' 2 $HOME c"


def test_a_mark_of_somebody_elses_is_output():
    heard = played([Order("one", "printf '\\nffff 0 0 0 0\\n'"), Order("two", "echo here")])
    assert heard["one"].text == "ffff 0 0 0 0"
    assert heard["two"].text == "here"


def test_an_answer_that_was_lost_is_not_taken_for_another():
    """The first answer never came: the second is still the second's, and no earlier key gets it."""
    orders = [Order("one", "echo 1"), Order("two", "echo 2")]
    heard = {}
    reader = _OutputParser("h1", orders, heard.__setitem__)
    reader.write("out", f"2\n\n{reader.mark} 1 0 1.0 2.0\n".encode())
    reader.end()
    assert {key: one.text for key, one in heard.items()} == {"two": "2"}


def test_without_an_end_there_is_no_status():
    orders = [Order("one", "x")]
    heard = {}
    reader = _OutputParser("h1", orders, heard.__setitem__)
    reader.write("out", b"half an ans")
    reader.end()
    assert (heard["one"].evidence.status, heard["one"].text) == (None, "half an ans")


def test_a_reader_never_holds_more_than_it_may():
    reader = _OutputParser("h1", [Order("one", "x")], lambda key, heard: None)
    for _ in range(100):
        reader.write("out", b"x" * 65536)
        assert len(reader._buffer) <= 2 * OUTPUT_BYTES


def test_control_characters_do_not_come_through():
    assert clean(b"\x1b[31mred\x00\r\nnext\ttab\xff") == "\ufffd[31mred\ufffd\nnext\ttab\ufffd"


def test_a_slow_machine_is_given_more_time(monkeypatch):
    monkeypatch.setattr(batch, "patient", lambda seconds: seconds * 10)
    assert "go 0 30 " in script("m", [Order("one", "x", seconds=3)])
