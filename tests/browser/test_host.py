"""The measured step of the host lesson: nothing is measured before the learner has guessed; then it is, and it says so."""

import re

from playwright.sync_api import expect

START = "docker run -d --name near --network host box; docker run -d --name far -p 5202:5202 -p 5302:5302 box"


def test_the_roads_are_measured_once_the_learner_has_guessed(page, learner, complaints):
    learner.open("host")
    learner.run("h1", START)
    page.goto("/learn/host/?step=cost")
    learner.wait_ready()
    figures = page.locator("#measured")
    expect(figures).to_contain_text("Measured once you have predicted")
    expect(page.locator("#step .check.passed")).to_have_count(1)  # `far` is published
    expect(page.locator(".hints")).to_contain_text("when both questions above are answered")
    page.wait_for_timeout(3000)
    expect(figures.locator("table")).to_have_count(0)
    learner.guess()
    expect(figures.locator("table")).to_have_count(2, timeout=30_000)
    expect(page.locator("#step .check.passed")).to_have_count(2)
    expect(page.locator("form.prediction.answered")).to_have_count(2)
    for at in range(2):
        table = figures.locator("table").nth(at)
        medians = [float(text) for text in table.locator("td strong").all_inner_texts()]
        assert len(medians) == 2
        assert all(median > 0 for median in medians)
        verdict = figures.locator(".verdict").nth(at)
        expect(verdict).to_have_text(re.compile(r"was ahead in \d+ of 10 rounds"))
    learner.run("h1", "docker rm -f far")
    expect(figures.locator("table")).to_have_count(0)  # figures of what is gone are no figures


def test_a_shared_namespace_has_one_number(page, learner, complaints):
    learner.open("host")
    learner.run("h1", "docker run -d --name near --network host box; docker run -d --name own box")
    learner.choose("h1")
    number = page.locator(".view-panel .netns")
    host = number.inner_text()
    assert re.fullmatch(r"net:\[\d+\]", host)
    learner.choose("h1/near")
    expect(number).to_have_text(host)
    learner.choose("h1/own")
    expect(number).not_to_have_text(host)
    learner.run("h1/near", "readlink /proc/self/ns/net")
    expect(learner.screen).to_contain_text(host)
