"""Frames that lie, in the page's capture: told as what they are, with what was read before; and what follows is shown."""

import pytest
from playwright.sync_api import expect

from tests.attacks import attack
from tests.captures import handmade

SEND = "import socket;s=socket.socket(17,3);s.bind(('eth0',0));[s.send(bytes.fromhex(f)) for f in '{}'.split()]"
CASES = ("a name that is a loop", "IPv4 that says more", "TCP option of no length")


@pytest.fixture
def capture(page, learner):
    learner.open("bridge")
    learner.choose("h1", "Capture")
    return page.locator("packet-capture")


@attack("frames that lie, on the page", origin="output", expected="harmless", held_by="text nodes")
def test_frames_that_lie_are_shown_with_what_was_read(page, capture, learner, complaints):
    capture.get_by_label("Interface").select_option("eth0")
    capture.get_by_label("Filter").fill("ether src 02:42:ac:11:00:01 or icmp")
    capture.get_by_role("button", name="Start").click()
    expect(capture.locator(".capture-head")).to_contain_text("Listening")
    frames = [handmade.HOSTILE[case][0] for case in CASES]
    learner.run("h1", f'python3 -c "{SEND.format(" ".join(frame.hex() for frame in frames))}"; echo sent')
    rows = capture.locator(".capture-row")
    expect(rows).to_have_count(3)
    for at, (case, wrong) in enumerate(zip(CASES, ("malformed", "truncated", "malformed"), strict=True)):
        expect(rows.nth(at)).to_contain_text(wrong)
        rows.nth(at).click()
        expect(capture.get_by_role("heading", name=f"Packet {at + 1}")).to_be_visible()
        expect(capture.locator(".frame-layer", has_text="Ethernet").first).to_contain_text("02:42:ac:11:00:01")
        expect(capture.locator(".frame-problem")).to_contain_text(handmade.HOSTILE[case][2])
    learner.run("h1", "ping -4 -c 1 outside")
    expect(rows).to_have_count(5)
    expect(rows.nth(3)).to_contain_text("ping request")
