"""What a host can name or print is text, and cannot make the page stand still."""

from playwright.sync_api import expect

from tests.attacks import attack


@attack("markup in an interface's name, on the page and the map", origin="output", expected="harmless", held_by="text nodes")
def test_a_name_with_markup_is_drawn_as_text(page, learner, complaints):
    learner.open()
    learner.type("h1", "ip link add '<s>&lt;x' type bridge")
    expect(page.locator("live-table .item", has_text="<s>&lt;x")).to_be_visible()
    expect(page.locator("net-map .bridge .title", has_text="<s>&lt;x")).to_be_visible()
    assert page.locator("live-sandbox s").count() == 0


@attack(
    "title, link and image by terminal output", origin="output", expected="harmless", held_by="a terminal that draws text only"
)
def test_escape_sequences_change_neither_title_nor_page(page, learner, complaints):
    learner.open()
    title = page.title()
    learner.type("h1", r"printf '\033]0;<b>owned\007\033]8;;javascript:alert(1)\033\\click\033]8;;\033\\ <img src=x>\n'")
    expect(learner.screen).to_contain_text("click <img src=x>")
    assert page.title() == title
    assert page.locator("lab-terminal img").count() == 0


@attack("a flood of terminal output", origin="output", expected="contained", held_by="flow control")
def test_a_flood_leaves_the_page_alive_and_ctrl_c_ends_it(page, learner, complaints):
    learner.open()
    learner.type("h1", "yes 0123456789012345678901234567890123456789")
    expect(learner.screen).to_contain_text("0123456789")
    longest = page.evaluate(
        """() => new Promise((done) => {
            let last = performance.now(), longest = 0;
            const end = last + 4000;
            const tick = (now) => {
                longest = Math.max(longest, now - last);
                last = now;
                now < end ? requestAnimationFrame(tick) : done(longest);
            };
            requestAnimationFrame(tick);
        })"""
    )
    assert longest < 1500
    page.locator("#step .all-steps summary").click(timeout=3_000)
    page.locator("lab-terminal:not([hidden]) .xterm-screen").click()
    page.keyboard.press("Control+c")
    page.keyboard.type("clear; echo quiet-$((1+1))\n")
    expect(learner.screen).to_contain_text("quiet-2", timeout=30_000)


def test_a_shell_that_ends_says_so(page, learner, complaints):
    learner.open()
    learner.type("h1", "exit")
    expect(page.locator("lab-terminal .terminal-notice")).to_contain_text("Closed")
    learner.page.get_by_role("button", name="Open another shell").click()
    page.locator("#shell-menu").get_by_role("button", name="outside", exact=True).click()
    expect(learner.screen).to_contain_text("outside")
