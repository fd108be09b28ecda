"""The one reader of DNS messages: what it takes from good ones, and that bad ones give little, in little time."""

import struct

import pytest

from explorer.network.packets.dns import (
    LABELS,
    QUESTIONS_READ,
    RECORDS_READ,
    Question,
    Record,
    first_address,
    read_name,
    read_sections,
)
from explorer.network.packets.reader import Malformed, Short

A, CNAME, TXT = 1, 5, 16
ADDRESS = b"\x0a\x4d\x03\x64"
POINTER = b"\xc0\x0c"  # to the name of the first question


def message(*answers, questions=1, family=1, head=b""):
    body = b"".join(POINTER + struct.pack(">HHIH", kind, family, 5, len(data)) + data for kind, data in answers)
    asked = b"\x03web\0\0\x01\0\x01" * questions
    return head + b"ab" + struct.pack(">HHHHH", 0x8180, questions, len(answers), 0, 0) + asked + body


def sections(data):
    return list(read_sections(data, 0, len(data)))


def test_questions_and_answers_come_in_order_with_their_places():
    data = message((CNAME, POINTER), (A, ADDRESS))
    question, alias, address = sections(data)
    assert question == Question("web", A, 12, 9)
    assert (alias.kind, alias.value, data[alias.value_at : alias.value_at + 2]) == (CNAME, POINTER, POINTER)
    assert address == Record("web", A, 1, 5, ADDRESS, 47, 35, 16)
    assert address.at + address.length == len(data)


def test_a_message_within_a_packet_is_read_from_its_own_beginning():
    data = message((A, ADDRESS), head=b"x" * 42)
    question, record = read_sections(data, 42, len(data))
    assert (question.name, question.at) == ("web", 54)
    assert (record.name, record.value) == ("web", ADDRESS)


def test_nothing_behind_the_end_of_the_message_is_read():
    data = message((A, ADDRESS))
    with pytest.raises(Short):
        list(read_sections(data, 0, len(data) - 1))


def test_what_came_before_the_broken_part_is_given():
    reading = read_sections(message((A, ADDRESS), (A, ADDRESS))[:-3], 0, 1000)
    assert isinstance(next(reading), Question)
    assert isinstance(next(reading), Record)
    with pytest.raises(Short):
        next(reading)


def test_however_many_are_promised_few_are_read():
    assert len(sections(message(*[(A, ADDRESS)] * 60))) == 1 + RECORDS_READ
    assert len(sections(message((A, ADDRESS), questions=60))) == QUESTIONS_READ, "and where the answers begin is not known"


# --- the address that was asked for ---
@pytest.mark.parametrize(
    "answers",
    [
        [(A, ADDRESS)],
        [(CNAME, POINTER), (A, ADDRESS)],
        [(TXT, b"\x02hi"), (A, ADDRESS), (A, b"\1\2\3\4")],
        [(A, b"xx"), (A, ADDRESS)],
    ],
)
def test_the_first_address_is_taken(answers):
    assert first_address(message(*answers)) == "10.77.3.100"


def test_an_address_of_another_class_is_none():
    assert first_address(message((A, ADDRESS), family=3)) == ""


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"ab",
        message()[:20],
        message((A, ADDRESS))[:-2],
        b"ab" + b"\xff" * 400,
        b"ab\x81\x80\0\1\0\1\0\0\0\0" + b"\xff" * 400,
        message((A, b"xx")),
        message(),
    ],
    ids=["nothing", "two bytes", "half a question", "half an address", "all ones", "forwards", "short address", "no answer"],
)  # fmt: skip
def test_a_lying_server_gives_nothing(junk):
    assert first_address(junk) == ""


# --- names ---
def test_a_name_may_end_in_a_pointer():
    data = b"\x03app\0" + b"\x03web\xc0\x00" + b"rest"
    assert read_name(data, 5, 0, len(data)) == ("web.app", 11)


def test_the_root_is_a_dot():
    assert read_name(b"\0", 0, 0, 1) == (".", 1)


def test_what_is_no_plain_letter_is_written_out():
    assert read_name(b"\x04a\x1b.\xff\0", 0, 0, 6)[0] == r"a\x1b.\xff"


@pytest.mark.parametrize(
    ("data", "at", "why"),
    [
        (b"\xc0\x00", 0, "forwards"),
        (b"\x01a\xc0\x05\x01b\0", 0, "forwards"),
        (b"\xc0", 0, "runs out"),
        (b"\x05ab", 0, "runs out"),
        (b"\x41" + b"a" * 65 + b"\0", 0, "runs out"),
        (b"", 0, "runs out"),
        (b"\x01a" * (LABELS + 200) + b"\0", 0, "too long"),
        (b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + b"\0", 0, "too long"),
    ],
)
def test_a_name_that_is_none_is_refused(data, at, why):
    with pytest.raises(Malformed, match=why):
        read_name(data, at, 0, len(data))


def test_pointers_that_go_back_step_by_step_end_too():
    """Each leads to the one before it: with enough of them, reading would take its time."""
    data = b"\x01a\0" + b"".join(struct.pack(">H", 0xC000 | max(0, 1 + 2 * at)) for at in range(200))
    with pytest.raises(Malformed):
        read_name(data, len(data) - 2, 0, len(data))
