"""What a program makes of resolv.conf: the server it asks, and the names in their order."""

from __future__ import annotations

import pytest

from explorer.network.read.resolv_conf import read_resolver


def test_the_first_usable_name_server_counts():
    assert read_resolver("# x\nnameserver fe80::1\nnameserver ../etc\nnameserver 127.0.0.11\n").server == "127.0.0.11"
    assert read_resolver("search x\n").server == ""
    assert read_resolver("nameserver 10.0.0.1\n" * 9).servers == ("10.0.0.1",) * 3


def test_how_long_a_program_waits():
    assert (read_resolver("").timeout, read_resolver("").attempts) == (5, 2)
    told = read_resolver("options timeout:1 attempts:3 rotate\noptions timeout:x attempts:-1 timeout:\u00b2\n")
    assert (told.timeout, told.attempts, told.ndots) == (1, 3, 1)
    assert read_resolver("options timeout:999999999999").timeout == 30


@pytest.mark.parametrize(
    ("text", "name", "asked"),
    [
        ("", "web", ("web",)),
        ("search a.test b.test", "web", ("web.a.test", "web.b.test", "web")),
        ("search a.test", "web.app", ("web.app", "web.app.a.test")),
        ("search a.test\noptions ndots:2", "web.app", ("web.app.a.test", "web.app")),
        ("search a.test\noptions ndots:0", "web", ("web", "web.a.test")),
        ("search a.test", "web.", ("web",)),
        ("domain a.test b.test", "web", ("web.a.test", "web")),
        ("search a.test\nsearch b.test", "web", ("web.b.test", "web")),
        ("search .", "web", ("web",)),
        ("options ndots:x ndots:\u00b2", "web", ("web",)),
        ("search a b c d e f g h", "web", ("web.a", "web.b", "web.c", "web.d", "web.e", "web.f", "web")),
        ("search " + "a" * 300, "web", ("web",)),
    ],
)
def test_names_are_asked_for_in_this_order(text, name, asked):
    assert read_resolver(text).names(name) == asked
