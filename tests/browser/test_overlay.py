"""A newcomer forms a swarm by clicking, and reads the frame inside a frame."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from explorer.lessons.load import load_lessons


def test_frames_inside_frames(page, learner, complaints):
    lesson = load_lessons()["overlay"]
    learner.open("overlay")
    page.evaluate("localStorage.setItem('typing', 'run')")
    page.reload()
    learner.wait_ready()
    for step in lesson.steps[:3]:
        expect(page.locator("#step-title")).to_contain_text(step.title)
        learner.guess()
        learner.click_commands(step)
        expect(page.locator("#step .check.passed")).to_have_count(len(step.checks), timeout=40_000)
        for asked in step.predictions:
            expect(page.locator(f"form.prediction[data-prediction='{asked.id}'].answered")).to_be_visible()
        if step.id != "inside":
            page.locator(".step-nav [rel=next]").click()
    learner.choose("h2", "Packets")
    frame = page.locator("live-table .item", has_text="ping request").first
    expect(frame).to_contain_text("VXLAN")
    inner = frame.locator(".folded code", has_text="inner IPv4")
    expect(inner).to_be_hidden()
    frame.locator(".row").press("Enter")
    expect(inner).to_be_visible()
    expect(inner).to_have_text(re.compile(r"10\.0\.1\.\d+ → 10\.0\.1\.\d+"))
    expect(frame.locator(".folded code", has_text="outer IPv4")).to_have_text(re.compile(r"10\.77\.\d+\.12 → 10\.77\.\d+\.11"))
    expect(frame.locator(".why")).to_contain_text("from client to web, inside a UDP datagram from h2 to h1")
    learner.choose("h2/ring (overlay)", "Neighbours")
    entry = page.locator("live-table .item", has_text=re.compile(r"dst 10\.77\.\d+\.11")).first
    entry.locator(".row").click()
    expect(entry.locator(".why")).to_contain_text("through the tunnel to h1")
