"""An embedded page's pass: who is named by one, for how long, and what it is good for."""

import time

import pytest
from django.core.signing import Signer

from explorer.classroom.people.access import learner_id
from explorer.classroom.people.embed_pass import (
    CODE_SECONDS,
    EMBED_SECONDS,
    PASS_SECONDS,
    RENEW_SECONDS,
    begin_embed,
    mark_site,
    pass_in,
    read_hand_over,
    read_pass,
    renew_pass,
    write_hand_over,
    write_pass,
)
from tests.attacks import attack

SITE = "https://docs.example.org"


@pytest.fixture(autouse=True)
def _listed(settings):
    settings.EMBED_SITES = [SITE]


@pytest.fixture
def later(monkeypatch):
    """Lets time pass."""
    start = time.time()
    return lambda seconds: monkeypatch.setattr("explorer.classroom.people.embed_pass.time.time", lambda: start + seconds)


def test_a_pass_names_the_learner_made_for_the_embed():
    embed = begin_embed(SITE)
    assert read_pass(write_pass(embed)).learner == embed.learner
    assert begin_embed(SITE).learner != embed.learner


def test_it_may_stand_in_a_header_and_in_a_subprotocol():
    assert set(write_pass(begin_embed(SITE))) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@attack("a pass of our own making", origin="page", expected="refused", held_by="signature")
@pytest.mark.parametrize("text", ["", "x", "a.b", "." * 500, "a-b-c-d.e", "\x00", "é"])
def test_what_we_did_not_sign_names_nobody(text):
    assert read_pass(text) is None
    assert read_hand_over(text) is None


@attack("a changed pass", origin="page", expected="refused", held_by="signature")
def test_a_changed_pass_names_nobody():
    text = write_pass(begin_embed(SITE))
    other = begin_embed(SITE).learner.hex
    assert read_pass(other + text[32:]) is None


@attack("something else that was signed, as a pass", origin="page", expected="refused", held_by="a purpose in each signature")
def test_what_was_signed_for_another_purpose_is_no_pass():
    embed = begin_embed(SITE)
    assert read_pass(write_hand_over(embed)) is None
    assert read_hand_over(write_pass(embed)) is None
    assert read_pass(Signer(sep=".").sign(write_pass(embed).rpartition(".")[0])) is None


def test_it_is_short_lived_and_renewed_for_a_day(later):
    text = write_pass(begin_embed(SITE))
    assert not read_pass(text).due
    later(RENEW_SECONDS + 1)
    assert read_pass(text).due
    later(PASS_SECONDS - 1)
    younger = renew_pass(read_pass(text))
    later(PASS_SECONDS + 1)
    assert read_pass(text) is None
    assert read_pass(younger).born == int(text.split("-")[2])
    of_a_day = read_pass(younger)
    later(EMBED_SECONDS - 1)
    assert renew_pass(of_a_day) is not None
    later(EMBED_SECONDS + 1)
    assert renew_pass(of_a_day) is None


def test_a_pass_that_was_renewed_to_the_last_is_good_for_two_hours_more(later):
    embed = begin_embed(SITE)
    later(EMBED_SECONDS - 1)
    last = renew_pass(embed)
    later(EMBED_SECONDS + PASS_SECONDS - 2)
    assert read_pass(last).learner == embed.learner
    later(EMBED_SECONDS + PASS_SECONDS + 1)
    assert read_pass(last) is None


def test_without_listed_sites_no_pass_is_any_good(settings):
    text = write_pass(begin_embed(SITE))
    settings.EMBED_SITES = []
    assert read_pass(text) is None


def test_sites_that_are_not_listed_have_one_mark_together():
    assert mark_site("https://a.example") == mark_site("https://b.example") != mark_site(SITE)


def test_a_pass_speaks_for_itself_and_no_session_beside_it_counts():
    embed = begin_embed(SITE)
    session = {"learner": str(begin_embed(SITE).learner)}
    assert learner_id(session, write_pass(embed)) == embed.learner
    assert learner_id(session, "nonsense") is None
    assert str(learner_id(session)) == session["learner"]


def test_the_pass_among_subprotocols():
    assert pass_in(["explorer", "frame.abc.def"]) == "abc.def"
    assert pass_in(["explorer"]) == pass_in([]) == ""


@attack("a replayed way out", origin="page", expected="refused", held_by="good for one use and for minutes")
def test_a_way_out_is_good_for_minutes_and_never_the_same_twice(later):
    embed = begin_embed(SITE)
    text = write_hand_over(embed)
    assert read_hand_over(text).learner == embed.learner
    assert read_hand_over(text).once != read_hand_over(write_hand_over(embed)).once
    later(CODE_SECONDS + 1)
    assert read_hand_over(text) is None
