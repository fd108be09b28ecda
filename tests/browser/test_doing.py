"""An instructor acts, a learner's page follows: a command that is clicked runs, a pause holds the keys, answers are shown."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import serious


@pytest.fixture
def klass(instructor_page):
    """A class of bridge and host, as an instructor makes one; its page is the wall."""
    page = instructor_page
    page.goto("/teach/new/")
    page.get_by_label("Title").fill("Acting")
    for lesson in ("bridge", "host"):
        page.locator(f"input[name=lessons][value={lesson}]").check()
    page.get_by_label("Seats").fill("2")
    page.get_by_role("button", name="Open the class").click()
    page.get_by_role("link", name="Wall").click()
    return page


def test_what_an_instructor_does_reaches_the_learner(klass, learner, complaints):
    code = klass.locator(".class-code code").inner_text()
    page = learner.page
    page.goto(f"/join/{code.replace('-', '').lower()}/")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_role("button", name="Join").click()
    learner.open()
    bar = page.locator("#class-bar")

    klass.get_by_label("Say to everybody").fill("Look at the bridge")
    klass.get_by_role("button", name="Say", exact=True).click()
    expect(klass.locator("#did")).to_contain_text("Said to everybody.")
    expect(klass.get_by_label("Say to everybody")).to_have_value("")
    expect(bar).to_contain_text("Look at the bridge")

    klass.locator(".acts-more > summary").click()
    klass.get_by_label("type", exact=True).fill("echo $((6*7))")
    klass.get_by_role("button", name="Offer", exact=True).click()
    page.get_by_label("run it").check()
    bar.locator("button.run").click()
    expect(learner.screen).to_contain_text("42")

    klass.get_by_role("button", name="Pause").click()
    expect(bar).to_contain_text("Paused")
    learner.type("h1", "echo $((7*7))")
    expect(page.locator("#toasts")).to_contain_text("paused")
    expect(learner.screen).not_to_contain_text("echo $((7*7))")
    klass.get_by_role("button", name="Resume").click()
    expect(bar).not_to_contain_text("Paused")
    learner.run("h1", "echo $((8*8))")
    expect(learner.screen).to_contain_text("64")
    expect(learner.screen).not_to_contain_text("49")

    learner.guess()
    klass.get_by_role("button", name="Show to all").click()
    expect(bar.locator(".distribution meter")).not_to_have_count(0)
    expect(bar.locator(".distribution")).to_contain_text("1 100 %")
    assert serious(klass) == []
    assert serious(page) == []
