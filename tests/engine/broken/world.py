"""One sandbox for many broken networks. Commands run in its network namespaces with the node's own tools."""

from __future__ import annotations

import re
import secrets
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from explorer.lab.config import LabConfig
from explorer.lab.engine.client import session
from explorer.lab.hosts import lans, lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.scenario import SCENARIOS

ECHO = "SYSTEM:'echo hi'"
BEGIN = (
    "docker network create -o com.docker.network.bridge.name=town --subnet 172.18.0.0/16 town",
    "docker run -d --name web --network town --ip 172.18.0.2 -p 8080:80 box",
    "docker run -d --name cli --network town --ip 172.18.0.3 box sleep 99999",
    "docker run -d --name near --network town --ip 172.18.0.4 -p 8083:9000 box"
    f" socat TCP-LISTEN:9000,bind=127.0.0.1,fork {ECHO}",
    f"docker run -d --name echo --network town --ip 172.18.0.5 -p 5000:5000/udp box socat UDP-LISTEN:5000,fork {ECHO}",
    "docker run -d --name other box",
)
CONTAINERS = ("web", "cli", "near", "echo", "other")
STATE = (
    "iptables-save | sed '/^[#*C]/d; /^:.* ACCEPT /d; s/\\[[0-9:]*\\]//'",
    "ip -4 -o addr | sed 's/valid_lft.*//'",
    "ip route show table all type unicast; ip route show table all | grep -E '^(unreachable|blackhole|prohibit|throw)'",
    "ip rule",
    "ip neigh show nud permanent",
    "ip -o link | sed 's/ qdisc .*state/ state/; s/ group .*//'",
    "bridge -d link | grep -oE '(state [a-z]+|learning [a-z]+|flood [a-z]+|isolated [a-z]+)'",
)
PROC = Path("/proc")


class World:
    """`where` maps a place, as the product names it, to a process in its network namespace."""

    def __init__(self, config: LabConfig, engine: str) -> None:
        self.config, self.name = config, f"broken-{secrets.token_hex(4)}"
        until = time.time() + 6 * 3600
        self.facts = lifecycle.open_sandbox(config, self.name, 1, SCENARIOS["one-host"], until, lambda *_: None, engine)
        self.lan = str(self.facts["hosts"]["h1"]["address"]).rpartition(".")[0]
        for command in BEGIN:
            self._typed(command)
        self.where = {place: self._outer(place) for place in ("h1", "outside")}
        self.where |= {f"h1/{name}": self._inner(name) for name in CONTAINERS}
        self.ports = {place: self._port(place) for place in self.where if "/" in place}
        self.macs = {place: self._mac(place) for place in self.where}
        self._wait_for_interfaces()
        self.whole = self.state()

    def close(self) -> None:
        lifecycle.close_sandbox(self.config, self.name)

    def _typed(self, command: str) -> str:
        said: list[bytes] = []
        status = run_in(self.config, self.name, "h1", ["sh", "-c", command], lambda _, data: said.append(data), 60)
        told = b"".join(said).decode(errors="replace")
        assert status == 0, f"{command}: {told}"
        return told

    def _outer(self, name: str) -> int:
        wanted = lans.filters(self.config, self.name)
        wanted["label"].append(f"explorer.name={name}")
        with session(self.config) as client:
            found = client.api.containers(filters=wanted)
            return int(client.api.inspect_container(found[0]["Id"])["State"]["Pid"])

    def _inner(self, name: str) -> int:
        """The node's number of a container's process: it is in the control group with the container's id."""
        wanted = self._typed(f"docker inspect -f '{{{{.Id}}}}' {name}").strip()
        for entry in PROC.glob("[0-9]*/cgroup"):
            try:
                if wanted in entry.read_text():
                    return int(entry.parent.name)
            except OSError:
                continue
        raise AssertionError(f"{name} has no process")

    def _port(self, place: str) -> str:
        """The interface of h1 that a container's eth0 is wired to."""
        found = re.search(r"eth0@if(\d+)", self.run(place, "ip -o link show eth0"))
        assert found, place
        return re.findall(rf"^{found[1]}: (\w+)", self.run("h1", "ip -o link"), re.MULTILINE)[0]

    def _mac(self, place: str) -> str:
        return re.findall(r"link/ether (\S+)", self.run(place, "ip -o link show eth0"))[0]

    def _wait_for_interfaces(self) -> None:
        """Until the ports of the bridges have learned what they begin with."""
        until = time.monotonic() + 10
        while "state forwarding" not in self.run("h1", "bridge -d link") and time.monotonic() < until:
            time.sleep(0.1)

    def run(self, place: str, script: str, check: bool = True) -> str:
        argv = ["nsenter", f"--net=/proc/{self.where[place]}/ns/net", "bash", "-c", script]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        told = done.stdout + done.stderr
        assert done.returncode == 0 or not check, f"in {place}: {script}: {told}"
        return told

    def state(self) -> dict[str, list[str]]:
        """Everything that a fault may change, without what changes by itself."""
        script = f"{{ {'; '.join(STATE)}; }} 2>/dev/null"  # what a tool complains about is no state
        return {place: self.run(place, script, check=False).splitlines() for place in self.where}

    def forget(self) -> None:
        """Tracked connections, learned neighbours and route exceptions go, so that the next packet is a first one."""
        for place in self.where:
            self.run(place, "conntrack -F; ip neigh flush all; ip route flush cache", check=False)

    def left(self) -> list[str]:
        """What was not put back. The kernel tells at most once a second that an interface is up again."""
        until = time.monotonic() + 10
        while (found := list(self._differs())) and time.monotonic() < until:
            time.sleep(0.2)
        return found

    def _differs(self) -> Iterable[str]:
        now = self.state()
        for place, lines in self.whole.items():
            was, here = set(lines), set(now[place])
            yield from (f"{place}: missing: {line}" for line in lines if line not in here)
            yield from (f"{place}: too much: {line}" for line in now[place] if line not in was)
