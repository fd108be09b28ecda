"""Docker Compose on real hosts of both versions: its networking page typed in a terminal, and what the explorer says of it."""

import base64
import time

import pytest

from tests.engine.stack import bare, node
from tests.engine.test_relay import TERMINAL

__all__ = ["bare", "node"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

PLAIN = """
services:
  web:
    image: box
    ports: ["8000:80"]
  db:
    image: box
    ports: ["8001:80"]
"""
NETWORKS = """
services:
  proxy: {image: box, networks: [frontend]}
  app:
    image: box
    networks: {frontend: {}, backend: {aliases: [store]}}
  db:
    image: box
    networks: {backend: {ipv4_address: 172.30.5.7}}
  out: {image: box, networks: [town]}
  beside: {image: box, environment: {PORT: 8090}, network_mode: "service:db"}
  bare: {image: box, command: sleep infinity, network_mode: none}
  of-host: {image: box, environment: {PORT: 8091}, network_mode: host}
  debug: {image: box, profiles: [debug], networks: [backend]}
networks:
  frontend:
  backend: {internal: true, ipam: {config: [{subnet: 172.30.5.0/24}]}}
  town: {external: true}
"""
WRONG = {  # a file of Compose, and a word of Compose's own error
    "build": ("services:\n  own: {build: .}\n", "Dockerfile"),
    "image": ("services:\n  own: {image: nothing-of-the-kind}\n", "registry-1.docker.io"),
    "clash": (
        'services:\n  a: {image: box, ports: ["81:80"]}\n  b: {image: box, ports: ["81:80"]}\n',
        "port is already allocated",
    ),
    "yaml": ("services: [", "yaml"),
}


@pytest.fixture(scope="module", params=["26", "28"])
def sandbox(node, request):
    until = time.monotonic() + 400
    while "id" not in (told := node.tell("open", "--engine", request.param)):
        assert time.monotonic() < until, told
        time.sleep(3)
    yield told["id"]
    node.tell("close", told["id"])


@pytest.fixture(scope="module")
def shell(node, sandbox):
    """Runs shell text in a place; returns what was printed."""

    def run(text, where="h1"):
        done = node.manage("sandbox", "exec", sandbox, where, "--", "bash", "-c", text)
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def project(shell):
    """Writes a project's file on the host."""

    def write(name, text):
        packed = base64.b64encode(text.encode()).decode()
        shell(f"mkdir -p /srv/{name} && echo {packed} | base64 -d > /srv/{name}/compose.yaml")

    return write


@pytest.fixture(scope="module")
def typed(node, sandbox):
    """Types lines on h1, each once the prompt is back; returns what the terminal showed."""
    head = TERMINAL.format(sandbox=sandbox) + (
        "def give(*lines):\n"
        "    t = Term('h1').until(b'# ')\n"
        "    for line in lines:\n"
        "        t.said = b''; t.type(line + \"; echo en''ded\\n\"); t.until(b'ended', 90); t.until(b'# ')\n"
        "        print(t.said.decode(errors='replace'))\n"
        "    t.order(orders.CloseTerminal, terminal=t.id)\n"
    )
    return lambda *lines: node.python(f"{head}give(*{lines!r})", seconds=300)


def summed(node, sandbox, word, seconds=60):
    """The line of the timeline that begins with this word, and all lines of Docker's."""
    until = time.monotonic() + seconds
    while True:
        events = node.tell("events", sandbox)["events"]
        lines = [event for event in events if event.get("source") == "docker"]
        if found := [line for line in lines if line["text"].startswith(word)]:
            return found[-1], [line["text"] for line in lines]
        assert time.monotonic() < until, lines
        time.sleep(0.5)


def test_the_page_of_a_default_network(node, sandbox, shell, project, typed):
    project("myapp", PLAIN)
    screen = typed("cd /srv/myapp", "docker compose up -d", "docker compose ps")
    assert "myapp-web-1" in screen
    assert "I am" in shell("docker exec myapp-web-1 curl -s http://db/")
    assert "I am" in shell("docker exec myapp-db-1 curl -s http://web:80/")
    assert "I am" in shell("curl -s http://h1:8001/", "outside")
    head, lines = summed(node, sandbox, "compose up")
    assert "network myapp_default" in head["text"]
    assert "containers" in head["text"]
    assert {"myapp-db-1", "myapp-web-1"} <= set(head["text"].replace(",", "").split())
    assert head["detail"].startswith("project myapp, services")
    command = next(e for e in node.tell("events", sandbox)["events"] if e.get("text") == "docker compose up -d")
    assert command["at"] - 1 < head["began"] < head["at"]
    assert not [line for line in lines if line.startswith(("container myapp", "network myapp"))], "each is told once"


def test_what_a_project_added_and_the_reason_of_a_line(node, sandbox):
    told = node.tell("added", sandbox, "project:myapp")
    assert told["detail"] == "Compose project: 1 network, 2 services, 2 containers"
    assert {group["cause"] for group in told["groups"]} == {
        "network:myapp_default", "container:myapp-web-1", "container:myapp-db-1"
    }  # fmt: skip
    published = [entry for group in told["groups"] for entry in group["entries"] if "dport 8000" in entry["lines"][0]]
    assert any("By its labels, myapp-web-1 is service web of project myapp." in entry["why"] for entry in published)
    assert told["count"] > 20


ASKED = {
    "docker exec shop-app-1 curl -sm5 http://db/": "172.30.5.7:80",
    "docker exec shop-db-1 curl -sm5 http://store/": "I am",  # an alias
    "docker exec shop-proxy-1 curl -sm5 http://app/": "I am",
    "docker exec shop-out-1 curl -sm5 http://baker/": "I am",  # on an external network
    "docker exec shop-app-1 curl -sm5 http://db:8090/": "172.30.5.7:8090",  # another service's namespace
    "curl -sm5 http://localhost:8091/": "I am",  # the host's own
    "docker exec shop-proxy-1 curl -sm5 http://db/ || echo no": "no",  # no name of another network
    "docker exec shop-db-1 curl -sm2 http://$(getent hosts outside | cut -d' ' -f1)/ || echo no": "no",  # internal
    "docker exec shop-bare-1 ls /sys/class/net": "lo",
    "docker compose ps --services | grep -c debug": "0",
    "docker compose --profile debug up -d >/dev/null 2>&1; docker compose ps --services | grep -c debug": "1",
}


def test_several_networks(shell, project, typed):
    shell("docker network create town; docker run -d --name baker --network town box")
    project("shop", NETWORKS)
    typed("cd /srv/shop && docker compose up -d")
    said = shell("cd /srv/shop\n" + "\n".join(f"{{ {command}; }} | tail -1; echo; echo --" for command in ASKED))
    told = [one.strip() for one in said.split("--\n")]
    wrong = {command: found for (command, word), found in zip(ASKED.items(), told, strict=False) if word not in found}
    assert not wrong
    assert len(told) >= len(ASKED)


def test_down_takes_it_all_away(node, sandbox, shell, typed):
    typed("cd /srv/myapp && docker compose down")
    head, _ = summed(node, sandbox, "compose down")
    assert "removed network myapp_default" in head["text"]
    assert "myapp" not in shell("docker ps -a; docker network ls")


def test_what_cannot_be_is_said_by_compose_itself(shell, project):
    for name, (text, _) in WRONG.items():
        project(name, text)
    up = "cd /srv/{0}; timeout 60 docker compose up -d 2>&1; echo status $?; docker compose down >/dev/null 2>&1; echo --"
    said = shell("\n".join(up.format(name) for name in WRONG) + "\ndocker version -f '{{.Server.Version}}' && echo alive")
    for (name, (_, word)), told in zip(WRONG.items(), said.split("--\n"), strict=False):
        assert word in told, name
        assert "status 0" not in told, name
    assert said.rstrip().endswith("alive")


def test_the_tab_key_completes(node, sandbox):
    said = node.python(
        TERMINAL.format(sandbox=sandbox)
        + "t = Term('h1').until(b'# '); t.type('docker compose u\\t\\t'); t.until(b'unpause', 60)\n"
        "t.type('p --det\\t'); t.until(b'--detach', 60); print(t.said.decode())",
        seconds=240,
    )
    assert "unpause" in said
