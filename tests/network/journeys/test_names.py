"""What a name server's answer says when it gives no address."""

from __future__ import annotations

import struct

import pytest

from explorer.network.journeys import Case, Gathered
from explorer.network.journeys.endings import end_of
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
