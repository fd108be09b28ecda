"""The Engine API's JSON becomes names; junk becomes nothing."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bench import liar
from explorer.network.model import DockerState, PublishedPort
from explorer.network.read import read_docker
from explorer.network.read.docker import ENTRIES, TEXT
from tests.network.captured import docker

EVERY = "0.0.0.0"  # noqa: S104 - what the daemon writes for every address
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(
        ["Id", "Name", "Names", "Ports", "IPAM", "Config", "NetworkSettings", "Networks", "State", "Options", "Version"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_networks_of_a_host():
    state = docker("4-networks")
    found = {network.name: network for network in state.networks}
    assert state.version.startswith("26.1")
    assert set(found) == {"bridge", "host", "none", "app", "closed"}
    assert (found["bridge"].bridge, found["bridge"].subnets, found["bridge"].gateways) == (
        "docker0",
        ("172.17.0.0/16",),
        ("172.17.0.1",),
    )
    assert (found["app"].bridge, found["app"].internal) == (f"br-{found['app'].id[:12]}", False)
    assert found["closed"].internal


def test_containers_of_a_host():
    found = {container.name: container for container in docker("4-networks").containers}
    assert (found["web"].state, found["web"].image) == ("running", "box")
    assert found["web"].endpoints[0].address == "172.17.0.3"
    assert found["app1"].ports == (
        PublishedPort(host_address=EVERY, host_port=5353, container_port=53, protocol="udp"),
        PublishedPort(host_address=EVERY, host_port=8082, container_port=80),
    )
    assert found["near"].ports == (PublishedPort(host_address="127.0.0.1", host_port=8081, container_port=80),)


def test_inspect_form_of_a_container():
    told = {
        "Id": "ab" * 32,
        "Name": "/web",
        "Config": {"Image": "box"},
        "State": {"Status": "running"},
        "HostConfig": {"NetworkMode": "bridge"},
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": EVERY, "HostPort": "8080"}], "90/udp": None},
            "Networks": {"bridge": {"IPAddress": "172.17.0.2", "Gateway": "172.17.0.1", "Aliases": ["w"]}},
        },
    }
    (found,) = read_docker("h1", None, None, [told]).containers
    assert (found.name, found.image, found.state, found.network_mode) == ("web", "box", "running", "bridge")
    assert found.ports == (PublishedPort(host_address=EVERY, host_port=8080, container_port=80),)
    assert (found.exposed, found.endpoints[0].aliases) == (("80/tcp", "90/udp"), ("w",))


def test_the_daemon_may_say_too_much():
    networks: list[object] = [{"Id": "x" * 1000, "Name": "n" * 1000, "Driver": "bridge"}] * 1000
    containers: list[object] = [{"Id": str(number), "Names": ["/" + "c" * 1000]} for number in range(1000)]
    state = read_docker("h1", {"Version": "v" * 1000}, json.dumps(networks), containers)
    assert (len(state.networks), len(state.containers)) == (200, 500)
    assert (len(state.version), len(state.networks[0].name), len(state.containers[0].name)) == (256, 256, 255)


@given(JSON, JSON, JSON)
def test_any_json_is_taken(version, networks, containers):
    state = read_docker("h1", version, networks, containers)
    assert DockerState.model_validate_json(state.model_dump_json()) == state


@given(st.text() | st.binary())
def test_any_text_is_taken(told):
    assert read_docker("h1", told, told, told).host == "h1"


def test_deep_json_is_taken():
    assert read_docker("h1", "[" * 100_000, "[" * 100_000, "{" * 100_000) == DockerState(host="h1")


def test_many_things_within_their_own_caps_are_cut_together():
    networks, containers = liar.networks(1), liar.containers(1)
    state = read_docker("h1", {"Version": "26"}, networks, containers)
    assert state.cut
    kept = sum(len(network.subnets) + len(network.options) for network in state.networks)
    kept += sum(len(container.endpoints) + len(container.ports) for container in state.containers)
    assert 0 < kept <= ENTRIES
    assert len(state.model_dump_json()) < 2 * TEXT


def test_long_words_are_cut_together():
    options = {f"{number:0250}": "x" * 256 for number in range(60)}
    networks = [{"Id": f"{number}", "Name": f"n{number}", "Options": options} for number in range(100)]
    state = read_docker("h1", {}, networks, [])
    assert state.cut
    assert 0 < len(state.model_dump_json()) <= TEXT + 1024


def test_a_host_with_five_hundred_usual_containers_is_shown_whole():
    ends = {"bridge": {"IPAddress": "172.17.0.2", "Gateway": "172.17.0.1", "MacAddress": "02:42:ac:11:00:02"}}
    ports = [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp", "IP": address} for address in (EVERY, "::")]
    made = [
        {"Id": f"{number:064x}", "Names": [f"/web-{number}"], "Image": "box", "State": "running",
         "Command": "/bin/sh -c 'sleep infinity'", "NetworkSettings": {"Networks": ends}, "Ports": ports}
        for number in range(500)
    ]  # fmt: skip
    state = read_docker("h1", {}, [], made)
    assert not state.cut
    assert len(state.containers) == 500


# --- what a newer daemon says: API 1.52 (Docker Engine 29), after moby's description of its API ---

NETWORK_29: dict[str, Any] = {
    "Name": "town", "Id": "c" * 64, "Created": "2026-03-01T10:00:00.123456789Z", "Scope": "local", "Driver": "bridge",
    "EnableIPv4": True, "EnableIPv6": False, "IPAM": {"Driver": "default", "Options": {},
    "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]}, "Internal": False, "Attachable": False, "Ingress": False,
    "ConfigFrom": {"Network": ""}, "ConfigOnly": False, "Options": {}, "Labels": {},
    "Status": {"IPAM": {"Subnets": {"172.18.0.0/16": {"IPsInUse": 4, "DynamicIPsAvailable": 65532}}}},
}  # fmt: skip
END_29: dict[str, Any] = {
    "IPAMConfig": None, "Links": None, "Aliases": None, "DriverOpts": None, "GwPriority": 3, "NetworkID": "c" * 64,
    "EndpointID": "e" * 64, "Gateway": "172.18.0.1", "IPAddress": "172.18.0.2", "MacAddress": "02:42:ac:12:00:02",
    "IPPrefixLen": 16, "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": ["web"],
}  # fmt: skip
INSPECTED_29: dict[str, Any] = {  # without IPAddress and others that stood beside Networks
    "Id": "a" * 64, "Name": "/web", "Created": "2026-03-01T10:00:01Z", "State": {"Status": "running", "Pid": 4711},
    "Image": "sha256:" + "b" * 64, "ImageManifestDescriptor": {"mediaType": "application/vnd.oci.image.manifest.v1+json"},
    "HostConfig": {"NetworkMode": "town"}, "Config": {"Image": "box", "Labels": {}},
    "NetworkSettings": {"SandboxID": "f" * 64, "SandboxKey": "/var/run/docker/netns/f", "Networks": {"town": END_29},
    "Ports": {"80/tcp": [{"HostIp": EVERY, "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}], "443/tcp": None}},
}  # fmt: skip
LISTED_29: dict[str, Any] = {
    "Id": "a" * 64, "Names": ["/web"], "Image": "box", "ImageID": "sha256:" + "b" * 64, "Command": "web", "Created": 1772359201,
    "Ports": [{"IP": EVERY, "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
    {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"PrivatePort": 443, "Type": "tcp"}],
    "Labels": {}, "State": "running", "Status": "Up 2 minutes (healthy)", "Health": {"Status": "healthy", "FailingStreak": 0},
    "HostConfig": {"NetworkMode": "town"}, "NetworkSettings": {"Networks": {"town": END_29}}, "Mounts": [],
}  # fmt: skip
BEFORE: dict[str, Any] = {  # the fields that were removed, as an older daemon had them
    "Bridge": "", "HairpinMode": False, "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": None,
    "EndpointID": "x" * 64, "Gateway": "10.9.9.1", "GlobalIPv6Address": "", "IPAddress": "10.9.9.9", "IPPrefixLen": 24,
    "MacAddress": "02:42:0a:09:09:09",
}  # fmt: skip


def test_an_inspection_and_a_list_in_the_newer_shape_are_read_as_one():
    version: dict[str, object] = {"Version": "29.1.1", "ApiVersion": "1.52", "MinAPIVersion": "1.44"}
    for told in (INSPECTED_29, LISTED_29):
        state = read_docker("h1", version, [NETWORK_29], [told])
        (web,), (town,) = state.containers, state.networks
        (end,) = web.endpoints
        assert state.version == "29.1.1"
        assert (town.subnets, town.gateways, town.bridge) == (("172.18.0.0/16",), ("172.18.0.1",), f"br-{'c' * 12}")
        assert (web.name, web.image, web.state, web.network_mode) == ("web", "box", "running", "town")
        assert (end.network, end.address, end.prefix, end.gateway) == ("town", "172.18.0.2", 16, "172.18.0.1")
        assert (end.mac, end.priority) == ("02:42:ac:12:00:02", 3)
        assert {(port.host_address, port.host_port, port.container_port) for port in web.ports} == {
            (EVERY, 8080, 80),
            ("::", 8080, 80),
        }


def test_fields_that_newer_daemons_do_not_have_change_nothing_where_they_are():
    older = {**INSPECTED_29, "NetworkSettings": {**INSPECTED_29["NetworkSettings"], **BEFORE}}
    assert read_docker("h1", None, [NETWORK_29], [older]) == read_docker("h1", None, [NETWORK_29], [INSPECTED_29])
