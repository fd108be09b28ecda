"""An instructor makes a class."""

from playwright.sync_api import expect


def test_an_instructor_makes_a_class(instructor_page):
    page = instructor_page
    page.get_by_role("link", name="New class").click()
    page.get_by_label("Title").fill("Networks on Monday")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Open the class").click()
    expect(page.get_by_role("heading", name="Networks on Monday")).to_be_visible()
