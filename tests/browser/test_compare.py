"""Comparisons in a browser, really measured: two drivers fill in, five on every screen, predicted, moved, kept, on paper."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from explorer.network.comparison import ROWS, Comparison
from explorer.network.comparison.aligned import SIDES
from tests.browser.test_access import serious

WAIT = 150_000  # until everything is measured, on a machine that does other work too


@dataclass
class Made:
    """A comparison that is complete, and who may see it."""

    url: str
    state: Any

    def open(self, browser: Any, site: str, query: str = "", **how: Any) -> Page:
        context = browser.new_context(base_url=site, storage_state=self.state, reduced_motion="reduce", **how)
        page: Page = context.new_page()
        page.goto(self.url + query)
        return page


def start(page: Page, *columns: str, predict: bool = False, throughput: bool = False) -> None:
    page.goto("/compare/")
    form = page.locator("#choose")
    for column in columns:
        form.get_by_role("checkbox", name=re.compile(rf"^{re.escape(column)}\b")).first.check()
    if predict:
        form.get_by_label("Predict first").check()
    if not throughput:
        form.get_by_label("Without", exact=True).check()
    page.get_by_role("button", name=f"Compare these {len(columns)}").click()
    page.wait_for_url(re.compile(r"/compare/[a-z0-9]{6,}/"))


def complete(page: Page) -> None:
    expect(page.locator("live-comparison")).not_to_have_attribute("data-state", "running", timeout=WAIT)
    expect(page.locator("[data-part=state]")).to_contain_text("Complete.")


def cell(page: Page, row: str, column: str):
    return page.locator(f"[data-part='{row}:{column}']")


def made(browser, site, *columns: str) -> Made:
    context = browser.new_context(base_url=site, viewport={"width": 1400, "height": 900})
    page = context.new_page()
    start(page, *columns, throughput=True)
    complete(page)
    found = Made(page.url, context.storage_state())
    context.close()
    return found


@pytest.fixture(scope="module")
def five(browser, site) -> Made:
    return made(browser, site, "bridge", "host", "none", "macvlan", "overlay")


@pytest.fixture
def shown(browser, site, five):
    """The five, on the screen asked for; closed at the end."""
    pages: list[Page] = []

    def show(query: str = "", width: int = 1400, height: int = 900, **how: Any) -> Page:
        pages.append(five.open(browser, site, query, viewport={"width": width, "height": height}, **how))
        return pages[-1]

    yield show
    for page in pages:
        page.context.close()


def test_two_drivers_fill_in_and_every_answer_shows_its_evidence(page, site, complaints):
    start(page, "bridge", "none")
    expect(page.locator("th[data-column=bridge]")).to_contain_text(re.compile("Waiting|Measuring|Complete"))
    expect(cell(page, "netns", "bridge")).to_contain_text("yes", timeout=60_000)
    complete(page)
    words = {
        row: cell(page, row, "bridge").locator("strong").inner_text() for row in ("by-name", "inward", "published", "seen-as")
    }
    assert words == {"by-name": "yes", "inward": "no", "published": "yes", "seen-as": "the host's"}
    assert cell(page, "outward", "none").get_attribute("data-mark") == "no"
    expect(page.locator("[data-part='why:outward']")).to_contain_text("none")
    dialog = page.locator("dialog#evidence")
    for row in ("by-name", "host-rules", "trip"):
        cell(page, row, "bridge").get_by_role("link").click()
        expect(dialog).to_be_visible()
        expect(dialog.get_by_role("heading")).to_contain_text(next(one.title for one in ROWS if one.key == row))
        expect(dialog.locator(".evidence-text").first).not_to_be_empty()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(cell(page, row, "bridge").get_by_role("link")).to_be_focused()
    page.get_by_label("Only rows that differ").check()
    expect(cell(page, "by-name", "bridge")).to_be_visible()
    expect(cell(page, "netns", "bridge")).to_be_hidden()


def test_predicted_first_then_revealed_with_what_was_otherwise(page, site, complaints):
    start(page, "bridge", "none", predict=True)
    assert "predict=1" in page.url
    page.get_by_label("bridge: Does client reach server by its name?").select_option("yes")
    page.get_by_label("none: Does the container have a network namespace of its own?").select_option("no")
    expect(page.locator(".guess-count")).to_contain_text("2 of")
    page.reload()
    expect(page.get_by_label("bridge: Does client reach server by its name?")).to_have_value("yes")
    complete(page)
    assert page.locator("td[data-mark]").count() == 0
    expect(page.get_by_label("bridge: Does client reach server by its name?")).to_have_value("yes")
    page.get_by_role("link", name="Reveal").click()
    expect(page.locator(".guess-outcome")).to_contain_text("You had 1 of 2 as measured")
    expect(cell(page, "by-name", "bridge")).to_have_class(re.compile("guess-right"))
    expect(cell(page, "netns", "none")).to_contain_text("You said: no")
    assert page.locator(".guess-wrong").count() == 1


def test_five_drivers_are_complete_with_a_sentence_under_every_row(shown):
    page = shown()
    rows = [row for row in ROWS if row.group != "families"]  # none of the five has IPv6
    assert page.locator("td[data-mark]").count() == len(rows) * 5
    assert page.locator("th[data-state=done]").count() == 5
    for row in rows:
        assert len(page.locator(f"[data-part='why:{row.key}']").inner_text()) > 10
    expect(page.locator("[data-part=noise]")).to_contain_text("own loopback took")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_five_columns(shown, scheme):
    page = shown(color_scheme=scheme)
    page.locator(".comparison-maps").scroll_into_view_if_needed()
    expect(page.locator(".column-map.drawn")).to_have_count(5)
    page.get_by_role("button", name="client asks server").click()
    page.locator(".case summary").first.click()
    page.locator(".case form button").first.click()
    expect(page.locator(".case-weighed")).to_be_visible()
    assert serious(page) == []
    page.locator("a[data-evidence]").first.click()
    expect(page.locator("dialog#evidence")).to_be_visible()
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_while_choosing_and_predicting(page, shown, site, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("/compare/?set=published")
    assert serious(page) == []
    assert serious(shown("?predict=1", color_scheme=scheme)) == []


@pytest.mark.parametrize(("width", "columns"), [(390, 2), (1280, 5), (1920, 5)])
def test_as_many_columns_as_the_screen_has_room_for(shown, width, columns):
    page = shown(width=width)
    assert page.locator("th[data-column]:visible").count() == columns
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width > 390:
        assert page.evaluate(
            "(() => { const f = document.querySelector('.comparison-frame'); return f.scrollWidth <= f.clientWidth + 1 })()"
        )
        return
    page.get_by_role("link", name="overlay", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?show=overlay,bridge,host,none,macvlan"))
    assert page.locator("th[data-column]:visible").evaluate_all("all => all.map((one) => one.dataset.column)") == [
        "overlay",
        "bridge",
    ]
    assert page.locator(".column-map:visible").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_columns_are_moved_and_left_out_by_keyboard_and_the_link_keeps_it(shown):
    page = shown()
    names = "all => all.map((one) => one.dataset.column)"
    page.locator("#right-bridge").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?show=host,bridge,none,macvlan,overlay"))
    expect(page.locator("#right-bridge")).to_be_focused()
    for order in ("host,none,bridge", "host,none,macvlan,bridge", "host,none,macvlan,overlay,bridge"):
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(rf"\?show={order}"))
        end = order.count(",") == 4
        expect(page.locator("#left-bridge" if end else "#right-bridge")).to_be_focused()
    assert page.locator("th[data-column]").evaluate_all(names) == ["host", "none", "macvlan", "overlay", "bridge"]
    page.locator("#hide-none").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#show-none")).to_be_focused()
    page.reload()
    assert page.locator("th[data-column]").evaluate_all(names) == ["host", "macvlan", "overlay", "bridge"]
    page.go_back()
    expect(page.locator("th[data-column]")).to_have_count(5)


def test_lines_stand_side_by_side_and_what_is_the_same_is_folded(shown):
    page = shown()
    side = page.locator("[data-part='side:interfaces']")
    expect(side).to_have_attribute("open", "")
    assert side.locator("thead th").all_inner_texts() == ["bridge", "host", "none", "macvlan", "overlay"]
    expect(side.get_by_text("bridge of town", exact=True)).to_be_visible()
    expect(side.get_by_text("docker0", exact=True)).to_be_hidden()
    side.get_by_label("Show what is the same").check()
    expect(side.get_by_text("docker0", exact=True)).to_be_visible()
    assert page.locator(".side").count() == len(SIDES)
    expect(page.locator("[data-part='side:client-interfaces'] mark", has_text="1450")).to_be_visible()


def test_maps_are_drawn_and_one_request_is_played_on_each_in_step(shown):
    page = shown()
    page.locator(".comparison-maps").scroll_into_view_if_needed()
    expect(page.locator(".column-map.drawn")).to_have_count(5)
    expect(
        page.locator(".column-map[data-column=bridge] net-map").get_by_role("button", name="container server")
    ).to_be_visible()
    page.get_by_role("button", name="client asks server").click()
    expect(page.locator(".column-map[data-column=none] .column-said")).to_contain_text("server has no address")
    maps = [page.locator(f".column-map[data-column={name}]") for name in ("bridge", "host", "macvlan", "overlay")]
    followed = sorted((one for one in maps if one.locator(".hop").count()), key=lambda one: one.locator(".hop").count())
    assert len(followed) >= 2  # on a machine that does much else, following one may come to nothing, and the page says so
    short, long = followed[0], followed[-1]
    assert long.locator(".hop").count() > short.locator(".hop").count()
    for _ in range(3):
        page.get_by_role("button", name="Step on").click()
    expect(page.locator(".journey-at")).to_contain_text("Step 3 of")
    for one in (long, short):
        assert one.locator(".hop").evaluate_all("all => all.findIndex((hop) => hop.classList.contains('now'))") == 2
    expect(long.locator("circle.packet")).to_be_attached()
    for _ in range(long.locator(".hop").count()):
        page.get_by_role("button", name="Step on").click()
    for one in (long, short):
        expect(one.locator(".hop.now")).to_have_text(re.compile("delivered to h1"))


def test_it_is_kept_as_json_and_markdown_with_versions_and_date(shown):
    page = shown()
    with page.expect_download() as told:
        page.get_by_role("link", name="JSON").click()
    kept = Comparison.model_validate_json(told.value.path().read_bytes())
    assert [column.variant.id for column in kept.columns] == ["bridge", "host", "none", "macvlan", "overlay"]
    assert kept.versions.kernel
    assert all(kept.versions.engines.values())
    assert json.loads(told.value.path().read_text())["made_at"] > 1.7e9
    with page.expect_download() as told:
        page.get_by_role("link", name="Markdown").click()
    text = told.value.path().read_text()
    assert "# Compared: bridge, host, none, macvlan, overlay" in text
    assert re.search(r"- Measured on \d\d \w+ 20\d\d at \d\d:\d\d UTC", text)
    assert re.search(r"\| MTU \| 1500 \| 1500 \| ✗ none \| 1500 \| 1450 \|", text)


def test_its_link_offers_the_same_to_a_stranger(shown, page, site):
    link = str(shown().get_by_role("link", name="A link that reopens this comparison").get_attribute("href"))
    page.goto(link)
    expect(page.get_by_text("This one compares:")).to_contain_text("bridge, host, none, macvlan, overlay")


def test_on_paper_there_is_the_table_and_no_buttons(shown):
    page = shown()
    page.emulate_media(media="print")
    expect(page.locator(".comparison-table")).to_be_visible()
    for gone in (".comparison-actions", ".comparison-move >> nth=0", ".comparison-maps", ".site-header"):
        expect(page.locator(gone)).to_be_hidden()
    assert page.pdf(format="A4", landscape=True)[:5] == b"%PDF-"


def test_a_case_is_answered_and_its_reasons_lead_to_ones_own_measurements(shown):
    page = shown()
    case = page.locator("#case-shop")
    case.locator("summary").click()
    expect(case).not_to_contain_text("a network of its own answers names")
    case.get_by_role("button", name="host").click()
    expect(case).to_contain_text("We would take bridge.")
    expect(case).not_to_contain_text("not measured here")
    case.locator(".best a[data-evidence]").first.click()
    expect(page.locator("dialog#evidence")).to_contain_text("by name")


def test_reading_needs_no_javascript(browser, site, five):
    page = five.open(browser, site, java_script_enabled=False)
    cell(page, "by-name", "bridge").get_by_role("link").click()
    expect(page.locator("h2", has_text="by name: yes")).to_be_visible()
    page.get_by_role("link", name="Back to the comparison").click()
    page.locator("#right-bridge").click()
    assert "show=host,bridge" in page.url
    page.locator("#case-shop summary").click()
    page.locator("#case-shop").get_by_role("button", name="bridge").click()
    expect(page.get_by_text("So would we: bridge.")).to_be_visible()
    page.context.close()
