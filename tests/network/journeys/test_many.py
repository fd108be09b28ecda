"""Many pings at once: each is told from its own frames, and from those that may be about any of them."""

from __future__ import annotations

from explorer.network.journeys import Gathered
from explorer.network.journeys.identity import ping_marks
from explorer.network.journeys.many import Apart
from tests.network.journeys.test_identity import CLIENT, OTHER, SERVER, at, ip, tunnelled, udp
from tests.network.journeys.test_own import arp
from tests.network.journeys.test_tell import seen


def ping(number, when=1):
    return at(when, ip(1, CLIENT, SERVER, b"\x08\0\0\0" + ping_marks(number)[0].needle))


def test_a_ping_is_told_without_the_frames_of_others():
    question, refusal = (
        arp(1, "172.18.0.3", "172.18.0.1"),
        at(2, ip(1, OTHER, CLIENT, b"\x03\x01" + bytes(6) + ping(7).data[14:])),
    )
    of_any = (
        question,
        refusal,
        at(3, ip(17, CLIENT, OTHER, udp(50000, 4789, b"\x08\0\0\0\0\x10\x01\0" + arp(1, CLIENT, SERVER).data))),
    )
    of_others = (seen(4, "h1", "eth0", "out", CLIENT, SERVER, 1000, 80), at(5, ip(17, CLIENT, SERVER, udp(4000, 53, b"hello"))))
    own, other, carried = ping(7), ping(8), at(6, tunnelled())
    apart = Apart(Gathered((*of_any, *of_others, own, other, carried)))
    assert set(apart.of(ping_marks(7)[0].needle, True, "", 0).sightings) == {*of_any, own}
    assert set(apart.of(ping_marks(9)[0].needle, True, "", 0).sightings) == {*of_any, carried}
