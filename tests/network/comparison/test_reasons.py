"""Why one column's answer is what it is: the driver's own clause, else what is true of all, else that nothing explains it."""

from __future__ import annotations

import pytest

from explorer.network.comparison import ROWS, Cell, Transcript, all_variants
from explorer.network.comparison.reasons import MEASURED, SHARED, UNEXPLAINED, reason, road
from explorer.network.drivers import DRIVERS

PLAYED = [name for name in DRIVERS if name != "start"]


def answer(row: str, mark: str, word: str = "x", **facts: object) -> Cell:
    return Cell.model_validate({"row": row, "mark": mark, "word": word, **facts})


def told(name: str, row: str, mark: str, word: str = "x", **facts: object) -> str:
    return reason(all_variants()[name], answer(row, mark, word, **facts))


@pytest.mark.parametrize("name", PLAYED)
@pytest.mark.parametrize("mark", ["failed", "unknown", "lacks"])
def test_what_came_to_nothing_says_why_it_did(name, mark):
    assert told(name, "inward", mark, why="It did not answer.") == "It did not answer."
    assert told(name, "inward", mark) == UNEXPLAINED


@pytest.mark.parametrize("row", sorted(MEASURED))
def test_figures_are_explained_for_all_columns_together(row):
    assert told("bridge", row, "value", number=3.0) == ""


@pytest.mark.parametrize("name", PLAYED)
def test_the_usual_answer_of_every_driver_has_a_reason(name):
    assert told(name, "interfaces", "value") != UNEXPLAINED
    assert UNEXPLAINED not in (told(name, "netns", "no" if name == "host" else "yes"), told(name, "mac", "yes"))


@pytest.mark.parametrize(
    ("name", "row", "mark", "word"),
    [
        ("macvlan", "inward", "no", "x"),
        ("none", "inward", "yes", "x"),
        ("none", "by-name", "yes", "the name, no answer"),
        ("bridge", "seen-as", "value", "its own"),
        ("overlay", "by-address", "no", "x"),
        ("host", "published", "yes", "x"),
        ("third-party", "published", "yes", "x"),
    ],
)
def test_a_reason_is_never_given_to_an_answer_it_does_not_fit(name, row, mark, word):
    clause = told(name, row, mark, word)
    assert clause in (UNEXPLAINED, SHARED.get(f"{row} {mark}"))


@pytest.mark.parametrize("name", ["bridge", "third-party"])
def test_a_switch_ends_at_its_host(name):
    assert told(name, "inward", "no") == "its address means something on this host only: nobody else has a route to it"
    assert told(name, "across", "no").startswith("the network ends at its host")
    assert told(name, "host-fdb", "value", number=0).startswith("a switch has an entry")


@pytest.mark.parametrize("name", ["macvlan", "ipvlan"])
def test_a_place_on_the_lan_is_out_of_the_hosts_hands(name):
    assert told(name, "seen-as", "value", "its own") == "nobody on the way translates"
    assert told(name, "from-host", "no").startswith("the kernel lets nothing pass")
    assert told(name, "host-rules", "value", number=0) == "the host's rules never see its packets"
    assert told(name, "host-fdb", "value", number=2).startswith("no switch: the host's card is told")
    assert told(name, "host-fdb", "value", number=0) == "there is no switch"


def test_a_mac_address_of_its_own_or_a_shared_one():
    assert told("macvlan", "mac", "yes").endswith("and the LAN sees it")
    assert told("bridge", "mac", "yes") == "its end of the cable is an Ethernet card of its own"
    assert told("ipvlan", "mac", "no").endswith("the one of the host's card")


def test_what_a_tunnel_leaves_of_a_packet_is_counted():
    assert told("overlay", "mtu", "value", number=1450).startswith("50 bytes are left free")
    assert told("overlay", "mtu", "value", number=1500) == UNEXPLAINED
    assert told("bridge", "mtu", "value", number=1500) == "Docker gives a bridge network 1500 bytes, whatever the LAN carries"
    assert told("bridge", "mtu", "value", number=1400) == UNEXPLAINED
    assert told("third-party", "mtu", "value", number=1500).endswith("1500 bytes, whatever the LAN carries")
    assert told("macvlan", "mtu", "value", number=1400).startswith("taken over from the parent interface")
    assert told("host", "mtu", "value", number=1400) == "it is the MTU of the host's own interface"
    assert told("none", "mtu", "no") == "there is no card"
    assert told("none", "mtu", "value", number=1500) == UNEXPLAINED


def test_containers_that_may_not_talk_are_kept_apart_by_a_rule():
    assert told("bridge-no-icc", "by-address", "no").startswith("a rule drops what goes")
    assert told("bridge-no-icc", "by-name", "partly").startswith("the name server answers, but a rule drops")
    assert told("bridge", "by-name", "partly") == UNEXPLAINED


def test_an_internal_network_has_no_way_out_and_publishes_nothing():
    assert told("bridge-internal", "outward", "no") == "a network made with --internal has no default route"
    assert told("bridge-internal", "published", "no") == "nothing of an internal network is published"
    assert told("bridge-internal", "host-rules", "value", number=3).startswith("one lets its containers talk")
    assert told("bridge-internal", "proxies", "value", number=0) == "nothing is published"


def test_a_port_for_the_host_alone_is_not_there_for_others():
    assert told("bridge-loopback", "published", "no").endswith("outside asked at the host's address on the LAN")
    assert told("bridge-loopback", "host-published", "yes").startswith("docker-proxy, a process, listens there")


DNAT_26 = "+ -A DOCKER -d 127.0.0.1/32 ! -i br-town -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"
RAW_28 = "+ -A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP"
NFT_29 = """\
+ ip daddr 127.0.0.1 tcp dport 8080 counter dnat to 172.18.0.2:80
+ iifname != lo ip daddr 127.0.0.1 tcp dport 8080 drop"""


@pytest.mark.parametrize(
    ("rules", "cut", "ending"),
    [
        (DNAT_26, False, "none of them stops packets for 127.0.0.1 that a neighbour sends to this host's MAC address"),
        (f"{DNAT_26}\n{RAW_28}", False, "one drops packets for 127.0.0.1 that arrive from the network"),
        (NFT_29, False, "one drops packets for 127.0.0.1 that arrive from the network"),
        (DNAT_26, True, "to keep networks apart"),
        ("", False, "to keep networks apart"),
    ],
)
def test_whether_a_neighbour_reaches_a_port_at_127_0_0_1_is_read_from_the_rules(rules, cut, ending):
    seen = Transcript(where="h1", kind="lines", command="iptables-save", output=rules, cut=cut)
    assert told("bridge-loopback", "host-rules", "value", number=11, evidence=(seen,)).endswith(ending)
    assert "127.0.0.1" not in told("bridge", "host-rules", "value", number=11, evidence=(seen,))


@pytest.mark.parametrize(
    ("output", "ending"), [("WARNING: Published ports are discarded", "warned of it"), ("", "did not say so")]
)
def test_whether_docker_said_that_a_port_leads_nowhere(output, ending):
    started = Transcript(where="h1", command="docker run -d -p 8080:80 box", output=output)
    assert told("host", "published", "no", evidence=(started,)).endswith(f"no second namespace to lead to; Docker {ending}")


def test_rules_stand_in_for_the_proxy_that_is_switched_off():
    assert told("bridge-no-proxy", "host-published", "yes").startswith("a rule of the host (DNAT) takes it on its way out")
    assert "stand in for the process" in told("bridge-no-proxy", "host-rules", "value", number=5)
    assert told("bridge-no-proxy", "proxies", "value", number=0).endswith("rules do all the work")
    held = Transcript(where="h1", command="ss -ltnp", output='users:(("dockerd",pid=1))')
    assert told("bridge-no-proxy", "proxies", "value", number=0, evidence=(held,)).endswith("to keep the port from others")


@pytest.mark.parametrize("name", ["bridge", "overlay"])
def test_an_engine_that_drops_in_the_table_raw_is_said_to(name):
    assert "drops, in table raw" in told(name, "host-rules", "value", number=5, value="4 in nat, 1 in raw")
    assert "raw" not in told(name, "host-rules", "value", number=5, value="5 in nat")


def test_the_road_that_was_measured():
    assert road(all_variants()["overlay"], "lan-trip") == "one host wraps each frame, the other unwraps it (VXLAN)"
    assert road(all_variants()["ipvlan"], "rate").startswith("from card to card")
    assert road(all_variants()["none"], "trip") == "the way in its evidence"


def test_every_row_without_figures_has_a_reason_for_somebody():
    keys = {key.partition(" ")[0] for driver in DRIVERS.values() for key in driver.reasons} | {
        key.partition(" ")[0] for key in SHARED
    }
    assert {row.key for row in ROWS} - MEASURED <= keys
