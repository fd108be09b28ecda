"""What every page says about itself, and what no form may do."""

import re

import pytest
from django.test import Client

from tests.attacks import attack

pytestmark = pytest.mark.django_db
PAGES = ["/", "/about/", "/learn/bridge/", "/nowhere/"]


def policy(response):
    return dict(part.split(None, 1) for part in response["Content-Security-Policy"].split("; "))


@pytest.mark.parametrize("page", PAGES)
def test_content_security_policy(client, page):
    said = policy(client.get(page))
    assert said["default-src"] == said["connect-src"] == said["form-action"] == "'self'"
    assert said["object-src"] == said["base-uri"] == said["frame-ancestors"] == "'none'"
    for kind in ("script-src", "style-src"):
        assert "unsafe" not in said[kind]
        assert "*" not in said[kind]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_inline_without_the_nonce_of_this_very_answer(client, page):
    first, second = client.get(page), client.get(page)
    nonces = [set(re.findall(r"'nonce-([^']+)'", response["Content-Security-Policy"])) for response in (first, second)]
    assert not nonces[0] & nonces[1]
    text = first.content.decode()
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", text):
        assert re.search(r'nonce="([^"]+)"', tag) or "src=" in tag, tag
    assert not re.search(r"<[^>]+\s(?:style|on[a-z]+)=", text)
    assert "javascript:" not in text


@pytest.mark.parametrize("page", PAGES)
def test_further_headers(client, page):
    response = client.get(page)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "microphone=()" in response["Permissions-Policy"]


def test_reading_makes_nobody_a_learner_and_sets_no_session(client):
    for page in PAGES:
        assert "sessionid" not in client.get(page).cookies


@pytest.fixture
def strict():
    return Client(enforce_csrf_checks=True)


@attack("a form without its token", origin="page", expected="refused", held_by="CSRF token")
def test_a_form_without_its_token_is_refused(strict):
    assert strict.post("/sandboxes/open/", {"lesson": "bridge"}).status_code == 403


@attack("a form sent by {origin}", origin="page", expected="refused", held_by="exact origins")
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver.evil.example"])
def test_a_form_of_another_site_is_refused_even_with_a_token(strict, origin):
    strict.get("/learn/bridge/")
    token = strict.cookies["csrftoken"].value
    answer = strict.post("/sandboxes/open/", {"lesson": "bridge"}, headers={"X-CSRFToken": token, "Origin": origin})
    assert answer.status_code == 403


@attack("a huge form", origin="page", expected="refused", held_by="a limit of the body")
def test_a_huge_body_is_refused(client):
    assert client.post("/sandboxes/open/", {"lesson": "x" * 100_000}).status_code == 400


@attack("Host: {host}", origin="page", expected="refused", held_by="known host names")
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "<script>"])
def test_an_unknown_host_name_is_refused(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 400


def test_the_session_cookie_is_out_of_reach_of_scripts(client, settings):
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
