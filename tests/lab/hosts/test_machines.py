"""What a host and a machine are to the engine, and what they are told at their start."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from explorer.lab.engine.client import session
from explorer.lab.hosts import machines, quota
from explorer.lab.hosts.lans import Segment
from explorer.network.scenario import SCENARIOS
from tests.lab.hosts.test_lans import ROUTED

SEGMENTS = [
    Segment("lan", "a", "10.77.0.0/24", {"h1": "10.77.0.11", "router": "10.77.0.1"}),
    Segment("far", "b", "10.77.1.0/24", {"router": "10.77.1.1", "outside": "10.77.1.101"}),
]


@pytest.fixture
def client(config, engine):
    with session(config) as client:
        yield client


def test_a_host_gets_what_was_set_and_not_a_byte_more(config, client):
    rights = machines.host_rights(config, client, "s", "x-units-s-h1")
    assert rights["Memory"] == rights["MemorySwap"] == config.host_memory_mb * 2**20
    assert rights["PidsLimit"] == config.host_pids
    assert rights["NanoCpus"] == config.host_cpus * 10**9
    assert "Privileged" not in rights or not rights["Privileged"]


def test_a_host_writes_no_log_and_sees_no_path_of_the_node_but_its_time(config, client):
    rights = machines.host_rights(config, client, "s", "x-units-s-h1")
    assert rights["LogConfig"]["Type"] == "none"
    mounts = {one["Target"]: one for one in rights["Mounts"]}
    assert set(mounts) == {"/var/lib/docker", machines.EXPIRES}
    assert mounts[machines.EXPIRES]["ReadOnly"]
    assert mounts["/var/lib/docker"]["Type"] == "volume"


def test_a_host_with_a_disk_of_its_own_takes_no_volume_of_the_engine(config, client):
    mounts = machines.host_rights(config, client, "s", "")["Mounts"]
    assert [one["Target"] for one in mounts] == [machines.EXPIRES]


def test_the_profile_is_given_as_text(config, client):
    options = machines.host_rights(config, client, "s", "x")["SecurityOpt"]
    (profile,) = [one.partition("=")[2] for one in options if one.startswith("seccomp=")]
    assert json.loads(profile)["syscalls"]


def test_what_is_closed_to_a_host_is_closed_to_a_machine_and_more(client):
    options = machines.machine_rights(client)["SecurityOpt"]
    (profile,) = [json.loads(one.partition("=")[2]) for one in options if one.startswith("seccomp=")]
    of_hosts = json.loads(machines.seccomp())["syscalls"]
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW"
    assert profile["syscalls"][: len(of_hosts)] == of_hosts
    more = profile["syscalls"][len(of_hosts) :]
    assert {"mount", "unshare", "clone3", "setns"} <= {name for rule in more for name in rule["names"]}
    assert all(rule["action"] == "SCMP_ACT_ERRNO" and rule["comment"] for rule in more)


def test_only_a_router_passes_packets_on():
    assert machines.switches("h1", ROUTED, SEGMENTS) == {}
    forwarding = "net.ipv4.ip_forward"
    assert machines.switches("router", ROUTED, SEGMENTS)[forwarding] == "1"
    assert forwarding not in machines.switches("outside", ROUTED, SEGMENTS)


def test_only_a_machine_without_docker_may_send_to_loopback_addresses_over_the_lan():
    """On a host it would change who reaches a port that Docker publishes at 127.0.0.1."""
    switch = "net.ipv4.conf.all.route_localnet"
    assert machines.switches("outside", ROUTED, SEGMENTS)[switch] == "1"
    assert switch not in machines.switches("h1", ROUTED, SEGMENTS)


def test_on_a_lan_with_ipv6_a_member_speaks_it_and_listens_to_no_router():
    segments = [replace(segment, ipv6=True) for segment in SEGMENTS]
    host, router = (machines.switches(name, ROUTED, segments) for name in ("h1", "router"))
    assert host["net.ipv6.conf.all.disable_ipv6"] == "0"
    assert {name for name in host if name.endswith("accept_ra")} == {
        "net.ipv6.conf.default.accept_ra",
        "net.ipv6.conf.eth0.accept_ra",
    }
    assert "net.ipv6.conf.all.forwarding" not in host
    assert router["net.ipv6.conf.eth1.accept_ra"] == "0"
    assert router["net.ipv6.conf.all.forwarding"] == "1"


def test_a_machine_is_told_its_lan_its_neighbours_and_its_routes():
    told = machines.environment("h1", ROUTED, SEGMENTS)
    assert told["LAN"] == "10.77.0"
    assert told["LAN_NAMES"] == "h1=10.77.0.11 router=10.77.0.1 outside=10.77.1.101"
    assert told["LAN_ROUTES"] == "10.77.1.0/24=10.77.0.1"
    assert told["LAN_DNS"] == "10.77.1.101"


def test_an_ipv6_address_has_a_name_of_its_own():
    told = machines.environment("h1", ROUTED, [replace(segment, ipv6=True) for segment in SEGMENTS])
    assert told["LAN6"] == "fd00:10:77:", "so that $LAN6:/64 is the subnet and $LAN6:11 an address"
    assert told["LAN_NAMES"] == (
        "h1=10.77.0.11 router=10.77.0.1 outside=10.77.1.101 "
        "ip6-h1=fd00:10:77::11 ip6-router=fd00:10:77::1 ip6-outside=fd00:10:77:1::101"
    )


def test_the_way_to_everywhere_is_called_default():
    assert machines.environment("outside", ROUTED, SEGMENTS)["LAN_ROUTES"] == "default=10.77.1.1"


def test_who_has_no_routes_is_told_none():
    segment = Segment("lan", "a", "10.77.0.0/24", {"h1": "10.77.0.11", "outside": "10.77.0.100"})
    assert machines.environment("h1", SCENARIOS["one-host"], [segment])["LAN_ROUTES"] == ""


# --- what is cut back before the engine reads it ---
def huge(path):
    with path.open("wb") as file:
        file.truncate(quota.KEPT_BYTES + 1)
    return path


def test_a_huge_file_is_emptied_and_an_ordinary_one_left(tmp_path):
    hosts, resolv = huge(tmp_path / "hosts"), tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.11\n")
    quota.cut_files({"HostsPath": str(hosts), "ResolvConfPath": str(resolv)})
    assert hosts.stat().st_size == 0
    assert resolv.read_text() == "nameserver 127.0.0.11\n"


def test_a_link_is_not_followed(tmp_path):
    target = huge(tmp_path / "somebody elses")
    (tmp_path / "hosts").symlink_to(target)
    quota.cut_files({"HostsPath": str(tmp_path / "hosts")})
    assert target.stat().st_size == quota.KEPT_BYTES + 1


def test_a_fifo_does_not_keep_us_waiting(tmp_path):
    os.mkfifo(tmp_path / "hosts")
    quota.cut_files({"HostsPath": str(tmp_path / "hosts"), "ResolvConfPath": str(tmp_path)})


@pytest.mark.parametrize("container", [{}, {"HostsPath": None, "ResolvConfPath": ""}, {"HostsPath": "/nowhere/at/all"}])
def test_what_is_not_there_is_no_trouble(container):
    quota.cut_files(container)


def test_limits_are_set_from_the_node_in_the_hosts_own_namespace(monkeypatch):
    asked = []
    monkeypatch.setattr("explorer.lab.hosts.quota.subprocess.run", lambda argv, **_: asked.append(argv))
    quota.limit_host(4711)
    (argv,) = asked
    assert argv[:2] == ["nsenter", "--user=/proc/4711/ns/user"]
    given = dict(zip(argv[6::2], argv[7::2], strict=True))
    assert given == {name: str(value) for name, value in quota.PER_HOST.items()}
