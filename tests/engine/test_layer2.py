"""Frames made by hand on a sandbox's LAN: none is heard in another sandbox or on the machine, and the engine believes none."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from explorer.lab.engine.client import session
from explorer.lab.inside import netns
from explorer.lab.isolation.bait import addresses
from explorer.lab.isolation.trial import gateway
from tests.attacks import Row, attack
from tests.engine import frames

pytestmark = pytest.mark.engine
EVERY_FRAME = 3  # ETH_P_ALL
HELD_BY = "a bridge for each LAN, no forwarding, no IPv6, no spanning tree"


class Ear(threading.Thread):
    """Hears marked frames on every interface of a namespace; `heard` are their numbers."""

    def __init__(self, space: str) -> None:
        super().__init__(daemon=True)
        fd = os.open(space, os.O_RDONLY)
        with netns.inside(fd):
            self.link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_FRAME))
        os.close(fd)
        self.link.settimeout(0.2)
        self.heard: set[int] = set()
        self.over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                _, mark, after = self.link.recv(2048).rpartition(frames.MARK)
                if mark and after:
                    self.heard.add(after[0])

    def close(self) -> None:
        self.over.set()
        self.join()
        self.link.close()


def beliefs(space: str) -> dict[str, object]:
    """What a namespace believes of its network, without what changes by itself."""

    def ask(*words: str):
        told = subprocess.run(["nsenter", f"--net={space}", *words], capture_output=True, text=True, check=True).stdout
        return json.loads(told or "[]")

    links = ask("ip", "-d", "-j", "link")
    neighbours = {(one["dst"], one.get("lladdr")) for one in ask("ip", "-j", "neigh") if one.get("lladdr")}
    return {
        "addresses": [(one["ifname"], [each["local"] for each in one["addr_info"]]) for one in ask("ip", "-j", "addr")],
        "routes": [ask("ip", "-j", "route"), ask("ip", "-6", "-j", "route")],
        "neighbours": sorted(neighbours),
        "bridges": [
            (one["ifname"], one["operstate"], one["linkinfo"]["info_data"].get("stp_state"), one["mtu"])
            for one in links
            if one.get("linkinfo", {}).get("info_kind") == "bridge"
        ],
        "ports": [one["ifname"] for one in links if one.get("linkinfo", {}).get("info_slave_kind") == "bridge"],
    }


def process_of(lab_config, container: str) -> int:
    with session(lab_config) as client:
        return int(client.api.inspect_container(container)["State"]["Pid"])


@pytest.fixture
def attacked(lab_config, open_one, shell):
    """Sends every frame. (names, who heard which, beliefs before and after)."""
    (name, facts), (_, other) = open_one(), open_one()
    engine = f"/run/netns/{lab_config.netns}"
    own = json.loads(shell("h1", "ip -j link show eth0", name)[1])[0]["address"]
    bridges = subprocess.run(
        ["nsenter", f"--net={engine}", "ip", "-j", "addr"], capture_output=True, text=True, check=True
    ).stdout
    router = next(
        link["address"] for link in json.loads(bridges) for each in link["addr_info"] if each.get("local") == gateway(facts)
    )
    goal = {
        "mine": facts["hosts"]["h1"]["address"],
        "neighbour": facts["machines"]["outside"]["address"],
        "stranger": other["hosts"]["h1"]["address"],
        "mine6": facts["hosts"]["h1"]["address6"],
        "neighbour6": facts["machines"]["outside"]["address6"],
        "stranger6": other["hosts"]["h1"]["address6"],
        "gateway": gateway(facts),
        "machine": (addresses() or ["10.255.255.1"])[0],
        "own": own,
        "router": router,
    }
    spaces = {
        "the neighbour": f"/proc/{process_of(lab_config, facts['machines']['outside']['container'])}/ns/net",
        "another sandbox": f"/proc/{process_of(lab_config, other['hosts']['h1']['container'])}/ns/net",
        "the machine": "/proc/self/ns/net",
    }
    before = beliefs(engine)
    with ExitStack() as stack:
        ears = {who: Ear(space) for who, space in spaces.items()}
        for ear in ears.values():
            stack.callback(ear.close)
        program = Path(frames.__file__).read_bytes()
        status, told = shell("h1", f"python3 - '{json.dumps(goal)}'", name, stdin=program)
        assert status == 0, told
        time.sleep(0.5)
    after = beliefs(engine)
    return json.loads(told), {who: ear.heard for who, ear in ears.items()}, before, after


@attack("every frame of these, three times", origin="LAN", expected="contained", held_by=HELD_BY)
def test_no_frame_leaves_its_lan_and_none_is_believed(attacked, tried, seen):
    names, heard, before, after = attacked
    seen(", ".join(f"{who} heard {len(numbers)} of {len(names)}" for who, numbers in heard.items()))
    assert len(heard["the neighbour"]) > 10, "or nothing was sent"
    changed = sorted(what for what in before if before[what] != after[what])
    for number, name in enumerate(names):
        whom = [who for who in ("another sandbox", "the machine") if number in heard[who]]
        seen = f"heard by {', '.join(whom)}" if whom else "heard by nobody outside the LAN"
        seen += f"; the engine changed its {', '.join(changed)}" if changed else "; the engine believes as before"
        tried(Row(name, "LAN", "contained", HELD_BY, seen, not whom and not changed))
    assert {what: (before[what], after[what]) for what in changed} == {}
    assert heard["another sandbox"] == set()
    assert heard["the machine"] == set()
