"""What a variable may hold, and what is said when it holds something else."""

import pytest

from explorer import environment
from explorer.environment import SettingError, engine_sources, engines, origins


@pytest.fixture
def given(monkeypatch):
    monkeypatch.setattr(environment, "KNOWN", {})

    def give(value):
        monkeypatch.setenv("EXPLORER_EMBED_SITES", value)
        return origins("EXPLORER_EMBED_SITES", "")

    return give


def test_exact_origins(given):
    assert given("") == []
    assert given("https://docs.example.org, http://localhost:3000,https://docs.example.org") == [
        "https://docs.example.org",
        "http://localhost:3000",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "*", "docs.example.org", "https://*.example.org", "https://docs.example.org/", "https://docs.example.org/page",
        "https://docs.example.org:443", "http://docs.example.org:80", "HTTPS://docs.example.org", "ftp://docs.example.org",
        "https://docs.example.org; script-src *", "null", "https://me@docs.example.org", "https://docs.example.org:0",
    ],
)  # fmt: skip
def test_anything_else_stops_the_program_with_the_name_and_what_is_expected(given, value):
    with pytest.raises(SettingError, match=r"EXPLORER_EMBED_SITES: .* no exact origin; expected such as https://docs"):
        given(value)


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.setattr(environment, "KNOWN", {})

    def give(value):
        monkeypatch.setenv("EXPLORER_ENGINE_SOURCES", value)
        return engine_sources("EXPLORER_ENGINE_SOURCES", "")

    return give


def test_a_source_is_a_directory_or_a_line_of_apt(sources):
    line = "deb [arch=amd64,arm64 signed-by=/etc/apt/keyrings/docker.asc] https://p.example.org/linux trixie stable"
    assert sources("") == {}
    assert sources(f"29=/srv/docker-29; 30 = {line}") == {"29": "/srv/docker-29", "30": line}
    assert sources(f"# ours\n29=/srv/docker 29\n\n30={line}\n") == {"29": "/srv/docker 29", "30": line}
    assert sources("28=deb file:/srv/repository trixie stable")["28"] == "deb file:/srv/repository trixie stable"


@pytest.mark.parametrize(
    "value",
    ["29", "29=", "=x", "29=srv/docker", "29=https://packages.example.org", "29=deb", "29=deb https://packages.example.org",
     "29.1=/srv", "0=/srv", "1000=/srv", "x=/srv", "29=/srv;;30", "29=debian sid", "29=/"],
)  # fmt: skip
def test_any_other_source_stops_the_program_with_what_is_expected(sources, value):
    with pytest.raises(SettingError, match=r"ENGINE_SOURCES: .* makes no sense; expected VERSION=/DIRECTORY or VERSION=deb"):
        sources(value)


def test_two_sources_of_one_version_stop_the_program(sources):
    with pytest.raises(SettingError, match="29 stands there twice"):
        sources("29=/srv/a;29=/srv/b")


def test_a_version_is_offered_only_where_something_says_where_it_comes_from(monkeypatch):
    monkeypatch.setattr(environment, "KNOWN", {})
    known = ("26", "28", "31")
    assert engines("EXPLORER_ENGINES", known, known, "") == known
    monkeypatch.setenv("EXPLORER_ENGINES", "31, 26,31")
    assert engines("EXPLORER_ENGINES", known, known, "") == ("31", "26")
    monkeypatch.setenv("EXPLORER_ENGINES", "26,29")
    assert engines("EXPLORER_ENGINES", known, (), "") == ("26", "29"), "ready-made images may be of any"
    with pytest.raises(SettingError, match=r"nothing says where Docker Engine 29 comes from; there are 26, 28, 31\."):
        engines("EXPLORER_ENGINES", known, known, "")
    for value in ("", "27;", "28 29", "-1", "latest"):
        monkeypatch.setenv("EXPLORER_ENGINES", value)
        with pytest.raises(SettingError, match="EXPLORER_ENGINES="):
            engines("EXPLORER_ENGINES", known, known, "")
