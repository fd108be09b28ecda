"""A learner works in one browser; in another the instructor sees it on the wall, watches, and types when invited."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from explorer.lessons.load import load_lessons
from tests.browser.conftest import Learner
from tests.browser.test_access import serious

SHOTS = os.environ.get("EXPLORER_SHOTS")  # a directory: how it looked, for whoever works on these pages
WIDTHS = ((390, 844), (1280, 800), (1920, 1080))


def look(page, name):
    """At three widths, in light and dark: nothing is wider than the page."""
    before = page.viewport_size
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.locator("main").evaluate("it => it.scrollWidth <= it.clientWidth + 1"), f"{name} at {width} px"
        for scheme in ("light", "dark") if SHOTS else ():
            page.evaluate("name => document.documentElement.dataset.theme = name", {"light": "day", "dark": "night"}[scheme])
            page.wait_for_timeout(700)
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{width}-{scheme}.png"))
    page.set_viewport_size(before)


@pytest.fixture
def wall(instructor_page):
    """The wall of a new class whose terminals may be read."""
    page = instructor_page
    page.get_by_role("link", name="New class").click()
    page.get_by_label("Title").fill("Networks on Tuesday")
    page.locator("input[name=lessons][value=bridge]").check()
    page.locator("input[name=watchable]").check()
    page.get_by_role("button", name="Open the class").click()
    page.get_by_role("link", name="Wall").click()
    expect(page.get_by_text("Nobody has joined yet")).to_be_visible()
    yield page
    address = page.url.partition("/seats/")[0].rstrip("/")
    page.goto(f"{address}/setup/")
    page.evaluate(
        """async (address) => {
            const token = JSON.parse(document.body.getAttribute("hx-headers"));
            await fetch(`${address}/setup/end/`, { method: "POST", headers: token });
        }""",
        address,
    )


def join(learner: Learner, code: str) -> None:
    page = learner.page
    page.goto("/join/")
    page.get_by_label("Code").fill(code)
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.locator(".class-tasks")).to_be_visible()


def test_seen_watched_and_typed_together(wall, learner, complaints):
    join(learner, str(wall.locator(".class-code code").text_content()))
    tile = wall.locator(".seat-tile")
    expect(tile.locator(".seat-name")).to_have_text("Ana")
    learner.open("bridge")
    expect(tile.locator(".seat-words")).to_have_text("live")
    expect(tile.locator(".seat-checks")).to_contain_text("0 of")
    learner.guess()
    for one in load_lessons()["bridge"].steps[0].commands:
        learner.run(one.place, one.command)
    expect(tile.locator(".seat-checks")).not_to_contain_text("0 of")
    expect(wall.locator(".seat-tile.lit")).to_have_count(1)
    learner.type("h1", "docker network ls")
    expect(tile.locator(".seat-last")).to_have_text("docker network ls")
    learner.page.get_by_role("button", name="I need help").click()
    expect(tile.locator(".seat-flag")).to_contain_text("help")
    expect(wall.locator("[data-show=help] b")).to_have_text("1")
    look(wall, "wall")
    assert serious(wall) == []

    tile.get_by_role("link").click()
    seen = Learner(wall)
    expect(wall.locator("live-sandbox.seen[data-state=ready]")).to_be_attached(timeout=30_000)
    expect(seen.screen).to_contain_text("docker network ls")
    expect(wall.locator(".watch-note")).to_have_text("You watch")
    expect(learner.page.locator(".class-bar .watched")).to_be_visible(timeout=3_000)
    wall.locator("lab-terminal:not([hidden]) .xterm-screen").click()
    wall.keyboard.type("echo not-invited\n")

    learner.page.get_by_role("button", name="Type together").click()
    expect(wall.locator(".watch-note")).to_have_text("You type together")
    expect(seen.screen).to_contain_text("docker network ls")
    wall.locator("lab-terminal:not([hidden]) .xterm-screen").click()
    wall.keyboard.type("echo from-$((40 + 2))\n")
    expect(learner.screen).to_contain_text("from-42")
    expect(learner.screen).not_to_contain_text("not-invited")
    look(wall, "seat")
    assert serious(wall) == []

    wall.get_by_role("button", name="I am with them").click()
    expect(learner.page.get_by_role("button", name="I need help")).to_be_visible()
    learner.page.get_by_role("button", name="Typing together").click()
    expect(wall.locator(".watch-note")).to_have_text("You watch")
    wall.keyboard.type("echo too-late\n")
    wall.goto(wall.url.partition("seats/")[0])
    expect(learner.page.locator(".class-bar .watched")).to_have_count(0)
    expect(learner.screen).not_to_contain_text("too-late")
