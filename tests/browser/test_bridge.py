"""A newcomer plays the bridge lesson to green, by clicking its commands and typing the challenge's solution."""

from playwright.sync_api import expect

from explorer.lessons.load import load_lessons


def test_the_bridge_lesson_turns_green(page, learner, complaints):
    lesson = load_lessons()["bridge"]
    learner.open("bridge")
    page.evaluate("localStorage.setItem('typing', 'run')")
    page.reload()
    learner.wait_ready()
    for number, step in enumerate(lesson.steps, start=1):
        expect(page.locator("#step-title")).to_contain_text(step.title)
        learner.guess()
        learner.click_commands(step)
        for one in step.solution:
            learner.run(one.place, one.command)
        expect(page.locator("#step .check.passed")).to_have_count(len(step.checks), timeout=30_000)
        for asked in step.predictions:
            expect(page.locator(f"form.prediction[data-prediction='{asked.id}'].answered")).to_be_visible()
        expect(page.locator("#step .part.waiting")).to_have_count(0)
        if step.id == "out":
            page.get_by_role("link", name="follow one request").click()
            expect(page.locator("packet-journey")).to_contain_text("MASQUERADE")
        if number < len(lesson.steps):
            page.locator(".step-nav [rel=next]").click()
    expect(page.locator("#summary dl")).to_be_visible()
    page.goto("/")
    expect(page.locator(".card-driver", has_text="bridge").get_by_text("Done")).to_be_visible()


def test_a_click_only_types_until_the_learner_says_run(page, learner, complaints):
    learner.open("bridge")
    button = page.locator("#step button.run").first
    command = button.get_attribute("data-command")
    button.click()
    expect(learner.screen).to_contain_text(f"# {command}")
    page.wait_for_timeout(700)
    assert learner.screen.inner_text().count("#") == 1
    page.keyboard.press("Enter")
    learner.settle("h1", command)


def test_a_change_lights_up_and_says_why(page, learner, complaints):
    learner.open("bridge")
    learner.type("h1", "docker run -d --name web -p 8080:80 box")
    expect(page.locator("net-map").get_by_role("button", name="container web")).to_be_visible()
    expect(page.locator("net-map .nic")).to_contain_text("8080 → web:80")
    learner.choose("h1", "Rules")
    rule = page.locator("live-table .item.explained", has_text="--dport 8080").first
    rule.locator(".row").click()
    expect(rule.locator(".why")).to_contain_text("8080")
    learner.choose("h1", "Interfaces")
    learner.type("h1", "docker rm -f web")
    expect(page.locator("live-table .item.removed")).to_have_count(1)
    expect(page.locator("net-map").get_by_role("button", name="container web")).to_have_count(0)
