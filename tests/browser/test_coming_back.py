"""Reload, a second tab, a lost connection: the same sandbox, the same shells, nothing lost and nothing twice."""

import re

import pytest
from playwright.sync_api import expect

MADE = re.compile(r"made-by-hand")


def test_a_reload_finds_the_sandbox_and_the_screen_as_it_was(page, learner, complaints):
    learner.open()
    learner.type("h1", "echo marker-$((40+2))")
    expect(learner.screen).to_contain_text("marker-42")
    sandbox = learner.sandbox
    page.reload()
    learner.wait_ready()
    assert learner.sandbox == sandbox
    expect(learner.screen).to_contain_text("marker-42")
    learner.type("h1", "echo again-$((1+1))")
    expect(learner.screen).to_contain_text("again-2")


def test_a_reload_finds_what_happened_before(page, learner, complaints):
    learner.open()
    learner.type("h1", "ip link add made-by-hand type bridge")
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator("time-line li", has_text=MADE).first).to_be_visible()
    page.reload()
    learner.wait_ready()
    page.get_by_role("tab", name="Timeline").click()
    expect(page.locator("time-line li", has_text=MADE).first).to_be_visible()


def test_a_second_tab_shows_the_same_world(page, learner, context, complaints):
    learner.open()
    other = context.new_page()
    other.goto("/learn/bridge/")
    expect(other.locator("live-sandbox.seen")).to_be_attached()
    assert other.locator("live-sandbox").get_attribute("data-sandbox") == learner.sandbox
    learner.type("h1", "ip link add made-by-hand type bridge")
    for tab in (page, other):
        expect(tab.locator("live-table .item", has_text=MADE)).to_be_visible()
    other.locator("lab-terminal:not([hidden]) .xterm-screen").click()
    other.keyboard.type("echo from-$((1+1))nd\n")
    expect(learner.screen).to_contain_text("from-2nd")


@pytest.fixture
def cable(page):
    """Cuts and mends the sandbox's websocket; counts the times it was opened, and from where."""

    class Cable:
        def __init__(self):
            self.whole, self.open, self.asked, self.resyncs = True, [], [], 0

        def carry(self, route):
            if not self.whole:
                route.close(code=1011)
                return
            self.asked.append(route.url)
            server = route.connect_to_server()
            server.on_message(lambda text: self.pass_on(route, text))
            self.open.append((route, server))

        def pass_on(self, route, text):
            self.resyncs += '"resync": true' in str(text)[:300] or '"resync":true' in str(text)[:300]
            route.send(text)

        def cut(self):
            self.whole = False
            for route, server in self.open:
                route.close(code=1011)
                server.close()
            self.open.clear()

        def mend(self):
            self.whole = True

    cable = Cable()
    page.route_web_socket(re.compile(r"/ws/sandbox/"), cable.carry)
    return cable


def test_a_lost_connection_goes_on_from_the_last_number(page, learner, context, cable):
    learner.open()
    other = context.new_page()
    other.goto("/learn/bridge/")
    expect(other.locator("live-sandbox.seen")).to_be_attached()
    expect(other.locator("lab-terminal .xterm-rows")).to_contain_text("#")
    cable.cut()
    expect(page.locator(".link-banner")).to_contain_text("Reconnecting")
    expect(page.locator("live-sandbox.stale")).to_be_attached()
    other.locator("lab-terminal:not([hidden]) .xterm-screen").click()
    other.keyboard.type("ip link add made-by-hand type bridge\n")
    expect(other.locator("live-table .item", has_text=MADE)).to_be_visible()
    expect(page.locator("live-table .item", has_text=MADE)).to_have_count(0)
    cable.mend()
    expect(page.locator("live-table .item", has_text=MADE)).to_have_count(1)
    expect(page.locator(".link-banner")).to_be_hidden()
    assert "since=" in cable.asked[-1]
    assert cable.resyncs == 0


def test_closing_says_so_in_every_tab_and_a_new_one_opens(page, learner, context, complaints):
    learner.open()
    first = learner.sandbox
    other = context.new_page()
    other.goto("/learn/bridge/")
    expect(other.locator("live-sandbox.seen")).to_be_attached()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close", exact=True).click()
    for tab in (page, other):
        expect(tab.get_by_role("heading", name="Closed")).to_be_visible()
    page.get_by_role("button", name="Open a new sandbox").click()
    learner.wait_ready()
    assert learner.sandbox != first


def test_a_reset_starts_over_under_the_same_id(page, learner, complaints):
    learner.open()
    learner.type("h1", "ip link add made-by-hand type bridge")
    expect(page.locator("live-table .item", has_text=MADE)).to_be_visible()
    sandbox = learner.sandbox
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("live-sandbox:not([data-state=ready])")).to_be_attached()
    expect(page.locator("live-sandbox[data-state=ready]")).to_be_attached(timeout=60_000)
    expect(page.locator("live-table .item", has_text="docker0")).to_be_visible()
    expect(page.locator("live-table .item", has_text=MADE)).to_have_count(0)
    assert learner.sandbox == sandbox
    learner.type("h1", "echo new-$((1+1))")
    expect(learner.screen).to_contain_text("new-2")


def test_extending_moves_the_countdown(page, learner, complaints):
    learner.open()
    expect(page.locator(".countdown time")).to_have_text(re.compile(r"^(59|60):\d\d$"))
    page.get_by_role("button", name="Extend").click()
    expect(page.locator(".countdown time")).to_have_text(re.compile(r"^(1:59|2:00):\d\d$"))
