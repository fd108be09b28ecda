"""What a grid makes of the packets it hears, without sending any."""

import struct

import pytest

from explorer.lab.ask.probe import echo_request
from explorer.lab.ask.reach import MARK, Pings, Sent
from explorer.network.grid import Told

IP = bytes([0x45]) + bytes(11) + bytes([10, 0, 0, 7]) + bytes([10, 0, 0, 9])


@pytest.fixture
def pings():
    made = Pings({})
    made.sent[b"m" * MARK] = Sent("a")
    return made


def hear(pings, place, kind, data=b"m" * MARK):
    pings.hear(place, IP + bytes([kind]) + echo_request(1, data)[1:])
    sent = pings.sent[b"m" * MARK]
    return pings._told(sent, "b", "10.0.0.9", 1.0)


def test_only_a_request_that_arrived_in_its_target_counts_as_answered(pings):
    assert hear(pings, "a", 0).outcome == "stranger"
    assert hear(pings, "b", 8) == Told(outcome="answered", address="10.0.0.9", ms=1.0)


def test_a_request_that_arrived_and_no_answer(pings):
    assert hear(pings, "b", 8).outcome == "one-way"


def test_a_request_that_arrived_elsewhere(pings):
    told = hear(pings, "c", 8)
    assert (told.outcome, told.by) == ("stranger", "c")


def test_sent_back_by_somebody(pings):
    pings.hear("a", IP + bytes([3, 1, 0, 0, 0, 0, 0, 0]) + IP + echo_request(1, b"m" * MARK))
    told = pings._told(pings.sent[b"m" * MARK], "b", "10.0.0.9", 1.0)
    assert (told.outcome, told.by) == ("refused", "10.0.0.7")


def test_sent_back_by_a_router_of_ipv6(pings):
    """A raw socket of IPv6 gives the message without its header; the sender comes beside it."""
    header = struct.pack(">IHBB", 6 << 28, 8 + MARK, 58, 64) + bytes(32)
    pings.hear("a", bytes([1, 0, 0, 0, 0, 0, 0, 0]) + header + echo_request(1, b"m" * MARK, 6), 6, "fd00::1")
    told = pings._told(pings.sent[b"m" * MARK], "b", "fd00::9", 1.0)
    assert (told.outcome, told.by) == ("refused", "fd00::1")


def test_an_ipv6_answer_counts_when_its_request_arrived(pings):
    pings.hear("b", echo_request(1, b"m" * MARK, 6), 6, "fd00::7")
    pings.hear("a", bytes([129]) + echo_request(1, b"m" * MARK, 6)[1:], 6, "fd00::9")
    assert pings._told(pings.sent[b"m" * MARK], "b", "fd00::9", 1.0).outcome == "answered"


@pytest.mark.parametrize(
    "junk", [b"", b"\x4f", IP, IP + b"\x03", IP + b"\x03" + bytes(7) + b"\x4f", IP + bytes(40), b"\xff" * 200]
)
def test_junk_changes_nothing(pings, junk):
    pings.hear("b", junk)
    assert pings._told(pings.sent[b"m" * MARK], "b", "10.0.0.9", 1.0).outcome == "silent"


def test_anothers_answer_is_not_ours(pings):
    assert hear(pings, "b", 0).outcome == "silent"


class Late:
    """A socket whose packet waits and was not read yet; nothing comes after it."""

    def __init__(self, packet):
        self.packets = [packet]

    def recvfrom(self, size):
        if not self.packets:
            raise BlockingIOError
        return self.packets.pop(), ("10.0.0.7", 0)


def test_what_waits_in_the_target_is_read_before_it_is_judged(pings):
    pings.sockets["b", 4] = Late(IP + echo_request(1, b"m" * MARK))
    pings.hear("a", IP + bytes(1) + echo_request(1, b"m" * MARK)[1:])
    pings.read_on("b", 4)
    assert pings._told(pings.sent[b"m" * MARK], "b", "10.0.0.9", 1.0).outcome == "answered"


async def test_an_answer_heard_first_is_no_strangers(pings, monkeypatch):
    """The request waits in its target, unread, when the answer to it is heard."""
    monkeypatch.setattr("explorer.lab.ask.reach.secrets.token_bytes", lambda size: b"n" * size)
    target = Late(IP + echo_request(1, b"n" * MARK))

    class Answered:
        def sendto(self, data, where):
            pings.hear("a", IP + bytes(1) + data[1:])

    pings.sockets |= {("a", 4): Answered(), ("b", 4): target}
    assert (await pings.ping("a", "b", "10.0.0.9")).outcome == "answered"
    assert not target.packets
