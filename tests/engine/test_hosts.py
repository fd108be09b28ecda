"""Sandboxes on a real engine: opened, used, found again, ended, gone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from explorer.lab import usage
from explorer.lab.engine import disks, own_disk
from explorer.lab.engine.client import session
from explorer.lab.errors import HostTimeout, NodeError, NotThere
from explorer.lab.hosts import lans, lifecycle
from explorer.lab.hosts.run import run_in
from explorer.network.layout import from_query
from explorer.network.scenario import SCENARIOS, Scenario, StartContainer, StartNetwork

pytestmark = pytest.mark.engine


def nothing(phase: str, detail: str) -> None:
    pass


def objects(config, name):
    return [found for found in lifecycle.list_sandboxes(config) if found.sandbox == name]


def test_a_sandbox_says_its_phases_and_its_facts(lab_config, new_name):
    phases = []
    name = new_name()
    facts = lifecycle.open_sandbox(
        lab_config, name, 1, SCENARIOS["two-hosts"], time.time() + 60, lambda phase, detail: phases.append(phase)
    )
    assert phases == ["reserved", "starting host", "loading images", "building scenario", "ready"]
    assert list(facts["hosts"]) == ["h1", "h2"]
    assert facts["hosts"]["h2"]["address"] == facts["subnet"].replace(".0/24", ".12")
    assert facts["hosts"]["h1"]["engine"].startswith("26.")
    assert facts["machines"]["outside"]["address"].endswith(".100")
    assert lifecycle.close_sandbox(lab_config, name) == 7  # three containers and their disks, a network
    assert objects(lab_config, name) == []


def test_closing_twice_is_success(lab_config, open_one):
    name, _ = open_one()
    assert lifecycle.close_sandbox(lab_config, name) == 5
    assert lifecycle.close_sandbox(lab_config, name) == 0
    assert not lans.expiry_dir(lab_config, name).exists()


def test_opening_again_finds_the_same(lab_config, open_one):
    name, facts = open_one()
    again = lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["one-host"], time.time() + 99, nothing)
    assert again == facts


def test_a_new_generation_replaces_the_old(lab_config, open_one):
    name, facts = open_one()
    fresh = lifecycle.open_sandbox(lab_config, name, 2, SCENARIOS["one-host"], time.time() + 99, nothing)
    assert fresh["hosts"]["h1"]["container"] != facts["hosts"]["h1"]["container"]
    assert [found.generation for found in objects(lab_config, name)] == [2]
    assert lifecycle.close_sandbox(lab_config, name, 1) == 0


def test_a_failure_leaves_nothing(lab_config, new_name):
    broken = Scenario(name="broken", summary="", networks=(StartNetwork(host="h1", name="n", driver="nonsense"),))
    name = new_name()
    with pytest.raises(Exception, match="scenario"):
        lifecycle.open_sandbox(lab_config, name, 1, broken, time.time() + 60, nothing)
    assert objects(lab_config, name) == []


def test_a_scenario_is_there_when_the_sandbox_is(lab_config, new_name, shell):
    scenario = Scenario(
        name="web",
        summary="",
        networks=(StartNetwork(host="h1", name="front", options=("--subnet", "172.30.0.0/24")),),
        containers=(StartContainer(host="h1", name="web", network="front", publish=("8080:80",)),),
    )
    name = new_name()
    facts = lifecycle.open_sandbox(lab_config, name, 1, scenario, time.time() + 60, nothing)
    try:
        _, text = shell("outside", f"curl -s {facts['hosts']['h1']['address']}:8080", name=name)
        assert text.startswith(f"you are {facts['machines']['outside']['address']}:")
        assert "172.30.0.2:80" in text
        taken = usage.read_usage(lab_config, [facts["hosts"]["h1"]["container"]])
        assert taken is not None
        assert taken.containers == 1
        assert 10 < taken.memory / 2**20 < lab_config.host_memory_mb  # a Docker daemon, containerd and one small web server
        assert 0.1 < taken.cpu < 60  # it started, which takes part of a second
    finally:
        lifecycle.close_sandbox(lab_config, name)
    assert usage.read_usage(lab_config, [facts["hosts"]["h1"]["container"]]) is None


def test_a_router_leads_to_a_second_lan(lab_config, open_one, shell):
    name, facts = open_one("routed")
    far, router = facts["machines"]["far"], facts["machines"]["router"]
    assert far["addresses"] == {"beyond": facts["lans"]["beyond"].replace(".0/24", ".102")}
    assert router["addresses"] == {lan: subnet.replace(".0/24", ".1") for lan, subnet in facts["lans"].items()}
    _, text = shell("h1", "ping -c 1 -W 2 far && ping -c 1 -W 2 -t 1 far; docker run --rm box curl -s far", name=name)
    assert f"From router ({router['address']})" in text, "one hop away the router says it was too far"
    assert f"you are {facts['hosts']['h1']['address']}:" in text
    _, text = shell("far", "curl -s outside; ip route", name=name)
    assert f"you are {far['address']}:" in text
    assert f"default via {router['addresses']['beyond']}" in text
    assert lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["routed"], time.time() + 60, nothing) == facts
    assert lifecycle.close_sandbox(lab_config, name) == 10  # four containers and their disks, two networks
    assert objects(lab_config, name) == []


def test_a_layout_from_a_link_is_built(lab_config, new_name, shell):
    link = (
        "hosts=2&machines=outside,router&swarm=1&net=h1,lan,bridge,subnet=172.30.0.0/24&net=h1,town,overlay"
        "&net=h1,street,macvlan,subnet=lan,gateway=lan.1,parent=eth0"
        "&run=h1,web,lan,also=town,p=8080:80&run=h2,app,town&run=h1,own,street"
    )
    name = new_name()
    facts = lifecycle.open_sandbox(lab_config, name, 1, from_query(link).scenario(), time.time() + 60, nothing)
    try:
        _, text = shell("outside", f"curl -s {facts['hosts']['h1']['address']}:8080", name=name)
        assert "172.30.0.2:80" in text
        _, text = shell("h2", "for i in 1 2 3 4 5; do docker exec app curl -s web && break; sleep 1; done", name=name)
        assert "I am" in text
        _, text = shell("h1", "docker network inspect street", name=name)
        assert facts["subnet"] in text
    finally:
        lifecycle.close_sandbox(lab_config, name)


def test_a_swarm_stands_when_the_sandbox_does(open_one, shell):
    name, _ = open_one("swarm")
    _, text = shell("h1", "docker node ls --format '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'", name=name)
    assert sorted(line.strip() for line in text.splitlines()) == ["h1 Ready Leader", "h2 Ready"]


def test_a_host_that_cannot_start_is_named_and_takes_the_others_with_it(lab_config, new_name, monkeypatch):
    """Its address is taken by somebody else on the LAN: the engine refuses it."""
    name, given = new_name(), lans.addresses
    monkeypatch.setattr(lans, "addresses", lambda *words: given(*words) | {"h2": given(*words)["h1"]})
    with pytest.raises(NodeError, match=r"h[12] did not start\. .* were taken down again\.") as caught:
        lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["two-hosts"], time.time() + 60, nothing)
    assert "Address already in use" in caught.value.detail
    assert objects(lab_config, name) == []


def test_a_host_whose_daemon_cannot_start_is_named(lab_config, new_name, monkeypatch, tmp_path):
    """h2's own file system is spoilt from the node before it begins, as a broken disk would."""
    name, make = new_name(), disks.make

    def spoilt(config, sandbox, generation, host, key):
        disk = make(config, sandbox, generation, host, key)
        if host == "h2":
            with own_disk.opened(str(disk), str(tmp_path)) as mounted:
                Path(mounted, own_disk.DOCKER, "containerd").write_text("not a directory")
                Path(mounted, own_disk.DOCKER, "network").write_text("not a directory")
        return disk

    monkeypatch.setattr(disks, "make", spoilt)
    monkeypatch.setattr(lifecycle, "READY_SECONDS", 4.0)
    with pytest.raises(NodeError, match=r"^h2 did not start\. h1 was taken down again\.$"):
        lifecycle.open_sandbox(lab_config, name, 1, SCENARIOS["two-hosts"], time.time() + 60, nothing)
    assert objects(lab_config, name) == []


def test_a_host_is_a_plain_docker_host(shell):
    _, text = shell(
        "h1",
        "docker info --format '{{.Driver}} {{.ServerVersion}}'; "
        "docker images --format '{{.Repository}}'; docker network ls -q | wc -l",
    )
    assert text.split() == ["overlay2", text.split()[1], "box", "3"]
    _, text = shell("h1", "iptables-save -t nat; ip -o addr show docker0; cat /etc/resolv.conf")
    assert "127.0.0.11" not in text, "rules of the engine above do not show in a host"
    assert "172.17.0.1/16" in text


def test_box_is_small_and_answers_who_asked(shell):
    _, text = shell("h1", "docker image inspect box --format '{{.Size}}'")
    assert int(text) < 40_000_000
    _, text = shell(
        "h1",
        "docker run -d --name web1 box >/dev/null; "
        "for i in 1 2 3 4 5; do docker run --rm --link web1 box curl -s web1 && break; done; docker rm -f web1",
    )
    assert "you are 172.17.0." in text, text
    assert ", I am " in text


@pytest.mark.parametrize(
    "tool",
    [
        "bash",
        "sh",
        "ip",
        "ping",
        "curl",
        "tcpdump",
        "traceroute",
        "nc",
        "arping",
        "dig",
        "nslookup",
        "iperf3",
        "ss",
        "bridge",
        "ps",
        "hostname",
        "awk",
        "sed",
        "less",
        "vi",
    ],
)
def test_box_has_the_usual_tools(shell, tool):
    status, text = shell("h1", f"docker run --rm box sh -c 'command -v {tool}'")
    assert status == 0, text


def test_outside_answers_and_logs_who_asked(shell, sandbox, lab_config):
    _, facts = sandbox
    address = facts["hosts"]["h1"]["address"]
    _, text = shell(
        "h1", "docker run --rm box sh -c 'curl -s outside; ping -c 1 outside >/dev/null && echo pinged; nslookup h1'"
    )
    assert f"you are {address}:" in text
    assert "pinged" in text
    assert address in text.split("pinged")[1]
    with session(lab_config) as client:
        log = client.api.logs(facts["machines"]["outside"]["container"]).decode()
    for protocol in ("http", "dns", "ping"):
        assert f'{{"protocol": "{protocol}", "source": "{address}"' in log


def test_a_command_has_its_own_status_streams_and_input(lab_config, sandbox):
    heard = {"out": b"", "err": b""}

    def write(stream, data):
        heard[stream] += data

    status = run_in(lab_config, sandbox[0], "h1", ["sh", "-c", "cat; echo no >&2; exit 7"], write, 10, b"yes" * 100_000)
    assert status == 7
    assert heard == {"out": b"yes" * 100_000, "err": b"no\n"}


def test_a_command_in_a_container(shell):
    shell("h1", "docker run -d --name inner box")
    status, text = shell("h1/inner", "hostname -i; exit 3")
    assert status == 3
    assert text.startswith("172.17.")
    assert shell("h1/nobody", "true")[0] != 0
    shell("h1", "docker rm -f inner")


def test_a_command_that_does_not_end_is_ended(lab_config, sandbox, shell):
    started = time.monotonic()
    with pytest.raises(HostTimeout):
        run_in(lab_config, sandbox[0], "h1", ["sleep", "4321"], lambda *_: None, 1)
    assert time.monotonic() - started < 5
    _, text = shell("h1", "pgrep -f 'sleep 432[1]' || echo none")
    assert text.strip() == "none"


def test_endless_output_is_ended_too(lab_config, sandbox):
    size = 0

    def write(stream, data):
        nonlocal size
        size += len(data)

    with pytest.raises(HostTimeout):
        run_in(lab_config, sandbox[0], "h1", ["yes"], write, 1)
    assert size > 1_000_000


@pytest.mark.parametrize("where", ["h9", "", "h1x", "../h1", "x-test"])
def test_an_unknown_place_is_not_there(lab_config, sandbox, where):
    with pytest.raises(NotThere):
        run_in(lab_config, sandbox[0], where, ["true"], lambda *_: None, 5)


def test_a_host_ends_itself_after_its_time(lab_config, open_one):
    name, _ = open_one(seconds=8)
    until = time.monotonic() + 40
    while any(found.running > 1 for found in objects(lab_config, name)):
        assert time.monotonic() < until, "the host is still running"
        time.sleep(0.5)


def test_an_extended_host_lives_on(lab_config, open_one, shell):
    name, _ = open_one(seconds=6)
    lifecycle.extend_sandbox(lab_config, name, time.time() + 600)
    time.sleep(12)
    assert shell("h1", "docker ps", name=name)[0] == 0
    assert objects(lab_config, name)[0].expires_at > time.time() + 500


def test_what_overstays_is_ended_from_outside(lab_config, open_one):
    name, _ = open_one()
    lans.write_expiry(lab_config, name, time.time() - 60)
    assert name in lifecycle.end_overdue(lab_config)
    assert objects(lab_config, name) == []


def test_a_host_holds_nothing_of_the_node(shell, lab_config):
    _, text = shell("h1", "cat /proc/self/mountinfo; env")
    assert str(Path(__file__).resolve().parents[2]) not in text
    assert "docker.sock" not in text


def test_no_engine_is_said_within_seconds(lab_config, tmp_path):
    from dataclasses import replace

    started = time.monotonic()
    with pytest.raises(NodeError):
        lifecycle.open_sandbox(replace(lab_config, run_dir=tmp_path), "x", 1, SCENARIOS["one-host"], time.time(), nothing)
    assert time.monotonic() - started < 5
