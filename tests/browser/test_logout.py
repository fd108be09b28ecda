"""Two tabs of an instructor: logging out in one ends the websocket of the other, and the other says so."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_wall import wall  # noqa: F401


def test_a_logout_in_one_tab_ends_the_other_and_is_said_there(wall):  # noqa: F811
    banner = wall.locator(".link-banner")
    expect(banner).to_be_hidden()
    made: list[str] = []
    wall.on("websocket", lambda socket: made.append(socket.url))
    other = wall.context.new_page()
    other.goto("/teach/")
    other.get_by_role("button", name="Log out").click()
    expect(banner).to_have_text("This is not yours to see any more. Log in again.", timeout=5_000)
    wall.wait_for_timeout(3_000)
    assert made == []  # a connection that was ended for good is not tried again
