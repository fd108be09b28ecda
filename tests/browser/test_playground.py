"""A playground of two hosts: a shell on each, a link that keeps what was made, and the link opened again."""

from playwright.sync_api import expect

from tests.browser.test_access import serious


def open_two_hosts(page, learner) -> None:
    page.goto("/playground/")
    page.get_by_role("radio", name="2", exact=True).check()
    page.get_by_role("button", name="Open it").click()
    learner.wait_ready()


def saved(page, part: str) -> str:
    """The link, asked for until it holds what was made a moment ago."""
    link = page.get_by_label("The link")
    for _ in range(20):
        page.get_by_role("button", name="Save as a link").click()
        expect(link).to_be_visible()
        if part in link.input_value():
            return link.input_value()
        page.wait_for_timeout(500)
    raise AssertionError(f"{part} is not in {link.input_value()}")


def test_two_hosts_are_kept_in_a_link_and_opened_from_it(page, learner, complaints):
    open_two_hosts(page, learner)
    expect(page.locator("#main")).to_contain_text("It began with: 2 Docker hosts")
    assert serious(page) == []
    first = learner.sandbox
    learner.run("h2", "docker network create town")
    learner.run("h2", "docker run -d --name web --network town -p 8080:80 box")
    web = page.locator("net-map").get_by_role("button", name="container web")
    expect(web).to_be_visible()
    page.goto(saved(page, "run=h2,web,town,p=8080:80"))
    page.get_by_role("button", name="Close that one and open this").click()
    learner.wait_ready()
    assert learner.sandbox != first
    expect(web).to_be_visible()
    learner.run("h2", "docker port web")
    expect(learner.screen).to_contain_text("80/tcp -> 0.0.0.0:8080")
