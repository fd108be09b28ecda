"""Podman among the versions of Docker Engine: its word, its place, its title."""

from __future__ import annotations

import pytest

from explorer.network.engines import PODMAN, engine_of, in_order, in_words, is_docker, is_engine, title, usual


def test_podman_is_an_engine_and_no_version_of_docker():
    assert is_engine(PODMAN)
    assert not is_docker(PODMAN)
    assert is_docker("28")
    assert not is_engine("podmans")


def test_it_comes_last_and_has_a_name():
    assert in_order(["podman", "100", "28", "26", "podman", 3, "x"]) == ("26", "28", "100", "podman")
    assert in_words(("26", "28", "podman")) == "26, 28 and Podman"
    assert in_words(()) == "none"
    assert (title("28"), title("podman")) == ("Docker Engine 28", "Podman")


@pytest.mark.parametrize(
    ("engines", "chosen"), [(("26", "28", PODMAN), "26"), (("28", PODMAN), "28"), ((PODMAN,), PODMAN), ((), "26")]
)
def test_it_is_used_unasked_only_where_there_is_nothing_else(engines, chosen):
    assert usual(engines) == chosen


def test_the_version_of_a_podman_is_no_version_of_docker_engine():
    assert engine_of("28.5.2") == "28"
    assert engine_of("podman") == ""
