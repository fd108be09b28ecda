"""For everybody: axe finds nothing serious, the keyboard alone is enough, and reading needs no JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT

# fading lights are let end: a colour halfway is nobody's choice
SETTLE = """() => {
    for (const one of document.getAnimations()) {
        if (one.effect?.getComputedTiming().iterations === Infinity) one.cancel();
        else one.finish();
    }
}"""
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def serious(page) -> list[str]:
    page.evaluate(Path(AXE).read_text())
    page.evaluate(SETTLE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"][:4]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["/", "/about/", "/playground/", "/compare/", "/learn/bridge/", "/learn/start-here/", "/no/such/page"]
)
def test_axe_finds_nothing_serious(page, site, path, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(path)
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_a_live_lesson(page, learner, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    learner.open()
    learner.type("h1", "docker run -d --name web -p 8080:80 box")
    expect(page.locator("net-map").get_by_role("button", name="container web")).to_be_visible()
    for tab in ("Interfaces", "Rules", "Journey", "Added", "Timeline"):
        learner.choose("h1", tab)
        assert serious(page) == []


def test_the_keyboard_alone_is_enough(page, learner, complaints):
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('skip-link')")
    page.goto("/learn/bridge/")
    tab_to(page, "Open your sandbox")
    page.keyboard.press("Enter")
    learner.wait_ready()
    page.keyboard.press("F6")
    page.keyboard.type("docker run -d --name web box\n")
    expect(page.locator("net-map").get_by_role("button", name="container web")).to_be_visible()
    page.keyboard.press("F6")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "tab"
    page.locator("[role=radiogroup] [aria-checked=true]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[role=radiogroup] [aria-checked=true]")).to_have_text("h1/web")
    page.locator(".view-tab[aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".view-tab[aria-selected=true]")).to_have_text("Routes")
    page.locator("live-table .row[tabindex='0']").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("live-table .item.open .why").first).to_be_visible()
    page.locator("#step button.run").first.focus()
    page.keyboard.press("Enter")
    expect(learner.screen).to_contain_text(str(page.locator("#step button.run").first.get_attribute("data-command")))


def tab_to(page, name: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if name in page.evaluate("document.activeElement.textContent || ''"):
            return
    raise AssertionError(f"Tab never reaches {name!r}")


def test_lessons_read_without_javascript(browser, site):
    context = browser.new_context(java_script_enabled=False, base_url=site)
    page = context.new_page()
    page.goto("/learn/bridge/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("[rel=next]").click()
    expect(page.locator("#step")).to_contain_text("Step 2 of")
    assert "Terminals and live views need it" in page.content()
    context.close()


def test_a_phone_shows_one_part_at_a_time(page, learner, complaints):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/learn/bridge/")
    page.get_by_role("button", name="Open your sandbox").click()
    expect(page.locator("live-sandbox.seen[data-state=ready]")).to_be_attached(timeout=60_000)
    expect(page.locator("net-map")).to_be_hidden()
    page.get_by_role("button", name="Network").click()
    expect(page.locator("net-map .picture")).to_be_visible()
    expect(page.locator("#step")).to_be_hidden()
    page.get_by_role("button", name="Terminal", exact=True).click()
    expect(learner.screen).to_contain_text("#")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", ["/", "/playground/", "/compare/", "/learn/third-party/"])
def test_nothing_is_wider_than_a_phone(page, site, path):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(page) == []


def test_dark_and_light_are_remembered(page, site, complaints):
    page.emulate_media(color_scheme="light")
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "night"
