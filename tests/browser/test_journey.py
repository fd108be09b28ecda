"""A packet's way on the page: asked for, told hop by hop, and shown on the map; with the keyboard alone."""

from playwright.sync_api import expect


def test_a_request_is_followed_to_the_container(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name web -p 8080:80 box")
    learner.choose("h1", "Journey")
    page.get_by_label("From").select_option("outside")
    page.get_by_label("Kind of packet").select_option("http")
    page.get_by_label("To", exact=True).fill("h1")
    page.get_by_label("Port").fill("8080")
    page.get_by_role("button", name="Send and follow").click()
    request = page.get_by_role("region", name="The request's way")
    expect(request).to_contain_text("delivered to h1/web")
    hop = request.get_by_role("button", name="DNAT: destination")
    hop.click()
    expect(request).to_contain_text("Because web publishes 8080:80")
    expect(page.locator("net-map .packet")).to_be_attached()
    expect(page.get_by_role("region", name="The answer's way")).to_contain_text("connection tracking: source 172.17.0.2:80")


def test_with_the_keyboard_alone_and_to_nowhere(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name web box")
    page.locator(".view-tab[aria-selected=true]").focus()
    for _ in range(10):
        if page.locator(".view-tab[aria-selected=true]").inner_text() == "Journey":
            break
        page.keyboard.press("ArrowRight")
    page.get_by_label("From").focus()
    page.keyboard.type("h1/web")
    page.get_by_label("To", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("172.17.0.99\n")
    request = page.get_by_role("region", name="The request's way")
    expect(request).to_contain_text("nobody answered")
    request.get_by_role("button", name="Step on").focus()
    page.keyboard.press("Enter")
    expect(request.locator(".hop.now")).to_have_count(1)


def test_the_learners_own_packet(page, learner, complaints):
    learner.open()
    learner.choose("h1", "Journey")
    page.get_by_label("From").select_option("h1")
    page.get_by_label("Kind of packet").select_option("record")
    page.get_by_role("button", name="Wait for it").click()
    expect(page.locator(".journey-said")).to_contain_text("do something in h1")
    page.wait_for_timeout(1000)
    learner.run("h1", "ping -c 1 outside")
    expect(page.get_by_role("region", name="The request's way")).to_contain_text("delivered to outside")


def test_a_place_that_is_gone_is_said(page, learner, complaints):
    learner.open()
    learner.run("h1", "docker run -d --name web box")
    learner.choose("h1", "Journey")
    page.get_by_label("From").select_option("h1/web")
    page.get_by_label("To", exact=True).fill("<b>no</b>")
    page.get_by_role("button", name="Send and follow").click()
    expect(page.locator(".journey-said")).to_contain_text("<b>no</b>")
    expect(page.locator(".journey-said b")).to_have_count(0)
