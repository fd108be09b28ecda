"""Which connection the kernel tracks for one packet, asked in real namespaces."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from explorer.lab.ask.conntrack import tracked
from explorer.lab.ask.probe import ping
from explorer.network.journeys.ends import Ends
from explorer.network.journeys.kernel import Flow
from tests.lab.ask.two_namespaces import H1, OUTSIDE, run, two_namespaces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
SENT = Ends(H1, OUTSIDE, "4000", "5000")
SEND = (
    "import socket; one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    f"one.bind(('', 4000)); one.sendto(b'hello', ('{OUTSIDE}', 5000))"
)


@pytest.fixture(scope="module")
def lan():
    with two_namespaces() as made:
        run(made["outside"], "iptables -t nat -A PREROUTING -p udp --dport 5000 -j REDIRECT --to-ports 5999")
        subprocess.run(["nsenter", f"--net=/proc/{made['h1'].pid}/ns/net", sys.executable, "-c", SEND], check=True)
        asyncio.run(ping(made["h1"], OUTSIDE, 77))
        yield made


def one(lan, flow):
    return next(tracked(lan["outside"], [flow]))


def test_the_first_packet_and_the_answer_that_is_waited_for(lan):
    found = one(lan, Flow("udp", SENT))
    assert (found.original, found.reply) == (SENT, Ends(OUTSIDE, H1, "5999", "4000"))
    assert not found.replied
    assert one(lan, Flow("udp", found.reply)).original == SENT, "it is found from both sides"


def test_a_ping_is_found_by_its_identifier(lan):
    assert one(lan, Flow("icmp", Ends(H1, OUTSIDE), 77)).replied
    assert one(lan, Flow("icmp", Ends(H1, OUTSIDE), 78)).original is None
    assert one(lan, Flow("icmp", Ends(OUTSIDE, H1), 77, answer=True)).original == Ends(H1, OUTSIDE)


def test_what_is_not_tracked_is_said_and_what_cannot_be_asked_is_left_out(lan):
    assert one(lan, Flow("tcp", SENT)).original is None
    assert (
        list(tracked(lan["outside"], [Flow("udp", Ends("fd00::1", OUTSIDE, "1", "2")), Flow("tcp", Ends(H1, OUTSIDE))])) == []
    )
