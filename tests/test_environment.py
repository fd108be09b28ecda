"""What a variable may hold, and what is said when it holds something else."""

import pytest

from explorer import environment
from explorer.environment import SettingError, origins


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
