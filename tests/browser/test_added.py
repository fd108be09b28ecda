"""What each network and container added, asked in the page: by the tab, and from a line's reason."""

import pytest
from playwright.sync_api import expect

RUN = "docker network create town && docker run -d --name web --network town -p 8080:80 box"


@pytest.fixture
def added(page, learner):
    learner.open("bridge")
    learner.run("h1", RUN)
    learner.choose("h1", "Added")
    return page.locator("what-added")


def test_choose_web_see_its_dnat_rule(added, learner, complaints):
    web = added.get_by_role("button", name="web box, running")
    expect(web).to_be_visible()
    web.press("Enter")
    expect(added.get_by_role("button", name="All of h1")).to_be_focused()
    expect(added.get_by_role("heading", name="Published ports (-p)")).to_be_visible()
    rule = added.get_by_role("listitem").filter(has_text="--dport 8080 -j DNAT")
    expect(rule).to_contain_text("Because web publishes 8080:80")
    expect(added).to_contain_text("docker-proxy")
    learner.type("h1", "docker rm -f web")
    expect(added).to_contain_text("items went with it")
    expect(rule).to_have_count(0)
    added.get_by_role("button", name="All of h1").press("Enter")
    expect(added.get_by_role("heading", name="Removed")).to_be_visible()


def test_from_a_lines_reason_to_all_with_the_same_cause(page, added, learner, complaints):
    learner.choose("h1", "Rules")
    rule = page.locator("live-table .item", has_text="MASQUERADE").filter(has_text="! -o br-").first
    rule.locator(".row").click()
    rule.get_by_role("button", name="all of network town").click()
    expect(added.get_by_role("heading", name="network town")).to_be_visible()
    expect(added.get_by_role("button", name="web")).to_be_visible()  # it put more there for the network's sake


def test_packets_light_the_rule_they_hit(page, added, learner, complaints):
    learner.choose("h1", "Rules")
    learner.run("outside", "curl -s -o /dev/null http://h1:8080/")
    rule = page.locator("live-table .item.hit", has_text="--dport 8080 -j DNAT")
    expect(rule.locator(".more")).to_have_text("+1 packet")
