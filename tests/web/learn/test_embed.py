"""A lesson embedded elsewhere: who may show it, who its reader is without a cookie, what a pass opens, the way out."""

import re

import pytest
from django.test import Client

from explorer.classroom.people.embed_pass import HEADER, begin_embed, write_hand_over, write_pass
from explorer.sandboxes.models import Learner, Sandbox
from tests.attacks import attack
from tests.redis_fixture import *  # noqa: F403

SITE, OTHER = "https://docs.example.org", "https://wiki.example.org"
ORIGIN = "http://testserver"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _listed(settings, valkey):
    settings.EMBED_SITES = [SITE, OTHER]
    settings.ORIGINS = [ORIGIN]


@pytest.fixture
def embed():
    return begin_embed(SITE)


@pytest.fixture
def strict():
    """A browser that is held to everything: forged forms are refused."""
    return Client(enforce_csrf_checks=True)


def carried(embed, **more):
    return {HEADER: write_pass(embed), "HX-Request": "true", **more}


def open_in(browser, embed, **more):
    return browser.post("/sandboxes/open/", {"lesson": "bridge"}, headers=carried(embed), **more)


# --- who may show it ---


def test_listed_sites_may_show_it_and_nobody_else(client):
    answer = client.get("/embed/bridge/")
    assert f"frame-ancestors {SITE} {OTHER};" in answer["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in answer
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"


@attack("{page} in a frame of another site", origin="page", expected="refused", held_by="frame-ancestors")
@pytest.mark.parametrize("page", ["/", "/learn/bridge/", "/playground/", "/compare/"])
def test_every_other_page_stays_shut(client, page):
    answer = client.get(page)
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_with_no_site_listed_there_is_only_the_lesson_itself(client, settings):
    settings.EMBED_SITES = []
    answer = client.get("/embed/bridge/?step=out")
    assert answer["Location"] == "/learn/bridge/?step=out"
    assert answer["X-Frame-Options"] == "DENY"


def test_begins_at_the_step_and_in_the_light_that_is_asked_for(client):
    text = client.get("/embed/bridge/?step=out&theme=dark").content.decode()
    assert 'data-step="out"' in text
    assert '<html lang="en" data-theme="night">' in text


@pytest.mark.parametrize("address", ["/embed/nothing/", "/embed/bridge/?step=nothing"])
def test_a_wrong_address_says_so_within_the_frame(client, address):
    answer = client.get(address)
    assert answer.status_code == 404
    assert "X-Frame-Options" not in answer


def test_has_no_way_around_the_site_and_says_whose_it_is(client):
    text = client.get("/embed/bridge/").content.decode()
    assert "site-nav" not in text
    assert "Docker Network Explorer" in text
    assert '<base target="_blank">' in text


# --- who its reader is ---


def test_sets_no_cookie_and_makes_nobody(client):
    answer = client.get("/embed/bridge/")
    assert not answer.cookies
    assert not Learner.objects.exists()
    assert answer["Cache-Control"] == "no-store"


def test_a_reader_without_cookies_opens_a_sandbox_by_the_pass_in_the_page(strict, node):
    told = re.search(r'name="explorer-embed" content="([^"]+)"', strict.get("/embed/bridge/").content.decode())
    headers = {HEADER: told[1], "HX-Request": "true"}
    answer = strict.post("/sandboxes/open/", {"lesson": "bridge"}, headers=headers)
    assert answer.status_code == 200
    assert not answer.cookies
    sandbox = Sandbox.objects.get()
    assert sandbox.pk in strict.get("/embed/bridge/", headers=headers).content.decode()
    assert sandbox.pk not in strict.get("/embed/bridge/").content.decode()


def test_the_same_pass_is_the_same_learner(strict, embed, node):
    open_in(strict, embed)
    strict.post("/learn/bridge/step/out/", headers=carried(embed))
    assert Learner.objects.get().pk == embed.learner


@attack(
    "an embedding pass, for another learner's sandbox",
    origin="page",
    expected="refused",
    held_by="permission asked for each object, before anything is told",
)
def test_a_pass_is_nobody_elses_key(strict, embed, sandbox):
    for address in (f"/sandboxes/{sandbox.pk}/reset/", f"/sandboxes/{sandbox.pk}/close/"):
        assert strict.post(address, headers=carried(embed)).status_code == 404


@attack("a session's cookie beside a pass", origin="page", expected="refused", held_by="cookies are removed")
def test_a_session_beside_a_pass_does_not_count(adas, embed, sandbox):
    assert adas.post(f"/sandboxes/{sandbox.pk}/reset/", headers=carried(embed)).status_code == 404
    assert sandbox.pk not in adas.get("/embed/bridge/").content.decode()


def test_without_a_valid_pass_forms_need_their_proof_and_a_bad_pass_is_sent_away(strict, sandbox, ada):
    assert strict.post("/sandboxes/open/", {"lesson": "bridge"}).status_code == 403
    assert strict.post("/sandboxes/open/", {"lesson": "bridge"}, headers={HEADER: "nonsense"}).status_code == 401
    assert strict.get("/embed/bridge/", headers={HEADER: ""}).status_code == 401


def test_a_session_still_needs_its_proof(adas, sandbox):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = adas.cookies
    assert strict.post(f"/sandboxes/{sandbox.pk}/reset/").status_code == 403
    assert strict.post(f"/sandboxes/{sandbox.pk}/reset/", headers={HEADER: "nonsense"}).status_code == 401


@attack("{address} with an embedding pass", origin="page", expected="refused", held_by="a list of addresses")
@pytest.mark.parametrize("address", ["/", "/playground/", "/compare/", "/admin/", "/healthz"])
def test_a_pass_opens_what_a_lesson_needs_and_no_more(client, embed, address):
    assert client.get(address, headers=carried(embed)).status_code == 404


@attack("an instructor's page with an embedding pass", origin="page", expected="refused", held_by="a list of addresses")
def test_a_pass_is_no_instructor(client, embed, admin_user):
    client.force_login(admin_user)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/", headers=carried(embed)).status_code == 404


def test_an_old_pass_is_renewed_by_the_answer(client, embed, monkeypatch):
    headers = carried(embed)
    assert HEADER not in client.get("/embed/bridge/", headers=headers)
    monkeypatch.setattr("explorer.classroom.people.embed_pass.RENEW_SECONDS", 0)
    assert client.get("/embed/bridge/", headers=headers)[HEADER].startswith(embed.learner.hex)


# --- what many embedded pages may take ---


@attack("sandboxes without end by new passes", origin="page", expected="contained", held_by="a number for each address")
def test_passes_cost_nothing_so_sandboxes_are_counted_by_address(strict, node, settings):
    settings.EMBED_OPENS_PER_ADDRESS = 2
    answers = [open_in(strict, begin_embed(SITE)).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert open_in(strict, begin_embed(SITE), REMOTE_ADDR="192.0.2.7").status_code == 200


def test_and_by_site(strict, node, settings):
    settings.EMBED_OPENS_PER_SITE = 1
    sites = [SITE, SITE, OTHER, "https://elsewhere.example", ""]
    addresses = [f"192.0.2.{number}" for number in range(5)]
    answers = [
        open_in(strict, begin_embed(site), REMOTE_ADDR=one).status_code for site, one in zip(sites, addresses, strict=True)
    ]
    assert answers == [200, 429, 200, 200, 429]


def test_a_page_says_what_it_may_not_do_any_more(strict, node, settings, embed):
    settings.EMBED_OPENS_PER_ADDRESS = 1
    open_in(strict, embed)
    assert "Open in full" in open_in(strict, embed).content.decode()


# --- the way out ---


@pytest.fixture
def worked(embed, strict, node):
    """The embedded page's learner, who has a sandbox."""
    open_in(strict, embed)
    return Learner.objects.get(pk=embed.learner)


def take_over(browser, code, origin=ORIGIN, **fields):
    return browser.post("/learn/bridge/take-over/", {"code": code, "step": "out", **fields}, headers={"Origin": origin})


def test_an_embedded_page_is_told_its_way_out(strict, embed):
    code = strict.post("/embed/bridge/hand-over/", headers=carried(embed)).content.decode()
    assert code.startswith(embed.learner.hex)
    assert strict.post("/embed/bridge/hand-over/").status_code == 403


def test_leads_to_a_tab_that_goes_on_as_the_same_learner(strict, embed, worked):
    answer = take_over(strict, write_hand_over(embed))
    assert answer["Location"] == "/learn/bridge/?step=out"
    assert strict.session["learner"] == str(embed.learner)
    assert Sandbox.objects.get().pk in strict.get("/learn/bridge/").content.decode()


@attack("a way out of an embedding, used twice", origin="page", expected="refused", held_by="good for one use")
def test_leads_there_once(strict, embed, worked):
    code = write_hand_over(embed)
    take_over(strict, code)
    thief = Client(enforce_csrf_checks=True)
    assert take_over(thief, code).status_code == 403
    assert "learner" not in thief.session
    assert take_over(strict, code).status_code == 302  # who is there already stays there


@attack("a way out sent by {origin!r}", origin="page", expected="refused", held_by="exact origins")
@pytest.mark.parametrize("origin", [SITE, "null", "https://evil.example", "http://testserver.evil.example", ""])
def test_another_sites_page_makes_nobody_somebody_else(strict, embed, worked, origin):
    assert take_over(strict, write_hand_over(embed), origin).status_code == 403
    assert "learner" not in strict.session


def test_whoever_has_work_here_is_asked_before_it_is_lost(adas, ada, sandbox, embed, worked):
    code = write_hand_over(embed)
    asked = take_over(adas, code)
    assert b"Whose work goes on here?" in asked.content
    assert adas.session["learner"] == str(ada.pk)
    assert take_over(adas, code, instead="1").status_code == 302
    assert adas.session["learner"] == str(embed.learner)


@pytest.mark.parametrize("code", ["", "nonsense"])
def test_without_a_way_out_it_is_only_a_link(strict, code):
    assert take_over(strict, code)["Location"] == "/learn/bridge/?step=out"
    assert "learner" not in strict.session


def test_who_only_read_takes_nothing_along(strict, embed):
    assert take_over(strict, write_hand_over(embed)).status_code == 302
    assert "learner" not in strict.session
