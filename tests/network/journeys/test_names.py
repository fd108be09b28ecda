"""What a name server's answer says when it gives no address."""

from __future__ import annotations

import struct

import pytest

from explorer.network.journeys import Case, Gathered
from explorer.network.journeys.endings import end_of
from explorer.network.journeys.gathered import NameAsked, NameSearch
from explorer.network.journeys.identity import dns_marks
from explorer.network.journeys.scene import Scene
from tests.network.journeys.test_identity import CLIENT, SERVER, at, ip, udp

NAME = b"\7example\4test\0"
ADDRESS = NAME + struct.pack(">HHIH", 1, 1, 60, 4) + bytes((10, 0, 0, 9))


def end(code, answers=b"", ok=False):
    message = struct.pack(">HHHHHH", 9, 0x8180 | code, 1, bool(answers), 0, 0) + NAME + struct.pack(">HH", 1, 1) + answers
    seen = at(1, ip(17, SERVER, CLIENT, udp(53, 4000, message)), "in")
    gathered = Gathered(sightings=(seen,), ok=ok, outcome="example.test has no address")
    return end_of(Case.of(Scene({}, {}), gathered, dns_marks(9)[1], "outside", "h1/cli"))


@pytest.mark.parametrize(("code", "says"), [(3, "no such name"), (5, "refused"), (2, "server failure"), (0, "no address")])
def test_a_name_server_that_gives_no_address_is_quoted(code, says):
    told = end(code)
    assert (told.ending, told.place) == ("arrived", "h1/cli")
    assert f"the name server answers “{says}" in told.sentence.text, told.sentence.text
    assert "example.test" in told.sentence.text
    assert any("name server" in one.text for one in told.sentence.evidence)


def test_an_address_is_simply_delivered():
    assert end(0, ADDRESS, ok=True).sentence.text == "delivered to h1/cli"


# --- which name was asked for, and whom Docker's name server asked ---
QUESTION = NAME + struct.pack(">HH", 1, 1)
UPSTREAM = "10.77.1.200"


def search(*asked, server=SERVER):
    return NameSearch("example", server, ("test",), tuple(NameAsked(*one) for one in asked))


def answered(names, *more):
    message = struct.pack(">HHHHHH", 9, 0x8182, 1, 0, 0, 0) + QUESTION
    seen = at(1, ip(17, SERVER, CLIENT, udp(53, 4000, message)), "in")
    gathered = Gathered(sightings=(seen, *more), names=names)
    return end_of(Case.of(Scene({}, {}), gathered, dns_marks(9)[1], "outside", "h1/cli"))


def test_the_name_that_was_asked_for_is_said_when_it_is_another():
    told = answered(search(("example.test", "server failure")))
    assert "; example.test was asked for, because “search test” in its resolv.conf makes it of example" in told.sentence.text
    ground = next(one for one in told.sentence.evidence if one.kind == "resolver")
    assert f"“nameserver {SERVER}; search test”; asked there, in this order: example.test (server failure)" in ground.text


def test_a_name_that_ends_with_a_dot_was_not_searched():
    asked = NameSearch("example.test.", SERVER, (), (NameAsked("example.test", "server failure"),))
    assert "because" not in answered(asked).sentence.text


def test_names_that_were_asked_for_before_are_said():
    told = answered(search(("example.test", "no such name"), ("example", "no such name")))
    assert "; before it example.test (no such name), because its resolv.conf says “search test”" in told.sentence.text


def passed_on(way, code=None, place="h1/cli"):
    head = struct.pack(">HHHHHH", 9, 0x0100 if code is None else 0x8180 | code, 1, 0, 0, 0)
    ends = (
        (CLIENT, UPSTREAM, udp(4001, 53, head + QUESTION))
        if code is None
        else (UPSTREAM, CLIENT, udp(53, 4001, head + QUESTION))
    )
    return at(2, ip(17, *ends, number=8), way, place)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((passed_on("out"),), f"; Docker's name server asked {UPSTREAM}, of which no answer was seen"),
        ((passed_on("out"), passed_on("in", 5)), f"; Docker's name server asked {UPSTREAM}, which says “refused”"),
        ((passed_on("out", place="outside"),), ""),
        ((), ""),
    ],
)
def test_whom_dockers_own_server_asked_is_said(more, says):
    names = NameSearch("example.test", "127.0.0.11", (), (NameAsked("example.test", "server failure"),))
    told = answered(names, *more)
    assert told.sentence.text.endswith(says or "for example.test"), told.sentence.text
    other = answered(NameSearch("example.test", SERVER, (), names.asked), *more)
    assert "Docker's name server" not in other.sentence.text
