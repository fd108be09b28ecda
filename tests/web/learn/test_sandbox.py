"""Open, extend, reset, close, look: works, refuses the wrong method, refuses the stranger, does nothing twice."""

import pytest

from explorer.sandboxes.models import Action, Learner, Sandbox

ACTIONS = ("extend", "reset", "close")


def test_opening_makes_a_learner_and_a_sandbox(strangers, node, htmx):
    answer = strangers.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx)
    sandbox = Sandbox.objects.get()
    assert f'data-sandbox="{sandbox.pk}"' in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert sandbox.learner == Learner.objects.get()


def test_opening_without_javascript_leads_back_to_the_lesson(strangers, node):
    assert strangers.post("/sandboxes/open/", {"lesson": "bridge"}).url == "/learn/bridge/"


def test_opening_twice_gives_the_same_one(adas, node):
    for _ in range(2):
        adas.post("/sandboxes/open/", {"lesson": "bridge"})
    assert Sandbox.objects.count() == 1


def test_opening_for_another_lesson_turns_the_running_one_to_it(adas, sandbox):
    adas.post("/sandboxes/open/", {"lesson": "start-here"})
    sandbox.refresh_from_db()
    assert (sandbox.lesson, Sandbox.objects.count()) == ("start-here", 1)


def test_a_sandbox_of_another_scenario_is_not_taken_for_the_right_one(adas, sandbox, htmx):
    Sandbox.objects.update(scenario="two-hosts")
    page = adas.get("/learn/bridge/").content.decode()
    assert "This lesson needs another sandbox" in page
    assert "Two Docker hosts on one LAN" in page
    assert "One Docker host and a machine outside it." in page
    answer = adas.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx)
    assert answer.status_code == 409
    assert f'name="instead" value="{sandbox.pk}"' in answer.content.decode()
    sandbox.refresh_from_db()
    assert sandbox.state == "ready", "nothing is closed unasked"


def test_one_button_closes_it_and_opens_the_right_one(adas, sandbox, ada):
    Sandbox.objects.update(scenario="two-hosts")
    adas.post("/sandboxes/open/", {"lesson": "bridge", "instead": sandbox.pk})
    sandbox.refresh_from_db()
    fresh = Sandbox.objects.exclude(pk=sandbox.pk).get()
    assert (sandbox.state, fresh.scenario, fresh.learner) == ("closing", "one-host", ada)


@pytest.mark.parametrize("lesson", ["", "nothing", "<b>", "../bridge"])
def test_opening_for_no_lesson_of_ours_is_not_found(strangers, node, lesson):
    assert strangers.post("/sandboxes/open/", {"lesson": lesson}).status_code == 404
    assert not Learner.objects.exists()


def test_opening_needs_a_post(strangers):
    assert strangers.get("/sandboxes/open/").status_code == 405


def test_full_is_said_kindly(adas, node, ben, htmx):
    node.capacity = 0
    node.save()
    answer = adas.post("/sandboxes/open/", {"lesson": "bridge"}, headers=htmx)
    assert answer.status_code == 503
    assert "Every sandbox is taken" in answer.content.decode()
    assert 'id="sandbox"' in answer.content.decode()


def test_no_node_is_said_to_be_ours_to_fix(adas):
    answer = adas.post("/sandboxes/open/", {"lesson": "bridge"})
    assert answer.status_code == 503
    assert "No machine to run it on" in answer.content.decode()


def test_too_many_opens_are_refused(adas, node, ada, settings):
    settings.OPENS_PER_HOUR = 1
    old = Sandbox.objects.create(learner=ada, state="closed")
    Action.objects.create(sandbox=old, kind="open", state="succeeded")
    assert adas.post("/sandboxes/open/", {"lesson": "bridge"}).status_code == 409


def test_extending_adds_time_and_the_last_extension_ends_it(adas, sandbox, settings, htmx):
    settings.SANDBOX_EXTENSIONS = 1
    before = sandbox.expires_at
    assert adas.post(f"/sandboxes/{sandbox.pk}/extend/", headers=htmx).status_code == 200
    sandbox.refresh_from_db()
    assert sandbox.expires_at > before
    answer = adas.post(f"/sandboxes/{sandbox.pk}/extend/", headers=htmx)
    assert answer.status_code == 409
    assert "most there is" in answer.content.decode()


def test_resetting_twice_is_one_reset(adas, sandbox, htmx):
    for _ in range(2):
        assert adas.post(f"/sandboxes/{sandbox.pk}/reset/", headers=htmx).status_code == 200
    assert Action.objects.filter(sandbox=sandbox, kind="reset").count() == 1


def test_closing_shows_that_it_is_closed_and_twice_does_no_more(adas, sandbox, htmx):
    for _ in range(2):
        answer = adas.post(f"/sandboxes/{sandbox.pk}/close/", headers=htmx)
        assert answer.status_code == 200
        assert "<live-sandbox" not in answer.content.decode()
    assert Action.objects.filter(sandbox=sandbox, kind="close").count() == 1


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_need_a_post(adas, sandbox, action):
    assert adas.get(f"/sandboxes/{sandbox.pk}/{action}/").status_code == 405


@pytest.mark.parametrize("action", ACTIONS)
def test_anothers_sandbox_and_none_at_all_look_the_same(bens, strangers, sandbox, action, htmx):
    for client in (bens, strangers):
        there = client.post(f"/sandboxes/{sandbox.pk}/{action}/", headers=htmx)
        nowhere = client.post(f"/sandboxes/nosuchsandbo/{action}/", headers=htmx)
        assert (there.status_code, there.content) == (404, nowhere.content)
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"


def test_looking_is_refused_to_others(bens, sandbox, htmx):
    assert bens.get(f"/sandboxes/{sandbox.pk}/", headers=htmx).status_code == 404


@pytest.mark.parametrize(
    ("state", "words"),
    [("expired", "Its time was over"), ("closed", "Closed"), ("failed", "could not be kept"), ("closing", "Closed")],
)
def test_what_is_over_says_how_it_ended(adas, sandbox, state, words, htmx):
    Sandbox.objects.filter(pk=sandbox.pk).update(state=state, reason="the host stopped")
    page = adas.get(f"/sandboxes/{sandbox.pk}/", headers=htmx).content.decode()
    assert words in page
    assert "Open a new sandbox" in page


@pytest.mark.parametrize("state", ["queued", "opening", "ready", "resetting"])
def test_what_lives_is_live(adas, sandbox, state, htmx):
    Sandbox.objects.filter(pk=sandbox.pk).update(state=state)
    assert "<live-sandbox" in adas.get(f"/sandboxes/{sandbox.pk}/", headers=htmx).content.decode()


def test_an_address_typed_by_hand_leads_to_the_lesson(adas, sandbox):
    assert adas.get(f"/sandboxes/{sandbox.pk}/").url == "/learn/bridge/"


def test_markup_in_a_reason_is_text(adas, sandbox, htmx):
    Sandbox.objects.filter(pk=sandbox.pk).update(state="failed", reason="<img src=x onerror=alert(1)>")
    page = adas.get(f"/sandboxes/{sandbox.pk}/", headers=htmx).content.decode()
    assert "<img" not in page
    assert "&lt;img" in page


def test_a_form_of_another_site_is_refused(ada, sandbox):
    from django.conf import settings as django_settings

    from tests.web.conftest import browser_of

    client = browser_of(ada)
    client.handler.enforce_csrf_checks = True
    answer = client.post(f"/sandboxes/{sandbox.pk}/close/")
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()
    assert django_settings.SESSION_COOKIE_NAME in client.cookies


def test_too_much_from_one_place_is_refused_and_does_nothing(adas, sandbox, monkeypatch, htmx):
    monkeypatch.setattr("explorer.web.edge.limits.allow", lambda *_: False)
    answer = adas.post(f"/sandboxes/{sandbox.pk}/close/", headers=htmx)
    assert (answer.status_code, answer["HX-Reswap"]) == (429, "none")
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"


def test_a_sandbox_whose_time_is_over_says_so_while_it_is_taken_down(adas, sandbox, htmx):
    Sandbox.objects.filter(pk=sandbox.pk).update(state="closing", phase="expired")
    assert "Its time was over" in adas.get(f"/sandboxes/{sandbox.pk}/", headers=htmx).content.decode()
