"""What is shown is what the plain tool prints, on every capture."""

from __future__ import annotations

import re

import pytest

from explorer.network.views import observe
from tests.network.captured import CAPTURES, FILES, folders, text

LINKS = CAPTURES / "links"
EVERYWHERE = pytest.mark.parametrize("folder", folders(), ids=lambda folder: "-".join(folder.parts[-3:]))


def shown(view, folder, source):
    return "".join(f"{line.text}\n" for line in observe(view, text(folder, source)).lines)


def expected(folder, plain):
    """Without the second at which iptables-save ran, and without the name a namespace has on the node only."""
    return re.sub(r" on \w{3} \w{3} .*", "", re.sub(r" link-netns \S+", " link-netnsid 0", text(folder, plain)))


@EVERYWHERE
def test_shown_text_is_the_plain_tools_text(folder):
    for view, (source, plain) in FILES.items():
        got, want = re.sub(r" on \w{3} \w{3} .*", "", shown(view, folder, source)), expected(folder, plain)
        empty = got == "" and "-A" not in want  # asking for one table makes it, reading all does not
        assert got == want or empty


@EVERYWHERE
def test_every_line_is_understood(folder):
    for view, (source, _) in FILES.items():
        seen = observe(view, text(folder, source))
        assert [line.text for line in seen.lines if line.key.startswith("line:")] == []
        assert {item.key for item in seen.items} <= {line.key for line in seen.lines}


@pytest.mark.parametrize("view", ["interfaces", "routes", "neighbours", "fdb"])
def test_links_of_many_kinds(view):
    source, plain = FILES[view]
    assert shown(view, LINKS, source) == text(LINKS, plain)


def test_the_nodes_ip_shows_what_the_hosts_own_ip_shows():
    """Two versions of iproute2 and the node's name for the engine's namespace make no difference to a learner."""
    for engine in ("bridge", "bridge-28"):
        stage = CAPTURES / engine / "5-traffic"
        own = re.sub(r"qlen 0\n", "\n", text(stage / "h1.own-tools", "ip-addr"))
        assert re.sub(r" proto kernel_lo", "", own) == shown("interfaces", stage / "h1", "ip-d-addr")
