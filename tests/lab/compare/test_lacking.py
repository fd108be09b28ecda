"""What keeps a variant from being measured on this node, in one sentence, before anything is tried."""

from __future__ import annotations

import sys

import pytest

from explorer.lab.compare import lacking
from explorer.network.comparison import find_variant

EVERYTHING = dict.fromkeys(("veth", "bridge", "nat", "vxlan", "macvlan", "ipvlan", "esp"), True)


@pytest.fixture
def kernel(monkeypatch):
    """Says what the kernel can do; a test takes something away."""
    found = dict(EVERYTHING)
    monkeypatch.setattr(sys.modules[lacking.__module__], "_features", lambda: found)
    return found


@pytest.mark.parametrize("name", ["bridge", "host", "none", "macvlan", "ipvlan", "overlay", "overlay-encrypted", "third-party"])
def test_a_kernel_that_can_do_everything_lacks_nothing(kernel, name):
    assert lacking(find_variant(name)) == ""


def test_each_thing_that_is_missing_is_named(kernel):
    kernel["vxlan"] = kernel["bridge"] = False
    assert lacking(find_variant("overlay")).endswith(", has no vxlan and no bridge.")


def test_only_the_encrypted_overlay_needs_to_encrypt(kernel):
    kernel["esp"] = False
    assert lacking(find_variant("overlay")) == ""
    told = lacking(find_variant("overlay-encrypted"))
    assert told.startswith("An encrypted overlay cannot be made here: this node's kernel, Linux ")
    assert told.endswith(", cannot encrypt packets (no ESP with AES-GCM).")


def test_without_tunnels_encryption_is_not_the_matter(kernel):
    kernel["vxlan"] = kernel["esp"] = False
    assert lacking(find_variant("overlay-encrypted")).endswith(", has no vxlan.")


@pytest.mark.parametrize("name", ["host", "none"])
def test_what_needs_nothing_does_not_ask_the_kernel(monkeypatch, name):
    def never():
        raise AssertionError("the kernel was asked")

    monkeypatch.setattr(sys.modules[lacking.__module__], "_features", never)
    assert lacking(find_variant(name)) == ""
