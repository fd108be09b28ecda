"""Why each line is there: on captures every line has a true sentence; what is not known has none."""

from __future__ import annotations

import re

import pytest

from explorer.network.drivers.known import Known
from explorer.network.explain import explain
from explorer.network.model import DockerState, Place
from explorer.network.not_dockers import AGAIN, NOT_DOCKERS, UNLIKE
from explorer.network.views import observe
from tests.network.captured import CAPTURES, ENGINES, FILES, STAGES, docker, places, text

COUNTERS = re.compile(r"^\[\d+:\d+\] ")
MINE = "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0\n    dummy"


def whys(place, view, stage="5-traffic", engine="bridge"):
    """Text without counters → why."""
    lines = places(stage, engine)[place].views[view].lines
    return {COUNTERS.sub("", line.text).strip(): line.why for line in lines}


def why(start, place="h1", view="nat", stage="5-traffic", engine="bridge"):
    return next(reason for shown, reason in whys(place, view, stage, engine).items() if shown.startswith(start))


def host_with(extra, view="filter", stage="5-traffic", names=None):
    """One line more on the capture's host."""
    folder = CAPTURES / "bridge" / stage / "h1"
    shown = text(folder, FILES[view][0])
    shown = shown.replace("COMMIT", f"{extra}\nCOMMIT") if view in ("filter", "nat") else f"{shown}{extra}\n"
    place = places(stage)["h1"]
    explained = explain(place, view, observe(view, shown), docker(stage) if names is None else names)
    return next(line.why for line in explained.lines if extra.split("\n")[0] in line.text)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stage", STAGES)
def test_every_line_of_a_capture_says_why(engine, stage):
    for place in places(stage, engine).values():
        for seen in place.views.values():
            assert [line.text for line in seen.lines if not line.why] == []


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sentence_is_one_sentence(engine):
    for place in places("5-traffic", engine).values():
        for seen in place.views.values():
            assert all(line.why.endswith(".") and len(line.why) < 220 for line in seen.lines)


@pytest.mark.parametrize("engine", ENGINES)
def test_publishing(engine):
    assert (
        why("-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080", engine=engine)
        == "Because web publishes 8080:80: packets to this host's port 8080 are sent to 172.17.0.3:80 (DNAT)."
    )
    assert why("-A DOCKER -d 127.0.0.1/32", engine=engine).startswith(
        "Because near publishes 127.0.0.1:8081:80: packets to port 8081"
    )
    assert why("-A DOCKER -d 172.17.0.3/32", view="filter", engine=engine).startswith("Because web publishes 8080:80:")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_line_belongs_to(engine):
    found = places("5-traffic", engine)
    abouts = {COUNTERS.sub("", line.text): line.about for view in ("nat", "filter") for line in found["h1"].views[view].lines}

    def about(start):
        return next(about for shown, about in abouts.items() if shown.startswith(start))

    assert about("-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080") == ("container:web", "option:publish")
    assert about("-A DOCKER -d 172.17.0.3/32") == ("container:web", "option:publish")
    assert about("-A POSTROUTING -s 172.17.0.0/16") == ("network:bridge", "daemon")
    assert about("-A POSTROUTING -s 172.18.0.0/16") == ("network:app",)
    assert about(":FORWARD DROP") == ("daemon",)
    assert about("-A OUTPUT -d 127.0.0.11/32") == ("lan",)
    inside = found["h1/app1"].views
    assert {line.about for line in inside["nat"].lines if "127.0.0.11" in line.text} == {("container:app1", "network:app")}
    assert [line.about for line in inside["routes"].lines] == [("container:app1", "network:app")] * 2


@pytest.mark.parametrize("engine", ENGINES)
def test_masquerading(engine):
    reason = why("-A POSTROUTING -s 172.17.0.0/16", engine=engine)
    assert reason.startswith("Because of network bridge (172.17.0.0/16): ")
    assert reason.endswith("their source address replaced by the host's (MASQUERADE).")


def test_hairpin():
    assert why("-A POSTROUTING -s 172.17.0.3/32").startswith("For web reaching itself through its own published port")


def test_isolation():
    closed = "br-c17a98dbb417"
    assert why(f"-A DOCKER-ISOLATION-STAGE-1 ! -d 172.19.0.0/16 -i {closed}", view="filter").startswith(
        "Because network closed is internal: nothing from it gets out"
    )
    assert "from another bridge network to network bridge" in why("-A DOCKER-ISOLATION-STAGE-2 -o docker0", view="filter")


def test_engine_28s_chains():
    def filter_28(start):
        return why(start, view="filter", engine="bridge-28")

    assert "DOCKER-FORWARD" in filter_28("-A FORWARD -j DOCKER-FORWARD")
    assert "is not a published port is dropped" in filter_28("-A DOCKER ! -i docker0 -o docker0 -j DROP")
    assert "known connection" in filter_28("-A DOCKER-CT -o docker0")
    assert "checked in chain DOCKER" in filter_28("-A DOCKER-BRIDGE -o docker0")


def test_embedded_dns():
    assert why("-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp", "h1/app1").startswith(
        "Because app1 is on user-defined network app: udp queries"
    )
    assert why("-A OUTPUT -d 127.0.0.11/32").startswith("Because h1 is itself a container, on the sandbox's LAN")


def test_policy_of_forward():
    assert why(":FORWARD DROP", view="filter").startswith("Policy DROP: a forwarded packet that no rule accepts is dropped")


def test_interfaces_of_a_host():
    found = whys("h1", "interfaces", "2-container")
    assert (
        next(reason for shown, reason in found.items() if "vethb68a8bd" in shown) == "c1's eth0 ends here; a port of docker0."
    )
    assert "Docker's default network, bridge (172.17.0.0/16)" in next(
        r for shown, r in found.items() if shown.startswith("2: docker0")
    )
    assert why("inet 172.17.0.1/16", view="interfaces").startswith("The gateway of network bridge (172.17.0.0/16)")
    assert "No container is connected, so it is DOWN" in why("2: docker0", view="interfaces", stage="1-engine")
    assert "user-defined network app" in why("10: br-", view="interfaces")
    assert "internal: no way out" in why("11: br-", view="interfaces")
    assert why("4: eth0", view="interfaces") == "h1's own interface, on the sandbox's LAN."


def test_interfaces_of_a_container():
    assert (
        why("3: eth0", "h1/c1", "interfaces") == "c1's interface on network bridge (172.17.0.0/16): one end of a veth pair; "
        "the other end, vethb68a8bd, is a port of docker0."
    )
    assert why("inet 172.17.0.2/16", "h1/c1", "interfaces").startswith("c1's address on network bridge")


def test_a_container_on_two_networks():
    found = [reason for shown, reason in whys("h1/hidden", "interfaces", "6-changed").items() if ": eth" in shown]
    assert [reason.partition(":")[0] for reason in found] == [
        "hidden's interface on network closed (172.19.0.0/16)",
        "hidden's interface on network app (172.18.0.0/16)",
    ]


def test_routes():
    assert why("172.17.0.0/16", view="routes").startswith("Because of network bridge (172.17.0.0/16)")
    assert why("default", "h1/c1", "routes").endswith("goes to its gateway 172.17.0.1, docker0 on the host.")
    assert why("10.77.3.0/24", view="routes").startswith("The LAN:")


def test_neighbours_and_fdb():
    assert why("172.17.0.3", view="neighbours").startswith("web on network bridge")
    assert why("172.18.0.1", "h1/app1", "neighbours").startswith("The gateway of network app")
    assert why("02:42:ac:11:00:02", view="fdb").startswith("docker0 learned from a frame that c1's MAC address is behind")
    left = why("172.17.0.4", view="neighbours", stage="6-changed")
    unowned = "An address of network bridge (172.17.0.0/16) that no container has now"
    assert left == f"{unowned}; the entry is left from before, or somebody else answered."


def test_a_neighbour_with_another_mac_address_than_docker_gave_is_not_called_the_containers():
    wrong = host_with("172.17.0.3 dev docker0 lladdr 02:00:00:00:00:99 REACHABLE", view="neighbours")
    assert re.search(
        r"^web on network bridge .*: Docker gave it the MAC address 02:42:\S+, and this entry has another one\.$", wrong
    )


def test_connections():
    found = list(whys("h1", "connections").values())
    assert "10.77.3.100 asked 10.77.3.11:8080, which web publishes as 8080:80: sent to 172.17.0.3:80 (DNAT)." in found
    assert "c1 to 10.77.3.100: its source address was replaced by 10.77.3.11 because network bridge is masqueraded." in found
    assert "The host asked its own port 8081, published by near: docker-proxy took it, no DNAT." in found
    assert any("embedded DNS server" in reason for reason in whys("h1/app1", "connections").values())


@pytest.mark.parametrize(
    ("view", "line"),
    [
        ("filter", "[0:0] -A INPUT -p tcp -m tcp --dport 22 -j DROP"),
        ("filter", "[0:0] -A FORWARD -j DROP"),
        ("filter", ":MINE - [0:0]"),
        ("nat", "[0:0] -A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE"),
        ("routes", "10.9.0.0/16 via 10.77.3.50 dev eth0 "),
        ("interfaces", f"99: mine: <BROADCAST> mtu 1500 state DOWN\n{MINE}"),
    ],
)
def test_what_is_surely_not_dockers(view, line):
    assert host_with(line, view) == NOT_DOCKERS.text


def test_own_rules_in_docker_user():
    assert host_with("[0:0] -A DOCKER-USER -s 10.77.3.100/32 -j DROP").startswith(NOT_DOCKERS.text[:-1])


@pytest.mark.parametrize(
    ("view", "line"),
    [
        ("filter", "[0:0] -A FORWARD -i docker0 -p tcp -j DROP"),  # touches Docker's bridge
        ("filter", "[0:0] -A FORWARD -i docker0 -o docker0 -j DROP"),  # like enable_icc=false, which is not set
        ("filter", "[0:0] -A FORWARD -i docker0 -j ACCEPT"),  # Engine 28 writes this, in another chain
        ("nat", "[0:0] -A DOCKER -s 10.9.0.0/16 -j RETURN"),
        ("nat", "[0:0] -A POSTROUTING -s 172.19.0.0/16 ! -o br-c17a98dbb417 -j MASQUERADE"),  # that network is internal
        ("nat", "[0:0] -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.9:80"),
        ("routes", "172.17.0.128/25 dev docker0 scope link "),
    ],
)
def test_what_looks_like_dockers_and_is_not(view, line):
    assert host_with(line, view) == UNLIKE.text


def test_an_equal_line_is_not_dockers_a_second_time():
    line = "[0:0] -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"
    folder = CAPTURES / "bridge" / "5-traffic" / "h1"
    twice = text(folder, FILES["nat"][0]).replace("COMMIT", f"{line}\nCOMMIT")
    told = explain(places("5-traffic")["h1"], "nat", observe("nat", twice), docker("5-traffic")).lines
    first, second = [one.why for one in told if line.split("] ")[1] in one.text]
    assert first.startswith("Because of network bridge")
    assert second == AGAIN.text


@pytest.mark.parametrize(
    ("view", "line"),
    [
        ("neighbours", "172.17.0.2 dev docker0 lladdr 02:00:00:00:00:01 PERMANENT"),
        ("fdb", "02:00:00:00:00:01 dev docker0 master docker0 static"),
    ],
)
def test_what_somebody_wrote_was_not_learned(view, line):
    assert host_with(line, view).startswith("Somebody wrote this entry, ")


@pytest.mark.parametrize(
    ("view", "line"),
    [
        ("filter", "[0:0] -A FORWARD -i br-0123456789ab -j ACCEPT"),  # a network being made
        ("nat", "a line nobody knows"),
    ],
)
def test_what_is_not_known_is_not_guessed(view, line):
    assert host_with(line, view) == ""


def test_without_the_daemons_names_nothing_is_called_anothers():
    for names in (DockerState(host="h1"), DockerState(host="h1", error="does not answer")):
        assert host_with("[0:0] -A INPUT -p tcp -m tcp --dport 22 -j DROP", names=names) == ""
        assert (
            host_with(
                "[0:0] -A DOCKER ! -i docker0 -p tcp -m tcp --dport 9 -j DNAT --to-destination 172.17.0.9:9", "nat", names=names
            )
            == ""
        )


def test_on_a_swarm_what_looks_into_vxlan_may_be_dockers():
    state = docker("5-traffic")
    overlay = state.networks[0].model_copy(update={"driver": "overlay", "scope": "swarm", "name": "ingress"})
    names = state.model_copy(update={"networks": (*state.networks, overlay)})
    known = "-A INPUT -p udp -m udp --dport 4789"
    assert host_with(f"[0:0] {known} -j DROP", names=names) == NOT_DOCKERS.text
    assert host_with(f'[0:0] {known} -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100100" -j DROP', names=names) == ""


def test_network_host_and_network_none():
    def of(mode):
        web = docker("5-traffic").containers[0].model_copy(update={"name": "x", "network_mode": mode, "endpoints": ()})
        names = DockerState(host="h1", networks=docker("5-traffic").networks, containers=(web,))
        place = Place(id="h1/x", kind="container", host="h1", name="x")
        shown = text(CAPTURES / "links", "ip-d-addr").partition("2: ")[0]
        return explain(place, "interfaces", observe("interfaces", shown), names).lines[0].why

    assert of("host") == "The host's own: x is on network host and uses the host's network namespace."
    assert of("none") == "Network none gives a container loopback only: it is all that x has."


def test_requests_of_a_machine():
    outside = Place(id="outside", kind="machine", name="outside")
    line = '{"protocol":"http","source":"10.77.3.11","what":"GET /"}'
    (shown,) = explain(outside, "requests", observe("requests", line), None).lines
    assert shown.why == "outside was asked over http by 10.77.3.11: the source address as it arrived there."


def test_the_kernels_part_needs_no_daemon():
    place = places("5-traffic")["h1/c1"]
    seen = {view: explain(place, view, place.views[view], None) for view in ("interfaces", "routes")}
    told = {line.why for view in seen.values() for line in view.lines}
    assert "One end of a veth pair; the other end is vethb68a8bd in h1." in told
    assert "The kernel added this route with the address of eth0: that subnet is reached directly." in told


def test_many_lines_do_not_read_all_rules_each(monkeypatch):
    """A learner can make thousands of connections and rules: what the rules say is found once for all lines."""
    read = []
    rules = Known.rules

    def noted(known, view):
        read.append(view)
        return rules(known, view)

    monkeypatch.setattr(Known, "rules", noted)
    out = (
        "tcp 6 9 ESTABLISHED src=172.17.0.2 dst=10.77.3.100 sport={} dport=80 src=10.77.3.100 dst=10.77.3.11 sport=80 dport={}"
    )
    shown = "".join(f"{out.format(port, port)} [ASSURED] mark=0 use=1\n" for port in range(2000, 2050))
    place = places("5-traffic")["h1"]
    told = explain(place, "connections", observe("connections", shown), docker("5-traffic"))
    assert {line.why.endswith("because network bridge is masqueraded.") for line in told.lines} == {True}
    assert len(read) < 6
    read.clear()
    lines = "".join(f"-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:{port}\n"
                    for port in range(2000, 2100))  # fmt: skip
    before = text(CAPTURES / "bridge" / "5-traffic" / "h1", FILES["nat"][0])
    seen = observe("nat", before.replace("COMMIT", f"{lines}COMMIT"))
    where = place.model_copy(update={"views": {**place.views, "nat": seen}})
    told = explain(where, "nat", seen, docker("5-traffic"))
    assert len(read) < 6
    assert {line.why for line in told.lines if ":20" in line.text and "DOCKER_OUTPUT" in line.text} == {UNLIKE.text}
