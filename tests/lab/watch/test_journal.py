"""A machine's log out of the engine's frames."""

import struct

from explorer.lab.watch.journal import LINE_BYTES, LINES_KEPT, Lines
from tests.attacks import attack


def frame(text, stream=1):
    return struct.pack(">BxxxI", stream, len(text)) + text


def test_frames_become_lines():
    lines = Lines()
    assert lines.feed(frame(b"one\ntwo\nthr"))
    assert list(lines.kept) == ["one", "two"]
    lines.feed(frame(b"ee\n"))
    assert list(lines.kept) == ["one", "two", "three"]


def test_frames_may_be_cut_anywhere():
    lines, data = Lines(), frame(b"one\n") + frame(b"two\n")
    for byte in data:
        lines.feed(bytes([byte]))
    assert list(lines.kept) == ["one", "two"]


def test_only_the_newest_are_kept():
    lines = Lines()
    lines.feed(frame(b"".join(f"{number}\n".encode() for number in range(1000))))
    assert len(lines.kept) == LINES_KEPT
    assert lines.kept[-1] == "999"


def test_a_line_that_began_before_a_flood_is_part_of_none_of_its_lines():
    lines = Lines()
    lines.feed(frame(b"began"))
    lines.feed(frame(b"".join(f"{number}\n".encode() for number in range(1000))))
    assert list(lines.kept) == [str(number) for number in range(1000 - LINES_KEPT, 1000)]


@attack("a journal line without end", origin="output", expected="contained", held_by="a bounded reader")
def test_a_line_without_end_stays_bounded():
    lines = Lines()
    for _ in range(100):
        lines.feed(frame(b"x" * 10_000))
    lines.feed(frame(b"\n"))
    assert len(lines.kept[0]) == LINE_BYTES


def test_an_empty_frame_is_nothing():
    assert not Lines().feed(frame(b""))
