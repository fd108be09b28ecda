"""The map: laid out in a worker, usable with the keyboard alone, the same in words, and a file to keep."""

import xml.etree.ElementTree as ElementTree

from playwright.sync_api import expect


def box(page, name):
    return page.locator("net-map .picture").get_by_role("button", name=name)


def test_a_box_says_what_it_is_and_leads_on(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name web -p 8080:80 box")
    box(page, "Container web").click()
    card = page.locator(".map-card")
    expect(card.get_by_role("heading", name="h1/web")).to_be_visible()
    expect(card).to_contain_text("172.17.0.2/16")
    expect(card).to_contain_text("8080 → 80")
    card.get_by_role("button", name="bridge").click()
    expect(card).to_contain_text("a Linux bridge")
    expect(card.locator(".why")).to_contain_text("default network")
    box(page, "Container web").click()
    card.get_by_role("button", name="Open terminal here").click()
    expect(page.locator("terminal-dock").get_by_role("tab", name="h1/web", exact=True)).to_be_visible()


def test_the_keyboard_alone_walks_the_map(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name web box")
    box(page, "Container web").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("net-map .bridge")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".map-card")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".map-card")).to_have_count(0)
    expect(page.locator("net-map .bridge")).to_be_focused()


FEW = 24  # pixels on the screen: one more cable takes 9 or 18 of a drawing, which is shown up to 1.35 times as large


def places_of_boxes(page):
    """Where the upper left corner of each box is on the screen, by the box's name, once nothing moves any more."""
    page.evaluate("() => { window.equal = 0; }")
    page.wait_for_function(
        """() => {
            const boxes = [...document.querySelectorAll('net-map .shape')];
            const now = JSON.stringify(boxes.map((one) => one.getBoundingClientRect()));
            window.equal = now === window.lastBoxes ? window.equal + 1 : 0;
            window.lastBoxes = now;
            return window.equal > 3; // a layout may still be on its way
        }""",
        polling=300,
    )
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('net-map .shape')].map((one) => {
            const { left, top } = one.querySelector('rect').getBoundingClientRect();
            return [one.dataset.shape, [left, top]];
        }))"""
    )


def test_what_exists_does_not_jump_and_what_goes_goes(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name one box")
    learner.run("h1", "docker run -d --name two box")
    expect(box(page, "Container two")).to_be_visible()
    before = places_of_boxes(page)
    learner.run("h1", "docker run -d --name aaa box")
    expect(box(page, "Container aaa")).to_be_visible()
    after = places_of_boxes(page)
    assert len(after) == len(before) + 1
    moved = {name: (after[name][0] - x, after[name][1] - y) for name, (x, y) in before.items() if not name.startswith("lan ")}
    assert {"h1", "h1/one", "h1/two", "h1 docker0", "outside"} <= moved.keys()
    assert all(abs(right) < FEW and abs(down) < FEW for right, down in moved.values()), moved
    tops = [after[name][1] for name in ("h1/one", "h1/two", "h1/aaa")]
    assert tops == sorted(tops), "the new one comes last, whatever its name"
    learner.run("h1", "docker rm -f one")
    expect(box(page, "Container one")).to_have_count(0)


def test_the_map_in_words_and_as_a_file(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name web box")
    expect(box(page, "Container web")).to_be_visible()
    page.get_by_role("button", name="The map in words").click()
    words = page.get_by_role("region", name="The map in words")
    expect(words).to_contain_text("Container web 172.17.0.2/16; veth pair to bridge")
    page.get_by_role("button", name="The map in words").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save as SVG").click()
    picture = ElementTree.parse(coming.value.path()).getroot()  # noqa: S314 - our own page's file
    assert picture.tag.endswith("svg")
    assert "web" in "".join(picture.itertext())
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save as SVG").click(modifiers=["Shift"])
    assert coming.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_long_names_differ_where_they_are_shortened_and_are_whole_where_they_are_read(page, learner, complaints):
    learner.open()
    stem = "a-container-whose-name-is-far-longer-than-any-box-of-the-map"
    for end in ("one", "two"):
        learner.run("h1", f"docker run -d --name {stem}-{end} box")
    drawn = page.locator("net-map .container .title")
    expect(drawn).to_have_count(2)
    shown = drawn.all_text_contents()
    assert [text[-4:] for text in shown] == ["-one", "-two"]
    assert all("…" in text for text in shown)
    chips = page.get_by_role("radiogroup", name="Place to look at")
    expect(chips.get_by_role("radio", name=f"h1/{stem}-two", exact=True)).to_contain_text("-two")
    box(page, f"Container {stem}-two").click()
    expect(page.locator(".map-card").get_by_role("heading", name=f"h1/{stem}-two")).to_be_visible()
