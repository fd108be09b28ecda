"""The playground: chosen, opened, opened from a link, kept as a link; a link that is not ours is refused."""

import pytest

from explorer.sandboxes.models import Action, Sandbox

LINK = "hosts=2&machines=outside&net=h1,front,bridge,subnet=172.30.0.0/24&run=h1,web,front,p=8080:80"


def test_a_plain_choice_opens_the_scenario_of_that_name(strangers, node):
    assert strangers.get("/playground/").status_code == 200
    answer = strangers.post("/playground/open/", {"hosts": "2", "machines": ["outside"]})
    assert answer.url == "/playground/"
    assert Sandbox.objects.get().scenario == "two-hosts"
    page = strangers.get("/playground/").content.decode()
    assert "<live-sandbox" in page
    assert "Save as a link" in page
    assert "It began with: 2 Docker hosts; the machine outside." in page, "before the sandbox is ready, too"


def test_a_swarm_is_said_to_have_begun_as_one(strangers, node):
    strangers.post("/playground/open/", {"hosts": "2", "machines": ["outside"], "swarm": "1"})
    assert Sandbox.objects.get().scenario == "swarm"
    assert "2 Docker hosts in a swarm" in strangers.get("/playground/").content.decode()


def test_a_link_opens_what_it_says(strangers, node):
    page = strangers.get(f"/playground/?{LINK}").content.decode()
    assert "networks front; containers web" in page
    strangers.post("/playground/open/", {"layout": LINK})
    sandbox = Sandbox.objects.get()
    assert (sandbox.scenario, sandbox.layout["containers"][0]["publish"]) == ("free", ["8080:80"])


@pytest.mark.parametrize("query", ["hosts=9", "run=h1,-v,bridge", "x=<script>"])
def test_a_link_that_is_not_ours_is_refused_clearly(strangers, node, query):
    for answer in (strangers.get(f"/playground/?{query}"), strangers.post("/playground/open/", {"layout": query})):
        assert answer.status_code == 400
        assert "This link is not right" in answer.content.decode()
        assert "<script>alert" not in answer.content.decode()
    assert not Sandbox.objects.exists()


def test_one_that_runs_is_closed_only_when_that_is_said(adas, sandbox):
    assert adas.post("/playground/open/", {"layout": LINK}).status_code == 409
    assert sandbox.pk in adas.get(f"/playground/?{LINK}").content.decode()
    adas.post("/playground/open/", {"layout": LINK, "instead": sandbox.pk})
    sandbox.refresh_from_db()
    assert (sandbox.state, Sandbox.objects.exclude(pk=sandbox.pk).get().scenario) == ("closing", "free")


def test_free_sandboxes_are_under_the_same_quota(adas, ada, node, settings):
    settings.OPENS_PER_HOUR = 0
    assert adas.post("/playground/open/", {"layout": LINK}).status_code == 409
    assert not Action.objects.exists()


def test_without_a_picture_there_is_nothing_to_save(adas, sandbox):
    assert "nothing to save yet" in adas.get("/playground/link/").content.decode()
