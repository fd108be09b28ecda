"""A capture from the page: start, see a ping, read a field in its bytes by keyboard, download, stop; nonsense is answered."""

import io
import shlex
import subprocess
import sys

import dpkt
import pytest
from playwright.sync_api import expect

from tests.browser.test_access import serious


@pytest.fixture
def capture(page, learner):
    learner.open("bridge")
    learner.choose("h1", "Capture")
    return page.locator("packet-capture")


def test_start_see_a_ping_and_keep_it(page, capture, learner, complaints):
    capture.get_by_label("Interface").select_option("eth0")
    capture.get_by_label("Packets").first.select_option("Ping (ICMP)")
    expect(capture.get_by_label("Filter")).to_have_value("icmp or icmp6")
    capture.get_by_role("button", name="Start").press("Enter")
    head = capture.locator(".capture-head")
    expect(head).to_contain_text("Listening")
    learner.run("h1", "ping -c 2 -i 0.2 outside")
    rows = capture.locator(".capture-row")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("ping request")
    rows.first.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(capture.get_by_role("heading", name="Packet 2")).to_be_visible()
    capture.locator(".frame-field", has_text="source").nth(1).focus()
    told = capture.locator(".frame-told")
    expect(told).to_contain_text("bytes 26 to 29")
    expect(capture.locator(".pairs .lit")).to_have_count(4)
    capture.locator(".frame-bytes").focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(told).to_contain_text("Ethernet destination")
    expect(capture.locator(".frame-field.lit")).to_contain_text("destination")
    assert serious(page) == []
    with page.expect_download() as given:
        capture.get_by_role("link", name="Download pcapng").click()
    assert given.value.suggested_filename == "h1-eth0.pcapng"
    with open(given.value.path(), "rb") as file:
        assert len(list(dpkt.pcapng.Reader(file))) == 4
    capture.get_by_role("button", name="Stop").click()
    expect(head).to_contain_text("You stopped it.")


def test_nonsense_is_answered_in_tcpdumps_words(capture, complaints):
    capture.get_by_label("Filter").fill("nonsense ((")
    expect(capture.get_by_label("Packets").first).to_have_value("own")
    capture.get_by_role("button", name="Start").click()
    expect(capture.get_by_role("status").first).to_contain_text("tcpdump: can't parse filter expression")


def test_a_capture_goes_to_a_program_on_the_desktop(page, capture, learner, complaints):
    """The line that the page shows, with a file in the place of Wireshark, and the program that the page links to."""
    capture.get_by_label("Interface").select_option("eth0")
    capture.get_by_label("Packets").first.select_option("Ping (ICMP)")
    capture.get_by_label("Keep").select_option("The newest 500, for an hour")
    capture.get_by_role("button", name="Start").click()
    capture.get_by_role("button", name="In Wireshark").click()
    line = capture.get_by_label("Command line").input_value()
    program, address = shlex.split(line.partition("|")[0])[1:]
    with page.expect_download() as given:
        capture.get_by_role("link", name=program).click()
    assert given.value.suggested_filename == program
    reading = subprocess.Popen([sys.executable, str(given.value.path()), address], stdout=subprocess.PIPE)
    learner.run("h1", "ping -c 2 -i 0.2 outside")
    expect(capture.locator(".capture-row")).to_have_count(4)
    assert serious(page) == []
    capture.get_by_role("button", name="Stop").click()
    data, _ = reading.communicate(timeout=60)
    assert reading.returncode == 0
    assert len(list(dpkt.pcapng.Reader(io.BytesIO(data)))) == 4
