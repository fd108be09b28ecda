"""The home page: a card per driver, links only where a lesson is, and where this learner stands."""

from explorer.lessons.load import load_lessons
from explorer.network.drivers import DRIVERS
from explorer.sandboxes.models import Learner, Progress
from explorer.web.learn.drivers import make_cards


def test_every_driver_has_a_card(strangers):
    page = strangers.get("/").content.decode()
    for driver in DRIVERS.values():
        assert driver.diagram in page
        assert driver.title in page


def test_only_drivers_with_a_lesson_are_links(strangers):
    page = strangers.get("/").content.decode()
    taught = {lesson.driver for lesson in load_lessons().values()}
    assert page.count("Lesson coming") == len([name for name in DRIVERS if name not in taught])
    for lesson in load_lessons().values():
        assert f'href="/learn/{lesson.slug}/"' in page


def test_looking_makes_nobody_a_learner(strangers):
    strangers.get("/")
    assert not Learner.objects.exists()


def test_progress_shows(adas, ada):
    lesson = load_lessons()["bridge"]
    step = lesson.steps[0]
    Progress.objects.create(learner=ada, lesson="bridge", step=step.id, passed={step.id: [step.checks[0].id]})
    page = adas.get("/").content.decode()
    assert "Checks passed" in page
    assert "Go on: " in page


def test_a_finished_lesson_is_done(ada):
    progress = Progress(learner=ada, lesson="bridge", finished_at="2026-01-01T00:00Z")
    card = next(one for one in make_cards(load_lessons(), {"bridge": progress}) if one.driver.name == "bridge")
    assert card.finished


def test_progress_in_a_lesson_that_changed_does_no_harm(ada):
    progress = Progress(learner=ada, lesson="bridge", step="gone", passed={"gone": ["x"], "also-gone": 3})
    card = next(one for one in make_cards(load_lessons(), {"bridge": progress}) if one.driver.name == "bridge")
    assert (card.done, card.resume_step) == (0, "")


def test_a_running_sandbox_is_offered(adas, sandbox):
    assert "Back to your sandbox" in adas.get("/").content.decode()


def test_home_refuses_posts(strangers):
    assert strangers.post("/").status_code == 405
