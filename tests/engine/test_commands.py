"""The commands of a learner in the timeline, from real hosts: those they gave, all of those, and nothing else."""

import json
import time

import pytest

from tests.connector import need_connector
from tests.engine.stack import bare, node
from tests.engine.test_relay import TERMINAL

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def sandbox(node):
    need_connector()
    assert node.python("from explorer.lab.watch.commands import why_not; print(why_not())").isspace()
    return node.tell("open")["id"]


@pytest.fixture(scope="module")
def terminal(node, sandbox):
    """Types lines in a place, each once the prompt is back: within a minute, as a flood of programs takes its time when others
    work on the machine."""
    head = TERMINAL.format(sandbox=sandbox) + (
        "def give(place, *lines):\n"
        "    t = Term(place).until(b'# ')\n"
        "    for line in lines:\n"
        "        t.said = b''; t.type(line + '\\n'); t.until(b'\\n'); t.until(b'# ', 60); time.sleep(0.3)\n"
        "    t.order(orders.CloseTerminal, terminal=t.id)\n"
    )
    return lambda place, *lines: node.python(f"{head}give({place!r}, *{lines!r})", seconds=120)


@pytest.fixture
def listed(node, sandbox):
    """(place, text) of the commands since the test began, once `last` is among them."""
    since = node.tell("events", sandbox)["last"]

    def lines(last=None, seconds=15):
        until = time.monotonic() + seconds
        while True:
            events = node.tell("events", sandbox, "--since", str(since))["events"]
            told = [(event["place"], event["text"]) for event in events if event.get("source") == "command"]
            if last is None or any(text == last for _, text in told):
                return told, events
            assert time.monotonic() < until, (told, node.logs())
            time.sleep(0.3)

    return lines


def test_docker_commands_typed_on_a_host(terminal, listed):
    terminal("h1", "docker network create town", "docker run -d --name web --network town box", "docker ps | cat")
    told, events = listed("docker ps")
    assert told[:2] == [("h1", "docker network create town"), ("h1", "docker run -d --name web --network town box")]
    assert sorted(told[2:]) == [("h1", "cat"), ("h1", "docker ps")]  # nothing of what dockerd, runc or a profile started
    first = next(event["number"] for event in events if event.get("text") == "docker network create town")
    caused = [event["number"] for event in events if '"town"' in json.dumps(event) or "br-" in event.get("text", "")]
    assert first < min(caused)  # the moment before the line is before all it did


def test_commands_by_exec(node, sandbox, listed):
    node.tell("exec", sandbox, "h1", "--", "docker", "network", "ls")
    node.tell("exec", sandbox, "outside", "--", "ip", "route")
    told, _ = listed("ip route")
    assert told == [("h1", "docker network ls"), ("outside", "ip route")]


def test_a_shell_in_a_container_has_its_own_place(terminal, listed):
    terminal("h1/web", "ip addr", "sh -c 'id; sleep 0.1'", "echo $(hostname)", "ls /nothing-of-the-kind")
    told, _ = listed("ls /nothing-of-the-kind")
    assert told == [("h1/web", "ip addr"), ("h1/web", "sh -c 'id; sleep 0.1'"), ("h1/web", "ls /nothing-of-the-kind")]


def test_a_container_with_a_health_check_and_a_busy_daemon_say_nothing(node, sandbox, listed):
    health = "--health-cmd 'ip addr; true' --health-interval 1s"
    node.tell("exec", sandbox, "h1", "--", "sh", "-c", f"docker run -d --name sick -p 81:80 {health} box")
    time.sleep(4)
    node.tell("exec", sandbox, "h1", "--", "docker", "rm", "-f", "sick")
    told, _ = listed("docker rm -f sick")
    assert len(told) == 2
    assert "health-interval" in told[0][1]


def test_a_flood_is_bounded_and_counted(terminal, listed):
    terminal("h1", "for i in $(seq 2000); do /bin/true $i; done", "docker version")
    told, events = listed("docker version", 60)
    trues = [text for _, text in told if "/bin/true" in text]
    until = time.monotonic() + 30
    while len(trues) + counted(events) < 2000 and time.monotonic() < until:  # what was left out is counted a moment later
        time.sleep(0.5)
        _, events = listed()
    assert 20 <= len(trues) < 400
    assert len(trues) + counted(events) >= 2000, "silence about none"


def counted(events):
    """How many commands the timeline says that it left out."""
    said = [event["text"] for event in events if event.get("source") == "sandbox"]
    more = sum(int(text.split()[1]) for text in said if "more command" in text)
    return more + sum(int(text.split()[0]) for text in said if "too soon" in text)


def test_a_hostile_argument_is_shown_safely(terminal, listed):
    hostile = r"$'\e[31m\u202e'"  # for a program that lives long enough to be read on a loaded machine
    terminal(
        "h1", f"printf '%s' $'\\e]0;owned\\a<b>' > /dev/null; sh -c 'sleep 0.3; true' {hostile}", "echo '$(reboot)' | cat - -"
    )
    told, _ = listed("cat - -")
    assert ("h1", f"sh -c 'sleep 0.3; true' {hostile}") in told
    assert all(text.isprintable() for _, text in told)
