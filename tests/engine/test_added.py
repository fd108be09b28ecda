"""What the page says a network and a container added equals what a learner sees by typing the tools before and after."""

import re
import time

import pytest

from tests.engine.stack import bare, node

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

TOOLS = {"nat": "iptables-save -t nat", "filter": "iptables-save -t filter", "routes": "ip route", "fdb": "bridge fdb"}
COUNTERS = re.compile(r"^\[\d+:\d+\] | \[\d+:\d+\]$")
NEWER_IP = re.compile(r" proto kernel_\w+| qlen 0$")  # a host's `ip` may say more than the node's
# The group of a bridge's own IPv6 address belongs to its network. It comes when the first container makes the bridge come up.
BRIDGE_GROUP = re.compile(r"33:33:ff:\S+ dev br-\w+ self permanent")
DOWN = re.compile(r" linkdown$")  # a route whose bridge came up has changed and is no new one


def plain(line):
    return DOWN.sub("", " ".join(NEWER_IP.sub("", COUNTERS.sub("", line)).split()))


class Hand:
    """A learner's hand on one sandbox of a node."""

    def __init__(self, node, engine):
        self.node = node
        self.sandbox = node.tell("open", "--engine", engine)["id"]

    def type(self, text):
        done = self.node.tell("exec", self.sandbox, "h1", "--", "sh", "-c", text)
        assert done["status"] == 0, done
        return done["stdout"]

    def look(self):
        """View → its lines; interfaces: `index: name` → the lines of its block."""
        seen = {view: {plain(line) for line in self.type(tool).splitlines() if line[0] != "#"} for view, tool in TOOLS.items()}
        blocks: dict[str, set[str]] = {}
        for line in self.type("ip addr").splitlines():
            if not line.startswith(" "):
                blocks[name := ": ".join(line.split(": ")[:2]).partition("@")[0]] = set()
            blocks[name].add(plain(line))
        return seen | {"interfaces": blocks}

    def added(self, what, ready):
        """The answer, once the relay has seen everything."""
        until = time.monotonic() + 30
        while True:
            told = self.node.tell("added", self.sandbox, what)
            if ready(told) or time.monotonic() > until:
                return told
            time.sleep(0.5)


@pytest.fixture(scope="module", params=["26", "28"])
def hand(node, request):
    made = Hand(node, request.param)
    made.added("h1", lambda told: {"network:bridge", "daemon"} <= {one["owner"] for one in told.get("owners", [])})
    time.sleep(2)  # what Docker and the kernel do by themselves at the beginning is over
    yield made
    node.tell("close", made.sandbox)


def own(told, view):
    return [entry for group in told["groups"] for entry in group["entries"] if entry["kind"] == view and entry["place"] == "h1"]


def compare(hand, what, command):
    """Types the command; then the answer's lines are those that the tools print more, line for line."""
    before = hand.look()
    hand.type(command)
    time.sleep(3)  # until addresses are no longer tentative
    after = hand.look()
    more = {view: after[view] - before[view] for view in TOOLS}
    if not what.startswith("network:"):
        more["fdb"] = {line for line in more["fdb"] if not BRIDGE_GROUP.fullmatch(line)}
    told = hand.added(what, lambda told: all({plain(e["lines"][0]) for e in own(told, view)} == more[view] for view in TOOLS))
    assert told["watched"], told["notes"]
    for view in TOOLS:
        assert {plain(line) for entry in own(told, view) for line in entry["lines"]} == more[view], view
    new = {name: lines for name, lines in after["interfaces"].items() if name not in before["interfaces"]}
    shown = {entry["key"]: {plain(line) for line in entry["lines"]} for entry in own(told, "interfaces")}
    assert shown == {"if:" + name.replace(": ", ":"): lines for name, lines in new.items()}
    other = {name for name, lines in before["interfaces"].items() if after["interfaces"].get(name) not in (lines, None)}
    assert {entry["key"] for entry in told["changed"] if entry["kind"] == "interfaces"} == {
        "if:" + name.replace(": ", ":") for name in other
    }
    assert told["unknown"] == told["before"] == []
    return told


def test_without_a_relay_the_words_answer(bare):
    sandbox = bare.tell("open")["id"]
    assert bare.tell("exec", sandbox, "h1", "--", "docker", "run", "-d", "--name", "web", "-p", "8080:80", "box")["status"] == 0
    told = bare.tell("added", sandbox, "web")
    assert "DNAT" in str(told["groups"])
    listed = bare.tell("added", sandbox, "h1")["owners"]
    assert {"network:bridge", "container:web", "daemon"} <= {one["owner"] for one in listed}
    done = bare.manage("sandbox", "added", sandbox, "network:nobody")
    assert done.returncode == 1
    assert "There is no network nobody on h1" in done.stderr
    bare.tell("close", sandbox)


def test_a_network(hand):
    told = compare(hand, "network:town", "docker network create town")
    assert any("MASQUERADE" in line for entry in own(told, "nat") for line in entry["lines"])


def test_a_container_with_a_published_port(hand):
    told = compare(hand, "h1/web", "docker run -d --name web --network town -p 8080:80 box")
    published = next(group for group in told["groups"] if group["cause"] == "option:publish")
    assert any("--dport 8080 -j DNAT" in line for entry in published["entries"] for line in entry["lines"])
    ready = lambda told: any(BRIDGE_GROUP.fullmatch(entry["lines"][0]) for entry in own(told, "fdb"))  # noqa: E731
    assert ready(hand.added("network:town", ready))
    kinds = {entry["kind"] for group in told["groups"] for entry in group["entries"]}
    assert kinds - {"raw"} == {"namespaces", "interfaces", "routes", "routes6", "nat", "filter", "fdb"}  # raw: 28 alone


def test_what_goes_goes_whole(hand):
    hand.type("docker rm -f web")
    gone = hand.added("container:web", lambda told: told.get("removed") and not told["left"])
    assert len(gone["put"]) > 10
    assert gone["left"] == []
    hand.type("docker network rm town")
    gone = hand.added("network:town", lambda told: told.get("removed") and not told["left"])
    assert len(gone["put"]) > 10
    assert gone["left"] == []
