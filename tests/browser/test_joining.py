"""An instructor opens a class; two learners join it by code and by link, are renamed, removed, and come back."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_access import serious


@pytest.fixture
def phones(browser, browser_context_args):
    """Makes pages of browsers that have never been here."""
    contexts = []

    def another() -> Page:
        contexts.append(browser.new_context(**{**browser_context_args, "viewport": {"width": 390, "height": 844}}))
        return contexts[-1].new_page()

    yield another
    for context in contexts:
        context.close()


def open_class(page: Page, title: str) -> tuple[str, str]:
    """Its code and its link."""
    page.get_by_role("link", name="New class").click()
    page.get_by_label("Title").fill(title)
    bridge = page.get_by_role("checkbox", name="bridge")
    bridge.check()
    bridge.locator("xpath=ancestor::li").get_by_role("button", name="Earlier").click()
    page.get_by_label("Seats").fill("500")
    assert serious(page) == []
    page.get_by_role("button", name="Open the class").click()
    expect(page.get_by_text("500 cannot be.")).to_be_visible()
    page.get_by_label("Seats").fill("2")
    page.get_by_role("button", name="Open the class").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    return page.locator(".big-code").inner_text(), page.get_by_label("The link of the class").input_value()


def join_by_code(page: Page, code: str, name: str) -> str:
    """The link back, which is shown once."""
    page.goto("/")
    page.get_by_role("link", name="Join a class").click()
    assert serious(page) == []
    page.get_by_label("Code").fill(code.lower())
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    return page.get_by_role("textbox", name="Your link back").input_value()


def test_a_class_is_opened_joined_and_tidied(instructor_page, page, phones, complaints):
    teacher = instructor_page
    code, link = open_class(teacher, "Networks on Monday")
    back = join_by_code(page, code, "Ana")
    assert serious(page) == []

    ben = phones()
    ben.goto(link)
    ben.get_by_label("Your name").fill("ana")
    ben.get_by_role("button", name="Join").click()
    expect(ben.get_by_role("status").first).to_contain_text("you are ana 2")
    third = phones()
    third.goto("/join/")
    third.get_by_label("Code").fill("abcd-efgh")
    third.get_by_label("Your name").fill("Cleo")
    third.get_by_role("button", name="Join").click()
    expect(third.get_by_role("alert").first).to_contain_text("There is no class with that code")
    third.goto(link)
    third.get_by_label("Your name").fill("Cleo")
    third.get_by_role("button", name="Join").click()
    expect(third.get_by_role("alert").first).to_contain_text("All 2 seats")

    teacher.reload()
    teacher.get_by_label("Name of ana 2").fill("Ben")
    teacher.get_by_role("button", name="Rename").nth(1).click()
    expect(ben.locator(".class-bar-name")).to_contain_text("Ben")  # by itself
    ben.goto("/learn/bridge/")
    ben.get_by_role("button", name="I need help").click()
    expect(ben.get_by_role("button", name="Help is asked for")).to_be_visible()
    assert serious(ben) == []

    other = phones()
    other.goto(back)
    assert serious(other) == []
    other.get_by_role("button", name="Yes, take me back").click()
    expect(other.locator(".class-bar-name")).to_contain_text("Ana")

    assert serious(teacher) == []
    teacher.get_by_label("Remove Ben").click()
    teacher.get_by_role("button", name="Yes, remove Ben").click()
    expect(ben.locator("#class-bar")).to_contain_text("took you out")  # at once
    teacher.get_by_text("End the class now").click()
    teacher.get_by_role("button", name="Yes, end it").click()
    expect(page.locator("#class-bar")).to_contain_text("is over")
    page.get_by_role("button", name="Leave it").click()
    expect(page.get_by_role("link", name="Join a class")).to_be_visible()
