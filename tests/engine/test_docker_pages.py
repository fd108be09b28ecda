"""Docker's pages about Compose's networks, IPv6, packet filtering and published ports, typed through `manage.py sandbox exec`:
each command does what the page says, or what its row says of this version, with the reason.

A short part is typed with the newer Engine; `EXPLORER_PAGES=all` types everything with both, 26 or 28 with that one
(`make test-pages`).
"""

from __future__ import annotations

import os
import re
import shlex
import time

import pytest

from tests.engine.docker_pages import table
from tests.engine.docker_pages.pages import ENGINES, ROWS
from tests.engine.docker_pages.row import CONFIG, SAID, where
from tests.engine.stack import bare

__all__ = ["bare"]
pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
ASKED = os.environ.get("EXPLORER_PAGES", "")  # a version, or all; otherwise the short part
TYPED = [(engine, row) for engine in ENGINES for row in ROWS if ASKED in (engine, "all")]
TYPED = TYPED or [(ENGINES[-1], row) for row in ROWS if row.short]
ANEW = (  # the daemon ends, what it left goes as in a reboot, and it starts
    "kill $(pidof dockerd); while pidof dockerd >/dev/null; do sleep 0.05; done; rm -f /run/docker.pid; "
    "{ for t in iptables ip6tables; do $t -F; $t -t nat -F; $t -t raw -F; $t -X; $t -t nat -X; $t -P FORWARD ACCEPT; done; "
    "ip link del docker0; sysctl -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0; } >/dev/null 2>&1; "
    "{ setsid dockerd -H unix:///run/docker.sock >/var/log/dockerd.log 2>&1 </dev/null & }; sleep 0.3; "
    "timeout 20 sh -c 'while pidof dockerd >/dev/null; do docker version >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1' "
    "|| echo the daemon did not start"
)
MERGE = "import json, sys; print(json.dumps(json.load(open('/root/daemon.json')) | json.loads(sys.argv[1])))"
TIDY = (
    "docker ps -aq | xargs -r docker rm -f >/dev/null; docker network prune -f >/dev/null; "
    "iptables -F DOCKER-USER; ip6tables -F DOCKER-USER 2>/dev/null; rm -rf /srv/*; true"
)


class Typing:
    """A sandbox with two hosts of one version, in which lines are typed."""

    def __init__(self, node, engine):
        self.node, self.engine = node, engine
        self.id = node.tell("open", "--hosts", "2", "--engine", engine)["id"]
        self.version = self.type("docker version --format '{{.Server.Version}}'").split("+")[0].strip()
        self.type("cp /etc/docker/daemon.json /root/daemon.json")
        self.changed = False

    def type(self, line):
        """What the line printed; a failure of it is printed too."""
        place, text = where(line)
        done = self.node.manage("sandbox", "exec", self.id, place, "--", "bash", "-c", text)
        return done.stdout + done.stderr

    def start_anew(self, more=""):
        """With this in the daemon's file; with nothing, as the host began."""
        edit = f"python3 -c {shlex.quote(MERGE)} {shlex.quote(f'{{{more}}}')}" if more else "cat /root/daemon.json"
        self.changed = bool(more)
        return self.type(f"{edit} >/etc/docker/daemon.json; {ANEW}")

    def try_row(self, row):
        """What the last line printed."""
        said = ""
        for line in row.typed:
            if line.startswith(CONFIG):
                said = self.start_anew(line.removeprefix(CONFIG))
                if said.strip():
                    return said
            else:
                said = self.type(line.replace(SAID, said.strip().rpartition("\n")[2]))
        return said

    def again(self, row):
        return self.type(row.typed[-1])

    def tidy(self, row):
        for line in row.undo:
            self.type(line)
        if self.changed:
            self.type("docker ps -aq | xargs -r docker rm -f")
            self.start_anew()
        self.type(TIDY)

    def close(self):
        self.node.tell("close", self.id)


@pytest.fixture(scope="module")
def typing(request, bare):
    made = Typing(bare, request.param)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("typing", "row"),
    [pytest.param(engine, row, id=f"{engine} {row.page}: {row.says}"[:110]) for engine, row in TYPED],
    indirect=["typing"],
)
def test_it_is_as_the_page_says_or_as_the_row_explains(typing, row):
    expected, why = row.expected(typing.engine)
    try:
        said = typing.try_row(row)
        tries = 3 if "curl" in row.typed[-1] else 0  # a server that was started just now
        while tries and not re.search(expected, said.strip()):
            time.sleep(0.7)
            said, tries = typing.again(row), tries - 1
        assert re.search(expected, said.strip()), said
        if why:
            assert not re.search(row.seen, said.strip()), f"this is as the page says: {said}"
    finally:
        typing.tidy(row)
    table.add(typing.engine, typing.version, row, said.strip(), why)
