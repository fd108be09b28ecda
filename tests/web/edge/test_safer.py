"""Cookies, headers, limits and checks of the edge."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client

from explorer import environment
from explorer.classroom.people.access import SESSION_KEY
from explorer.classroom.people.sessions import SessionStore
from explorer.launch import parts
from explorer.sandboxes.models import Learner
from explorer.web.edge.checks import check_production
from explorer.web.edge.cookies import FORMER
from explorer.web.edge.limits import at_most

pytestmark = pytest.mark.django_db
HOST = "__Host-sessionid"


def cookie_of(learner: Learner) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(learner.pk)
    session.save()
    return session.session_key


# --- cookies ---


def test_a_learners_cookie_of_before_is_taken_over_once(settings):
    settings.SESSION_COOKIE_NAME = HOST
    browser, learner = Client(), Learner.objects.create()
    browser.cookies[FORMER] = cookie_of(learner)
    answer = browser.get("/about/")
    assert SessionStore(answer.cookies[HOST].value)[SESSION_KEY] == str(learner.pk)
    assert answer.cookies[FORMER].value == ""
    assert answer.cookies[HOST]["path"] == "/"
    assert answer.cookies[HOST]["domain"] == ""


def test_beside_the_new_one_the_old_cookie_says_nothing(settings):
    settings.SESSION_COOKIE_NAME = HOST
    browser, mine, planted = Client(), Learner.objects.create(), Learner.objects.create()
    browser.cookies[HOST], browser.cookies[FORMER] = cookie_of(mine), cookie_of(planted)
    browser.get("/about/")
    assert browser.session[SESSION_KEY] == str(mine.pk)


def test_junk_is_not_taken_over(settings):
    settings.SESSION_COOKIE_NAME = HOST
    browser = Client()
    browser.cookies[FORMER] = "junk"
    assert browser.get("/about/").cookies[HOST].value == ""


# --- headers ---


def test_no_cache_keeps_a_page(client):
    assert "no-store" in client.get("/")["Cache-Control"]
    assert "no-store" in client.get("/join/")["Cache-Control"]


def test_the_panel_has_a_policy(client, operator):
    client.force_login(operator)
    policy = client.get("/admin/")["Content-Security-Policy"]
    for directive in ("default-src 'self'", "frame-ancestors 'none'", "object-src 'none'", "connect-src 'self'"):
        assert directive in policy
    assert "nonce-" not in policy
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy
    assert "'unsafe-inline'" not in client.get("/teach/")["Content-Security-Policy"]


# --- limits ---


@pytest.fixture
def send(rf, valkey):
    view = at_most(10, 60)(lambda request: HttpResponse("done"))
    view.__name__ = "something"

    def sent(learner: Learner | None = None, address: str = "10.0.0.1") -> int:
        request = rf.post("/", REMOTE_ADDR=address)
        request.session = {SESSION_KEY: str(learner.pk)} if learner else {}
        request.user = AnonymousUser()
        return view(request).status_code

    return sent


def test_one_pupil_does_not_use_up_what_a_school_may_send(send):
    loud, quiet = Learner.objects.create(), Learner.objects.create()
    assert [send(loud) for _ in range(4)] == [200, 200, 429, 429]
    assert send(quiet) == 200
    assert send() == 200


def test_who_has_no_session_counts_by_address(send):
    assert [send() for _ in range(11)] == [200] * 10 + [429]
    assert send(Learner.objects.create()) == 200
    assert send(address="10.0.0.2") == 200


# --- proxies ---


def test_no_proxy_is_believed_unless_it_is_named(settings):
    assert "--no-proxy-headers" in parts._web(None).argv
    settings.TRUSTED_PROXIES = ["10.0.0.5", "10.1.0.0/16"]
    argv = parts._web(None).argv
    assert argv[argv.index("--forwarded-allow-ips") + 1] == "10.0.0.5,10.1.0.0/16"
    assert "--no-proxy-headers" not in argv


@pytest.mark.parametrize("value", ["*", "proxy.example", "10.0.0.1/8", "10.0.0"])
def test_a_proxy_is_named_by_its_address(monkeypatch, value):
    monkeypatch.setattr(environment, "KNOWN", {})
    monkeypatch.setenv("EXPLORER_TRUSTED_PROXIES", value)
    with pytest.raises(environment.SettingError, match="no address or network"):
        environment.networks("EXPLORER_TRUSTED_PROXIES", "")


# --- checks ---


def test_what_is_not_safe_in_production_is_said(settings):
    settings.PRODUCTION, settings.TRUSTED_PROXIES, settings.ALLOWED_HOSTS = False, [], ["*"]
    settings.ORIGINS = ["http://lab.example"]
    assert [one.id for one in check_production(None)] == [f"explorer.W{number:03}" for number in (1, 2, 3, 4)]


def test_a_site_that_is_set_up_well_has_nothing_to_be_said(settings):
    settings.PRODUCTION, settings.TRUSTED_PROXIES, settings.ALLOWED_HOSTS = True, ["10.0.0.5"], ["lab.example"]
    settings.ORIGINS = ["https://lab.example"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS, settings.SECRET_KEY = 31_536_000, "k9" * 20 + "abcdefghijkl"
    assert [one for one in run_checks(include_deployment_checks=True) if not one.is_silenced()] == []


def test_in_production_the_program_finds_nothing_and_its_cookies_belong_to_one_host(tmp_path):
    names = "print(settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_SECURE)"
    environ = os.environ | {
        "EXPLORER_PRODUCTION": "1",
        "SECRET_KEY": "k9" * 20 + "abcdefghijkl",
        "ALLOWED_HOSTS": "lab.example",
        "EXPLORER_ORIGINS": "https://lab.example",
        "EXPLORER_TRUSTED_PROXIES": "10.0.0.5",
        "EXPLORER_STATE": str(tmp_path),
    }

    def manage(*words):
        argv = [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]
        return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)

    checked = manage("check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    asked = manage("shell", "-c", f"from django.conf import settings; {names}")
    assert asked.stdout.split()[-3:] == [HOST, "__Host-csrftoken", "True"], asked.stderr
