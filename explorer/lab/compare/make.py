"""Makes the network and the containers of a variant with the commands that a person would type, and names the command that
did not work."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Callable
from typing import Any

from explorer.lab import images
from explorer.lab.compare.batch import Order, Places
from explorer.network.comparison import Transcript, Variant
from explorer.network.comparison.read import MEMORY
from explorer.network.comparison.scene import Heard, Scene
from explorer.network.comparison.variants import CLIENT, FAR, PORT, PUBLISHED, SERVER
from explorer.network.drivers.compared import NETWORK
from explorer.network.scenario import fill

SLOW = 25.0  # seconds for a command that makes something
METER, METER_PORT, METER_AT = "meter", 7411, 8411
ADDRESSES = "inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}' " + SERVER
ONLY_MEASURING = "Only to measure from outside, after everything else was looked at: what it adds is not counted."
_TOKEN = re.compile(r"[A-Za-z0-9-]{20,200}")
_ID = re.compile(r"[0-9a-f]{64}")
# A new IPv6 address is tentative for one or two seconds and answers nobody meanwhile (RFC 4862); the questions wait for it.
TENTATIVE = (
    "for i in {{1..50}}; do {{ ip -6 addr show tentative; "
    f"for one in {SERVER} {CLIENT}; do {{program}} exec $one ip -6 addr show tentative; done; }}}} "
    "| grep -q inet6 || break; sleep 0.1; done"
)
_NEW_DAEMON = (
    "kill $(cat /run/docker.pid); while [ -e /run/docker.pid ]; do sleep 0.02; done; "
    "setsid dockerd -H unix:///run/docker.sock >/var/log/dockerd.log 2>&1 </dev/null & host-ready >/dev/null"
)


class Failed(Exception):
    """A command did not work. `str()` is one sentence; `evidence` is the command, if one ran."""

    def __init__(self, sentence: str, evidence: Transcript | None = None) -> None:
        super().__init__(sentence)
        self.evidence = evidence


class Maker:
    """Makes one variant. `heard` holds every answer so far by its key; `told` is called after each answer."""

    def __init__(self, places: Places, facts: dict[str, Any], variant: Variant, told: Callable[[], None]) -> None:
        self.places, self.variant, self.told = places, variant, told
        self.subnets: dict[str, str] = facts["lans"]
        self.addresses = {
            name: about["address"] for group in ("hosts", "machines") for name, about in facts.get(group, {}).items()
        }
        self.addresses6 = {
            name: str(about.get("address6") or "")
            for group in ("hosts", "machines")
            for name, about in facts.get(group, {}).items()
        }
        self.heard: dict[str, Heard] = {}
        self.made: list[Transcript] = []

    async def make(self) -> Scene:
        if self.variant.spans_hosts:
            await self._over_two_hosts()
        else:
            await self._run("h1", [*self._first(), *self._network(), *self._containers()])
        said = self.heard["address"].text.split()
        container = _ID.search(self.heard["server"].text)
        return Scene(
            variant=self.variant,
            server=container[0][:12] if container else "",
            address=next((word for word in said if re.fullmatch(r"[0-9.]{7,15}", word)), ""),
            host=self.addresses["h1"],
            outside=self.addresses["outside"],
            address6=next((word for word in said if ":" in word and re.fullmatch(r"[0-9a-f:]{2,39}", word)), ""),
            host6=self.addresses6["h1"],
            outside6=self.addresses6["outside"],
        )

    async def _over_two_hosts(self) -> None:
        swarm = f"docker swarm init --advertise-addr {self.addresses['h1']}"
        token = Order("token", "docker swarm join-token -q worker", 10, must=True)
        await self._run("h1", [*self._first(), Order("swarm", swarm, SLOW, must=True), token])
        word = self.heard["token"].text.strip()
        if not _TOKEN.fullmatch(word):
            raise Failed("The swarm gave no token to join with.", self.heard["token"].evidence)
        meet = f"{self.addresses['h1']}:2377"
        join = f"docker swarm join --advertise-addr {self.addresses['h2']} --token {word} {meet}"
        joining = self._run("h2", [Order("join", join, SLOW, must=True)])
        await _all(joining, self._run("h1", self._network()))
        far = f"docker run -d --name {FAR} --network {NETWORK} {images.BOX} sleep infinity"
        await _all(
            self._run("h1", self._containers()),
            self._run("h2", [Order("far", far, SLOW, must=True)]),
        )

    def _first(self) -> list[Order]:
        """The orders before the network: read the memory in use, set up the daemon and prepare the host as the
        variant wants."""
        orders = [Order("memory-before", MEMORY, 2)]
        if self.variant.daemon:
            words = json.dumps(self.variant.daemon)[1:-1]
            edit = f"sed -i '1s/{{/{{{words}, /' /etc/docker/daemon.json"
            orders += [Order("daemon.json", edit, 5, must=True), Order("new daemon", _NEW_DAEMON, 30, must=True)]
        return orders + [Order(f"prepare-{n}", text, SLOW, must=True) for n, text in enumerate(self.variant.prepare)]

    def _network(self) -> list[Order]:
        if not self.variant.plugin:
            return []
        words = [fill(word, self.subnets) for word in self.variant.options]
        text = shlex.join([self.variant.program, "network", "create", "-d", self.variant.plugin, *words, NETWORK])
        return [Order("network", text, SLOW, must=True)]

    def _containers(self) -> list[Order]:
        at = f"{self.variant.publish}:" if self.variant.publish else ""
        on = f"--network {self.variant.network}"
        program = self.variant.program
        server = f"{program} run -d --name {SERVER} {on} -p {at}{PUBLISHED}:{PORT} {images.BOX}"
        client = f"{program} run -d --name {CLIENT} {on} {images.BOX} sleep infinity"
        return [
            Order("server", server, SLOW, must=True),
            Order("client", client, SLOW, must=True),
            Order("address", f"{program} {ADDRESSES}", 5, must=True),
            *([Order("tentative", TENTATIVE.format(program=program), 8)] if self.variant.ipv6 else []),
        ]

    async def meter(self) -> None:
        """Starts one more server with a port for measuring, where only a published port leads in from outside."""
        text = (
            f"{self.variant.program} run -d --name {METER} --network {self.variant.network} -p {METER_AT}:{METER_PORT} "
            f"{images.BOX} sleep infinity"
        )
        await self._run("h1", [Order("meter", text, SLOW, must=True, note=ONLY_MEASURING)])

    async def _run(self, where: str, orders: list[Order]) -> None:
        def hear(key: str, heard: Heard) -> None:
            self.heard[key] = heard
            if key not in ("memory-before", "token", "address", "tentative"):
                self.made.append(heard.evidence)
            self.told()

        await self.places.run(where, orders, hear)
        for order in orders:
            heard = self.heard.get(order.key)
            if order.must and (heard is None or heard.evidence.status != 0):
                raise Failed(_sentence(where, order.command, heard), heard.evidence if heard else None)


def _sentence(where: str, command: str, heard: Heard | None) -> str:
    short = " ".join(command.split()[:3])
    if heard is None or heard.evidence.status is None:
        return f"`{short}` on {where} gave no answer in time."
    said = (heard.text.strip().splitlines() or ["nothing"])[-1][:200]
    return f"`{short}` on {where} did not work: it said “{said}”."


async def _all(*working: Any) -> None:
    """Waits for all of them and then raises the first exception, so that nothing runs on after a failure."""
    done = await asyncio.gather(*working, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
