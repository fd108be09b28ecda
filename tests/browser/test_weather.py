"""The weather of a link: set from the map, shown on the wire and in the views, and the rate that passes it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import serious
from tests.browser.test_map import box
from tests.browser.test_playground import saved


@pytest.fixture
def form(page, learner):
    learner.open()
    learner.run("h1", "docker run -d --name web box")
    box(page, "Container web").click()
    card = page.locator(".map-card")
    card.get_by_text("Link weather at eth0").click()
    return card.locator(".weather-form")


def test_an_mtu_is_set_on_the_map_and_told_as_the_pages(page, learner, form, complaints):
    form.get_by_label("MTU").fill("100")
    form.get_by_role("button", name="Set").click()
    expect(page.locator(".weather-said")).to_have_text("MTU is at least 576.")
    form.get_by_label("MTU").fill("1400")
    form.get_by_role("button", name="Set").click()
    expect(page.locator("net-map .wire .weather")).to_have_text(re.compile("MTU 1400"))
    expect(page.locator(".weather-said")).to_have_text("Set: MTU 1400")
    expect(page.locator("net-map")).to_contain_text("MTU 1400")
    assert serious(page) == []
    learner.choose("h1/web", "Timeline")
    expect(page.locator("live-views")).to_contain_text("link weather at h1/web eth0")
    learner.run("h1", "docker rm -f web")
    expect(page.locator("net-map .wire .weather")).to_have_count(0)


def test_a_rate_is_shown_where_the_kernel_can_and_what_passes_is_written_on_the_wire(page, learner, form, complaints):
    can = page.locator("live-sandbox").get_attribute("data-weather") or ""
    if "netem" not in can:
        expect(form).to_contain_text("has no netem")
        expect(form.get_by_label("Delay")).to_have_count(0)
    if "tbf" not in can and "netem" not in can:
        return
    form.get_by_label("Rate").fill("5000")
    form.get_by_role("button", name="Set").click()
    expect(page.locator("net-map .wire .weather")).to_have_text(re.compile(r"5 Mbit/s"))
    learner.choose("h1/web", "Interfaces")
    expect(page.locator("live-views")).to_contain_text("qdisc tbf" if "netem" not in can else "qdisc netem")
    learner.run("h1", "ping -q -s 1000 -i 0.01 -c 1000 172.17.0.2 >/dev/null &")
    expect(page.locator("net-map .wire .rate").first).to_have_text(re.compile(r"\d+(\.\d)? (k|M)bit/s"), timeout=30_000)
    form.get_by_role("button", name="Clear").click()
    expect(page.locator("net-map .wire .weather")).to_have_count(0)


def test_a_link_brings_its_weather_and_gives_it_on(page, learner, complaints):
    page.goto(
        "/playground/?hosts=1&machines=outside&run=h1,web,bridge&weather=h1/web,eth0,mtu=1300&weather=outside,eth0,mtu=1400"
    )
    expect(page.locator("#main")).to_contain_text("outside eth0: MTU 1400")
    page.get_by_role("button", name="Open it").click()
    learner.wait_ready()
    expect(page.locator("net-map .wire .weather")).to_have_count(2, timeout=60_000)
    expect(page.locator("net-map")).to_contain_text("MTU 1300")
    learner.choose("h1/web", "Timeline")
    expect(page.locator("live-views")).to_contain_text("MTU 1300, from the start")
    assert "weather=h1/web,eth0,mtu=1300" in saved(page, "weather=outside,eth0,mtu=1400")
