"""Looking back at what is gone, comparing two moments; and the grid of who reaches whom, guessed first."""

import json

from playwright.sync_api import expect

RUN = "docker network create town && docker run -d --name web --network town box"


def test_a_removed_container_is_there_when_one_looks_back(page, learner, complaints):
    learner.open("bridge")
    learner.run("h1", RUN)
    chip = page.locator("live-views .places").get_by_role("radio", name="h1/web", exact=True)
    expect(chip).to_be_visible()
    learner.run("h1", "docker rm -f web")
    expect(chip).to_have_count(0)
    learner.choose("h1", "Timeline")
    slider = page.get_by_role("slider", name="Moment")
    slider.press("Home")
    banner = page.locator(".then-banner")
    expect(banner).to_contain_text("You are looking at")
    page.get_by_role("button", name="Mark A here").click()

    page.locator(".happenings li", has_text="h1/web is gone").locator("button.go").click()
    expect(banner).to_contain_text("before h1/web is gone")
    expect(chip).to_be_visible()
    expect(page.locator("net-map .picture").get_by_role("button", name="Container web")).to_be_visible()
    learner.run("h1", "docker network create meanwhile")  # what comes now is folded in silently
    expect(page.locator("net-map .picture").get_by_role("button", name="Bridge meanwhile")).to_have_count(0)

    page.get_by_role("button", name="Mark B here").click()
    page.get_by_role("button", name="Compare A and B").click()
    compared = page.get_by_role("region", name="What differs between A and B")
    expect(compared.locator("details.differs.added > summary", has_text="h1/web")).to_contain_text("appeared")
    expect(compared.locator("ins", has_text="container web running")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    told = json.loads(download.value.path().read_text())
    assert "h1/web" in told["compared"]["b"]["places"]
    assert "h1/web" not in told["compared"]["a"]["places"]
    assert {"number", "at", "source", "place", "text"} <= told["timeline"][0].keys()

    slider.press("Escape")
    expect(banner).to_be_hidden()
    expect(chip).to_have_count(0)
    expect(page.locator("net-map .picture").get_by_role("button", name="Bridge meanwhile")).to_be_visible()


def test_a_command_typed_is_a_line_and_one_click_compares_before_and_after_it(page, learner, complaints):
    learner.open("bridge")
    learner.run("h1", RUN)
    learner.run("h1", "docker network create other")
    learner.run("h1", "docker network connect other web")
    learner.run("h1", "docker exec web ip -4 addr")
    learner.choose("h1", "Timeline")
    lines = page.locator(".happenings li")
    connect = lines.filter(has=page.locator("code", has_text="docker network connect other web"))
    expect(connect).to_have_count(1)
    expect(connect.locator(".where")).to_have_text("h1")
    page.get_by_role("button", name="Commands only").click()
    expect(lines).to_have_count(5)  # the first two were given at once
    expect(lines.locator("code").first).to_have_text("docker exec web ip -4 addr")

    connect.get_by_role("button", name="Compare before and after").click()
    compared = page.get_by_role("region", name="What differs between A and B")
    expect(compared.get_by_role("heading")).to_contain_text("before h1: docker exec web ip -4 addr")
    web = compared.locator("details.differs", has=page.locator("summary", has_text="h1/web"))
    expect(web.locator("ins", has_text="eth1").first).to_be_visible()
    expect(compared.locator("ins", has_text="docker exec")).to_have_count(0)
    assert "eth1" not in " ".join(web.locator("del").all_text_contents())

    banner = page.locator(".then-banner")
    connect.locator(".what code").click()  # the line itself, not only its time
    expect(banner).to_contain_text("before h1: docker network connect other web")
    page.keyboard.press("Escape")
    expect(banner).to_be_hidden()


def test_what_was_before_a_reload_can_be_looked_at_and_is_exported(page, learner, complaints):
    learner.open("bridge")
    learner.run("h1", RUN)
    learner.run("h1", "docker rm -f web")
    page.reload()
    learner.wait_ready()
    chip = page.locator("live-views .places").get_by_role("radio", name="h1/web", exact=True)
    expect(chip).to_have_count(0)
    learner.choose("h1", "Timeline")
    said = page.locator(".time-said")
    expect(said).to_contain_text("That is when the sandbox was new")
    gone = page.locator(".happenings li", has_text="h1/web is gone")
    expect(gone).to_have_count(1)
    gone.locator("button.go").click()
    expect(page.locator(".then-banner")).to_contain_text("before h1/web is gone")
    expect(chip).to_be_visible()
    expect(page.locator("net-map .picture").get_by_role("button", name="Container web")).to_be_visible()
    page.get_by_role("slider", name="Moment").press("Home")
    expect(page.locator("net-map .picture").get_by_role("button", name="Bridge town")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    told = json.loads(download.value.path().read_text())
    assert told["pictures_since"]["whole"]
    assert "h1" in told["pictures"]["places"]
    assert any(change["type"] == "place_seen" and change["place"]["id"] == "h1/web" for change in told["pictures"]["changes"])


def test_where_commands_are_not_listed_the_timeline_says_so(page, learner, complaints):
    learner.open("bridge")
    learner.choose("h1", "Timeline")
    expect(page.get_by_role("button", name="Commands only")).to_be_visible()
    page.evaluate(
        """() => {
            const { store } = document.querySelector("live-sandbox");
            const snapshot = { number: store.number, places: Object.fromEntries(store.places), docker: {}, gone: [],
                no_commands: "Commands are not listed on this node: because." };
            store.apply({ type: "snapshot_taken", number: store.number, at: 1, snapshot, resync: true });
        }"""
    )
    expect(page.locator(".time-said")).to_contain_text("Commands are not listed on this node: because.")
    expect(page.get_by_role("button", name="Commands only")).to_be_hidden()


def test_guess_then_measure_then_see_why(page, learner, complaints):
    learner.open("bridge")
    learner.run("h1", RUN)
    page.locator("live-views").get_by_role("tab", name="Reach").click()
    grid = page.locator("reach-grid")
    guess = grid.get_by_role("button", name="outside to h1/web")
    guess.click()
    expect(guess).to_have_accessible_name("outside to h1/web: you say yes")
    grid.get_by_role("button", name="h1 to h1/web").press("Enter")
    grid.get_by_role("button", name="Measure", exact=True).click()
    expect(grid.get_by_role("status")).to_contain_text("You were right in 1 of 2", timeout=30_000)
    wrong = grid.get_by_role("button", name="outside to h1/web: no you: yes")
    wrong.click()
    expect(grid).to_contain_text("is no machine of this sandbox: the LAN leads nowhere else")
    grid.get_by_text("How is this known?").click()
    expect(grid).to_contain_text("ip route get 172.18.0.2")
    wrong.press("ArrowLeft")
    expect(grid.get_by_role("button", name="outside to h1: yes")).to_be_focused()
    grid.get_by_role("button", name="By name").click()
    grid.get_by_role("button", name="h1 to h1/web: no").click()
    expect(grid).to_contain_text("user-defined networks")
    page.reload()
    learner.wait_ready()
    page.locator("live-views").get_by_role("tab", name="Reach").click()
    expect(grid.get_by_role("status")).to_contain_text("You were right in 1 of 2")  # neither guesses nor grid are lost
    grid.get_by_role("button", name="By address").click()
    wrong.click()
    grid.get_by_role("button", name="Follow this ping").click()
    expect(page.locator("packet-journey .journey-said")).not_to_be_empty()
