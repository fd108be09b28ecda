"""About and errors: limits are the settings, errors say whose they are, and every page has its policy."""

import pytest
from django.test import RequestFactory

from explorer.web.edge import errors


def test_about_quotes_the_limits_as_they_are_set(strangers, settings):
    settings.SANDBOX_MINUTES, settings.HOST_MEMORY_MB = 47, 333
    page = strangers.get("/about/").content.decode()
    assert "47 minutes" in page
    assert "333 MB" in page


def test_about_refuses_posts(strangers):
    assert strangers.post("/about/").status_code == 405


def test_not_found_is_a_page_of_ours(strangers):
    answer = strangers.get("/no/such/page")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_an_error_leaves_the_page_as_it_is_for_htmx(strangers, htmx):
    answer = strangers.get("/no/such/page", headers=htmx)
    assert "<html" not in answer.content.decode()
    assert answer["HX-Reswap"] == "none"


@pytest.mark.parametrize("status", sorted(errors.WORDS))
def test_every_error_has_its_words(status, db):
    answer = errors.show_error(RequestFactory().get("/"), status)
    assert answer.status_code == status
    assert errors.WORDS[status][0] in answer.content.decode()


def test_our_mistakes_do_not_show_their_insides(strangers, monkeypatch):
    def broken():
        raise RuntimeError("secret detail")

    monkeypatch.setattr("explorer.web.learn.home.library.lessons", broken)
    strangers.raise_request_exception = False
    answer = strangers.get("/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.content.decode()
    assert "That was our mistake" in answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/about/", "/learn/bridge/", "/no/such/page"])
def test_every_page_has_a_policy_with_a_nonce_and_nothing_inline(strangers, path):
    answer = strangers.get(path)
    policy = answer["Content-Security-Policy"]
    assert "'nonce-" in policy
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count("src=")


@pytest.mark.parametrize("path", ["/", "/about/", "/learn/bridge/"])
def test_every_page_can_be_read_by_structure(strangers, path):
    page = strangers.get(path).content.decode()
    assert page.count("<h1") == 1
    assert 'lang="en"' in page
    assert 'href="#main"' in page
    assert 'id="main"' in page
