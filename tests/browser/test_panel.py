"""The admin panel: an operator looks at nodes, drains and resumes one, acts on a sandbox, and reads who did what."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_access import serious


@pytest.fixture
def operator_page(account, logged_in):
    return logged_in(account("--operator"), "/admin/")


def choose(page, wish):
    page.get_by_role("button", name=wish, exact=True).click()
    if page.get_by_role("heading", name=f"{wish}?").is_visible():
        page.get_by_role("button", name=f"Yes, {wish.lower()}").click()
    expect(page.get_by_role("heading", name="what happened")).to_be_visible()


def test_an_operators_round(operator_page, learner):
    page = operator_page
    learner.open()
    sandbox = learner.sandbox
    learner.page.goto("/")  # and nobody is in it

    page.reload()
    expect(page.get_by_role("heading", name="Room for sandboxes")).to_be_visible()
    node = page.locator("section", has=page.get_by_role("heading", name="Nodes")).locator("tbody a").first
    name = node.inner_text()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert serious(page) == []

    for wish, word in (("Drain", "takes no new sandboxes"), ("Resume", "takes sandboxes again")):
        page.goto(f"/admin/sandboxes/node/{name}/change/")
        choose(page, wish)
        expect(page.locator("tr[data-done=yes]")).to_contain_text(word)
        assert serious(page) == []

    page.goto(f"/admin/sandboxes/sandbox/{sandbox}/change/")
    expect(page.get_by_role("link", name="Watch it live")).to_be_visible()
    choose(page, "Extend")
    expect(page.locator("main, body").first).to_contain_text("t runs until")
    page.goto(f"/admin/sandboxes/sandbox/{sandbox}/change/")
    choose(page, "Mark for removal")
    expect(page.locator("tr[data-done=yes]")).to_contain_text("as soon as nobody is in it")

    page.goto("/admin/classroom/auditentry/")
    rows = page.locator("#result_list tbody tr")
    for action in ("drain", "resume", "mark for removal"):
        expect(rows.filter(has_text=action).first).to_be_visible()
    assert serious(page) == []
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
