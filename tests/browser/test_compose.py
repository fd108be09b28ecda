"""A Compose project in the page: one line of the timeline, a box on the map, an owner in Added."""

from playwright.sync_api import expect

SERVICES = "services:\\n  web: {image: box, ports: [8080:80]}\\n  db: {image: box}\\n"
FILE = f"mkdir -p /srv/shop && cd /srv/shop && printf '{SERVICES}' > compose.yaml"

WITHIN = """() => {  // the box of the project stands around both containers and the bridge, once nothing moves any more
    const area = (one) => one.querySelector('rect').getBoundingClientRect();
    const around = area(document.querySelector('net-map .shape.project'));
    const inner = ['h1/shop-web-1', 'h1/shop-db-1'].map((id) => document.querySelector(`[data-shape="${id}"]`));
    const bridges = [...document.querySelectorAll('net-map .shape.bridge')];
    const bridge = bridges.find((one) => one.textContent.includes('shop_default'));
    return [...inner, bridge].every((one) => {
        const { left, right, top, bottom } = area(one);
        return left >= around.left && right <= around.right && top >= around.top && bottom <= around.bottom;
    });
}"""


def test_up_and_down(page, learner, complaints):
    learner.open()
    learner.run("h1", FILE)
    learner.run("h1", "docker compose up -d")
    box = page.locator("net-map .picture").get_by_role("button", name="Compose project shop")
    expect(box).to_be_visible()
    expect(page.locator("net-map .shape.container")).to_have_count(2)
    page.wait_for_function(WITHIN)
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
