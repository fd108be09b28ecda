"""The version of Docker Engine on the page: offered where there is a choice, said when the running one is another."""

import pytest

from explorer.sandboxes.models import Sandbox


@pytest.fixture
def both(node):
    node.health = {"engines": ["26", "28"]}
    node.save()
    return node


def test_without_a_choice_nothing_is_asked(strangers, node):
    assert '<select name="engine"' not in strangers.get("/learn/bridge/").content.decode()


def test_a_choice_is_offered_and_the_usual_one_is_chosen(strangers, both):
    page = strangers.get("/learn/bridge/").content.decode()
    assert '<option value="26" selected>' in page
    assert '<option value="28">' in page


def test_the_chosen_one_is_opened(adas, both):
    adas.post("/sandboxes/open/", {"lesson": "bridge", "engine": "28"})
    assert Sandbox.objects.get().engine == "28"


def test_where_only_the_other_is_there_it_is_opened(adas, node):
    node.health = {"engines": ["28"]}
    node.save()
    adas.post("/sandboxes/open/", {"lesson": "bridge"})
    assert Sandbox.objects.get().engine == "28"


def test_one_that_is_not_there_is_refused_kindly(adas, node, htmx):
    answer = adas.post("/sandboxes/open/", {"lesson": "bridge", "engine": "28"}, headers=htmx)
    assert answer.status_code == 503
    assert "Not this version now" in answer.content.decode()


@pytest.mark.parametrize("engine", ["0", "<script>", "28;"])
def test_nonsense_is_refused(adas, both, htmx, engine):
    answer = adas.post("/sandboxes/open/", {"lesson": "bridge", "engine": engine}, headers=htmx)
    assert answer.status_code == 409
    assert not Sandbox.objects.exists()


def test_a_running_one_of_another_version_is_said_with_a_way_to_change(adas, both, sandbox, htmx):
    page = adas.post("/sandboxes/open/", {"lesson": "bridge", "engine": "28"}, headers=htmx).content.decode()
    assert "You asked for Docker Engine 28. Your sandbox runs Docker Engine 26" in page
    adas.post("/sandboxes/open/", {"lesson": "bridge", "engine": "28", "instead": sandbox.pk}, headers=htmx)
    sandbox.refresh_from_db()
    assert sandbox.state == "closing"
    assert Sandbox.objects.exclude(pk=sandbox.pk).get().engine == "28"


def test_without_javascript_it_is_said_on_the_lessons_page(adas, both, sandbox):
    answer = adas.post("/sandboxes/open/", {"lesson": "bridge", "engine": "28"})
    assert answer.url == "/learn/bridge/?engine=28"
    assert "You asked for Docker Engine 28" in adas.get(answer.url).content.decode()


def test_anothers_sandbox_is_not_closed(bens, both, sandbox, htmx):
    bens.post("/sandboxes/open/", {"lesson": "bridge", "engine": "28", "instead": sandbox.pk}, headers=htmx)
    sandbox.refresh_from_db()
    assert sandbox.state == "ready"
