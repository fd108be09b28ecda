"""A Compose project in the page: one line of the timeline, a box on the map, an owner in Added."""

from playwright.sync_api import expect

SERVICES = "services:\\n  web: {image: box, ports: [8080:80]}\\n  db: {image: box}\\n"
FILE = f"mkdir -p /srv/shop && cd /srv/shop && printf '{SERVICES}' > compose.yaml"


def test_up_and_down(page, learner, complaints):
    learner.open()
    learner.run("h1", FILE)
    learner.run("h1", "docker compose up -d")
    box = page.locator("net-map .picture").get_by_role("button", name="Compose project shop")
    expect(box).to_be_visible()
    inside, around = page.locator("net-map .shape.container"), page.locator("net-map .shape.project > rect")
    expect(inside).to_have_count(2)
    frame = around.bounding_box()
    for one in inside.all():
        place = one.locator("rect").first.bounding_box()
        assert frame["x"] <= place["x"]
        assert place["x"] + place["width"] <= frame["x"] + frame["width"] + 1
        assert frame["y"] <= place["y"]
        assert place["y"] + place["height"] <= frame["y"] + frame["height"] + 1
    box.click()
    expect(page.locator(".map-card")).to_contain_text("1 network, 2 services, 2 containers")
    learner.choose("h1", "Timeline")
    head = page.locator("time-line li", has_text="compose up made network shop_default")
    expect(head).to_contain_text("project shop, services", timeout=60_000)
    head.get_by_role("button", name="Compare before and after").click()
    expect(page.locator(".time-compared")).to_contain_text("network shop_default")
    learner.choose("h1", "Added")
    page.locator("what-added").get_by_role("button", name="shop Compose project").click()
    expect(page.locator("what-added")).to_contain_text("By its labels, shop-web-1 is service web of project shop.")
    expect(page.locator("what-added").get_by_role("heading", name="Container shop-web-1")).to_be_visible()
    learner.run("h1", "docker compose down")
    expect(box).to_have_count(0)
