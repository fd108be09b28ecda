"""Which ends of a link get its weather, and how many may have one: those of places that are gone do not count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from explorer.lab.ask import weather as module
from explorer.lab.ask.weather import set_weather
from explorer.lab.config import LabConfig
from explorer.lab.engine import bridges
from explorer.lab.errors import BadWeather, NodeError, NotThere
from explorer.lab.inside.allowance import Account
from explorer.network.model import Interface, Observation, Place
from explorer.network.weather import ENDS, Set, Weather

SLOW = Weather(delay_ms=5)
CONFIG = LabConfig("t", "node1", Path("/nowhere"), Path("/nowhere"), Path("/nowhere"))


class Held:
    def __init__(self):
        self.fd = os.open("/dev/null", os.O_RDONLY)


def place(name):
    eth0 = Interface(key="eth0", index=2, name="eth0", kind="physical", state="UP", mtu=1500)
    return Place(
        id=name,
        kind="machine",
        host=name,
        name=name,
        netns=1,
        views={"interfaces": Observation(command="ip addr", items=(eth0,))},
    )


@pytest.fixture
def given(monkeypatch):
    done = []

    async def run(fd, where, made, account):
        done.append(where)
        if where == "the LAN":
            done.append([" ".join(words) for words in made])

    async def fine(weather): ...

    monkeypatch.setattr(module, "_run", run)
    monkeypatch.setattr(module, "_check", fine)
    monkeypatch.setattr(bridges, "port_of", lambda config, member, index: "")
    return done


async def set_one(places, made):
    held: Any = Held()
    before = {(name, "eth0"): Set(place=name, interface="eth0", weather=SLOW) for name in made}
    return await set_weather(CONFIG, places, "outside", "eth0", SLOW, before, lambda name: held, Account())


async def test_removed_containers_leave_room(given):
    await set_one({"outside": place("outside")}, [f"h1/c{number}" for number in range(ENDS)])
    assert given == ["outside"]


async def test_those_that_are_there_count(given):
    others = [f"m{number}" for number in range(ENDS)]
    with pytest.raises(BadWeather, match=f"{ENDS} ends"):
        await set_one({name: place(name) for name in ("outside", *others)}, others)
    assert given == []


async def test_a_cable_of_which_one_end_is_gone_is_left_as_it_is(given):
    ends = {"h1": ("host", "veth1", 5, 2), "h1/web": ("container", "eth0", 2, 5)}
    places = {}
    for name, (kind, device, index, peer) in ends.items():
        card = Interface(key=device, index=index, name=device, kind="veth", mtu=1500, state="UP", peer_index=peer)
        seen = {"interfaces": Observation(command="ip addr", items=(card,))}
        places[name] = Place(id=name, kind=kind, host="h1", name=name, netns=index, views=seen)
    there: dict[str, Any] = {"h1/web": Held()}
    with pytest.raises(NotThere, match="h1 is gone"):
        await set_weather(CONFIG, places, "h1/web", "eth0", SLOW, {}, there.get, Account())
    assert given == []


async def test_a_way_to_the_lan_gets_it_at_the_bridges_port_too(given, monkeypatch, tmp_path):
    monkeypatch.setattr(bridges, "port_of", lambda config, member, index: "vethab12" if index == 2 else "")
    monkeypatch.setattr(module, "NAMESPACES", tmp_path)
    (tmp_path / CONFIG.netns).touch()
    held: Any = Held()
    told = await set_weather(
        CONFIG, {"outside": place("outside")}, "outside", "eth0", Weather(mtu=1400), {}, lambda name: held, Account()
    )
    assert given == ["outside", "the LAN", ["ip link set dev vethab12 mtu 1400", "tc qdisc del dev vethab12 root"]]
    assert [one.place for one in told] == ["outside"], "the port is nobody's to see"


async def test_an_engine_that_does_not_say_its_ports_is_the_nodes_fault(given, monkeypatch):
    def broken(config, member, index):
        raise OSError("no answer")

    monkeypatch.setattr(bridges, "port_of", broken)
    with pytest.raises(NodeError, match="LAN's end of outside's link"):
        await set_one({"outside": place("outside")}, [])
