"""A driver is started, a network is made: the page shows the question, the answer, and the bridge that came of it."""

from playwright.sync_api import expect


def test_a_call_and_what_it_changed(page, learner, complaints):
    learner.open("third-party")
    expect(page.locator("[data-tab=driver]")).to_have_count(0)
    learner.type("h1", "lab-driver start")
    learner.type("h1", "docker network create -d lab lane")
    learner.choose("h1", "Driver")
    call = page.locator("driver-calls .call", has_text="CreateNetwork")
    expect(call.locator(".effects")).to_contain_text("appeared, a bridge")
    call.locator("summary").click()
    expect(call.locator(".side pre").first).to_contain_text('"Pool": "172.')
    expect(call.locator(".side pre").last).to_have_text("{}")
    expect(call.locator(".why")).to_contain_text("what the network is, the driver decides")
    learner.choose("h1", "Timeline")
    expect(page.locator(".happenings li", has_text="appeared, a bridge").first).to_contain_text("because: lab")


def test_markup_in_a_journal_is_text(page, learner, complaints):
    learner.open("third-party")
    line = '{"driver": "<b>x</b>", "call": "1-1", "method": "<img src=x onerror=alert(1)>", "at": 1, "asked": "<script>"}'
    learner.type("h1", f"mkdir -p /run/lab-driver; echo '{line}' > /run/lab-driver/calls.jsonl")
    learner.choose("h1", "Driver")
    expect(page.locator("driver-calls .method b")).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.locator("driver-calls img, driver-calls script")).to_have_count(0)
    expect(page.locator("driver-calls .reply")).to_contain_text("no answer yet")
