"""Why a swarm's lines are there, on two real hosts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from explorer.network.drivers.known import know
from explorer.network.drivers.overlay import why as overlay
from explorer.network.elsewhere import NOBODY, Elsewhere, End, look_elsewhere
from explorer.network.explain import explain
from explorer.network.model import Neighbour, Snapshot
from explorer.network.not_dockers import NOT_DOCKERS

SEEN = Path(__file__).parents[1] / "captures" / "overlay" / "swarm.json"


@cache
def whys(named: bool = True) -> dict[tuple[str, str], tuple[str, str]]:
    """(place, text) → (why, what it is about). Without names: nobody knows who is on the other host."""
    snapshot = Snapshot.model_validate_json(SEEN.read_text())
    elsewhere = look_elsewhere(snapshot.places, snapshot.docker) if named else NOBODY
    return {
        (f"{place.host}/{place.name}" if place.kind == "namespace" else place.id, line.text.strip()): (line.why, line.key)
        for place in snapshot.places.values()
        for view, seen in place.views.items()
        for line in explain(place, view, seen, snapshot.docker.get(place.host), elsewhere).lines
    }


def why(place: str, start: str) -> str:
    return next(told for (where, text), (told, _) in whys().items() if where == place and start in text)


def test_every_line_says_why_but_one_of_somebody_who_is_gone():
    unknown = [
        told
        for told, (reason, key) in whys().items()
        if not reason and not told[0].endswith("ingress_sbox") and not key.startswith("gap:")
    ]
    assert unknown == [("h1/web", "10.0.1.8 dev eth0 lladdr 02:42:0a:00:01:08 STALE")]


def test_where_a_mac_address_lives():
    assert why("h2/ring (overlay)", "dst 10.77").endswith("The daemon wrote this entry; it was not learned.")
    told = {reason for (place, text), (reason, _) in whys().items() if place == "h2/ring (overlay)" and " dst " in text}
    assert any(reason.startswith("Frames for web's MAC address go through the tunnel to h1, 10.77.") for reason in told)


def test_a_name_that_is_not_known_is_not_guessed():
    told = {reason for (_, text), (reason, _) in whys(named=False).items() if " dst " in text}
    assert told
    assert all(reason.startswith("Frames for this MAC address go through the tunnel to 10.77.") for reason in told)


def test_the_way_out():
    assert "second interface, its way out of this host" in why("h2/client", ": eth1@")
    assert why("h2/client", "default via").endswith("goes out of the host through 172.18.0.1, docker_gwbridge.")


def test_the_switch_and_the_tunnel():
    assert why("h1/ring (overlay)", ": br0:").startswith("The switch of network ring (10.0.1.0/24) on this host")
    assert "marked VXLAN 4097" in why("h1/ring (overlay)", ": vxlan0@")


def test_what_the_hosts_say_to_each_other():
    assert why("h1", "dport=2377").endswith("the swarm's management: what runs where.")


def test_on_a_swarm_host_what_is_not_dockers_is_said():
    assert NOT_DOCKERS.text not in {reason for (place, _), (reason, _) in whys().items() if place in ("h1", "h2")}


def test_a_neighbour_of_ipv6_on_the_same_host_was_not_found_by_arp():
    snapshot = Snapshot.model_validate_json(SEEN.read_text())
    state = snapshot.docker["h1"]
    ring = next(one for one in state.networks if one.name == "ring")
    ends = {(ring.id, address): End("other", "h1", ring.id) for address in ("fd00::8", "10.0.1.8")}
    known = know(snapshot.places["h1/web"], state, Elsewhere(ends=ends))
    card = next(name for name, end in known.ends.items() if end.network.name == "ring")

    def told(address):
        return overlay.why(
            known, Neighbour(key="n", address=address, dev=card, mac="02:00:00:00:00:08", state="REACHABLE")
        ).text

    assert told("fd00::8").endswith("its MAC address, found by neighbour discovery.")
    assert told("10.0.1.8").endswith("its MAC address, found by ARP.")
