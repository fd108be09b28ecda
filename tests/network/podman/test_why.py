"""What is said of a Podman host's lines: netavark's words for netavark's lines, and for none that only look like them."""

from __future__ import annotations

import pytest

from explorer.network import explain as explain_module
from explorer.network.drivers.known import know
from explorer.network.explain import explain
from explorer.network.model import Connection, Flow, Interface, Observation, Place, Route
from explorer.network.views import observe
from tests.network.podman.captured import state, text

NFT = text("ruleset.txt")
STRANGE = "Not added by Podman."


def told(rules=NFT, docker=None):
    """Line → (sentence, owners) of the view that nft's tables are in."""
    seen = observe("raw", "", "", "", "", rules)
    place = Place(id="h1", kind="host", host="h1", name="h1", views={"raw": seen})
    return {line.text.strip(): (line.why, line.about) for line in explain(place, "raw", seen, docker or state()).lines}


def with_rule(chain, rule):
    return NFT.replace(f"\tchain {chain} {{\n", f"\tchain {chain} {{\n\t\t{rule}\n", 1)


def test_every_line_of_netavarks_table_has_a_sentence_and_none_is_called_strange():
    for line, (why, about) in told().items():
        if line and line != "}":
            assert why, line
            assert "Not " not in why, line
            assert "not-podman" not in about, line


def test_no_sentence_speaks_of_docker():
    assert not [why for why, _ in told().values() if "Docker" in why or "daemon" in why]


@pytest.mark.parametrize(
    ("chain", "rule"),
    [
        ("NETAVARK-HOSTPORT-DNAT", "tcp dport 8088 jump nv_2f259bab_10_88_0_0_nm16_dnat"),
        ("FORWARD", "ip saddr 10.88.0.9 drop"),
        ("INPUT", "tcp dport 22 drop"),
        ("NETAVARK-ISOLATION-3", 'oifname "podman3" drop'),
    ],
)
def test_a_look_alike_in_netavarks_table_is_not_netavarks(chain, rule):
    why, about = told(with_rule(chain, rule))[rule]
    assert why.startswith("Not netavark's")
    assert about == ("not-podman",)


def test_a_second_equal_rule_is_not_netavarks():
    seen = observe("raw", "", "", "", "", with_rule("FORWARD", "ip saddr 10.88.0.0/16 accept"))
    place = Place(id="h1", kind="host", host="h1", name="h1", views={"raw": seen})
    lines = [one for one in explain(place, "raw", seen, state()).lines if one.text.strip() == "ip saddr 10.88.0.0/16 accept"]
    assert [one.why.startswith("Not netavark's: an equal line") for one in lines] == [False, True]


def test_a_table_of_somebody_elses_is_not_podmans():
    chain = "\tchain in {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 80 drop\n\t}\n"
    lines = told(f"{NFT}table inet mine {{\n{chain}}}\n")
    assert lines["tcp dport 80 drop"] == (STRANGE, ("not-podman",))
    assert lines["table inet mine {"][0].endswith(STRANGE)


def test_while_podman_is_silent_nothing_is_called_strange():
    silent = state().model_copy(update={"error": "it does not answer"})
    assert told(with_rule("INPUT", "tcp dport 22 drop"), silent)["tcp dport 22 drop"] == ("", ())
    assert told(NFT, silent)["ct state invalid drop"][0]


def place(name, kind, *items):
    seen = Observation(command="x", items=items)
    return Place(id=name, kind=kind, host="h1", name=name.rpartition("/")[2], views={"interfaces": seen})


def why_of(where, item):

    return explain_module._why(know(where, state()), item)


PODMAN0 = Interface(key="i", mtu=1500, state="UP", index=2, name="podman0", kind="bridge")
PORT = Interface(
    key="p", mtu=1500, state="UP", index=3, name="veth0", kind="veth", master="podman0", peer_place="h1/web", peer_name="eth0"
)


def test_the_bridges_of_the_default_network_and_of_another():
    host = place("h1", "host", PODMAN0)
    assert why_of(host, PODMAN0).text.startswith("The Linux bridge of Podman's default network, podman.")
    town = PODMAN0.model_copy(update={"name": "podman1"})
    assert "network town (10.89.0.0/24)" in why_of(place("h1", "host", town), town).text


def test_a_containers_port_and_a_cable_that_was_laid_by_hand():
    assert why_of(place("h1", "host", PODMAN0, PORT), PORT).about == ("container:web", "network:podman")


def test_a_containers_default_route_has_netavarks_metric():
    eth0 = Interface(key="e", mtu=1500, state="UP", index=2, name="eth0", kind="veth", mac="1a:ff:b0:2f:3d:bc")
    web = place("h1/web", "container", eth0)
    route = Route(key="r", destination="default", via="10.88.0.1", dev="eth0", protocol="static", metric=100)
    assert "its gateway 10.88.0.1, podman0 on the host" in why_of(web, route).text
    for other in ({"metric": None}, {"via": "10.88.0.9"}, {"protocol": ""}):
        assert not why_of(web, route.model_copy(update=other)).text


def test_a_name_lookup_goes_to_aardvark_dns():
    asked = Connection(
        key="c",
        protocol="udp",
        original=Flow(source="10.89.0.2", destination="10.89.0.1", source_port=4000, destination_port=53),
        reply=Flow(source="10.89.0.1", destination="10.89.0.2", source_port=53, destination_port=4000),
    )
    host = place("h1", "host", PODMAN0)
    assert why_of(host, asked).text == (
        "A name lookup: a asked aardvark-dns, the name server of network town (10.89.0.0/24), at 10.89.0.1."
    )
    elsewhere = asked.model_copy(update={"original": asked.original.model_copy(update={"destination": "10.88.0.1"})})
    assert "aardvark" not in why_of(host, elsewhere).text, "the default network has no name server"


def test_another_mtu_than_1500_is_not_called_changed():
    """netavark takes that of the host's default route."""
    text = (
        "2: eth0@if3: <BROADCAST,UP> mtu 1400 qdisc noqueue state UP\n    link/ether 1a:ff:b0:2f:3d:bc brd ff:ff:ff:ff:ff:ff\n"
    )
    seen = observe("interfaces", text)
    web = Place(id="h1/web", kind="container", host="h1", name="web", views={"interfaces": seen})
    (first, *_) = explain(web, "interfaces", seen, state()).lines
    assert "changed since" not in first.why
