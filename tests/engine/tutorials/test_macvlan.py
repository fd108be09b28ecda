"""Docker's tutorial "Networking using a macvlan network", typed on a real host, behaves as documented.

Its image is `alpine` with a shell; ours is `box`, with its web server. Its subnet, 172.16.86.0/24, is nobody's in a sandbox
either, which does not matter to what it shows: interface, address and routes. On the LAN's own subnet more can be seen.
"""

from __future__ import annotations

import json

import pytest

from explorer.lab.hosts.run import run_in

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]
NETWORK = "docker network create -d macvlan --subnet=172.16.86.0/24 --gateway=172.16.86.1 -o parent={parent} {name}"


@pytest.fixture
def typed(lab_config, open_one, engine_version):
    """Types somewhere in a sandbox: (where, words) → (status, what was printed)."""
    name, _ = open_one("one-host", engine=engine_version)

    def type_on(where: str, text: str) -> tuple[int, str]:
        out: list[bytes] = []
        status = run_in(lab_config, name, where, ["sh", "-c", text], lambda _, data: out.append(data), 60)
        return status, b"".join(out).decode(errors="replace").strip()

    return type_on


def done(answer: tuple[int, str]) -> str:
    assert answer[0] == 0, answer[1]
    return answer[1]


def test_bridge_example(typed):
    # 1. Create a macvlan network; it is in the list, and inspect shows what was said
    done(typed("h1", NETWORK.format(parent="eth0", name="my-macvlan-net")))
    assert "my-macvlan-net macvlan" in done(typed("h1", "docker network ls --format '{{.Name}} {{.Driver}}'"))
    [network] = json.loads(done(typed("h1", "docker network inspect my-macvlan-net")))
    assert network["Options"]["parent"] == "eth0"
    assert network["IPAM"]["Config"] == [{"Subnet": "172.16.86.0/24", "Gateway": "172.16.86.1"}]

    # 2. Start a container attached to it
    done(typed("h1", "docker run --rm -dit --network my-macvlan-net --name my-macvlan-alpine box"))

    # 3. Inspect it: address, gateway and a MAC of its own
    [container] = json.loads(done(typed("h1", "docker container inspect my-macvlan-alpine")))
    ends = container["NetworkSettings"]["Networks"]["my-macvlan-net"]
    assert (ends["IPAddress"], ends["Gateway"], ends["IPPrefixLen"]) == ("172.16.86.2", "172.16.86.1", 24)

    # 4. How it sees its own interface and routes; our `ip` also names who made the connected route
    shown = done(typed("h1", "docker exec my-macvlan-alpine ip -d addr show eth0"))
    assert "macvlan mode bridge" in shown
    assert ends["MacAddress"] in shown
    assert "inet 172.16.86.2/24" in shown
    routes = done(typed("h1", "docker exec my-macvlan-alpine ip route")).splitlines()
    assert routes[0].strip() == "default via 172.16.86.1 dev eth0"
    assert routes[1].split()[:3] + routes[1].split()[-2:] == ["172.16.86.0/24", "dev", "eth0", "src", "172.16.86.2"]

    # 5. Stop the container (--rm removes it), and remove the network
    done(typed("h1", "docker container stop -t 1 my-macvlan-alpine"))
    done(typed("h1", "docker network rm my-macvlan-net"))
    assert "macvlan" not in done(typed("h1", "docker network ls"))


def test_trunk_example_where_the_kernel_has_no_vlan(typed):
    """Documented: Docker makes the subinterface eth0.10 itself. Without the kernel's 8021q it says so and leaves nothing."""
    if typed("h1", "ip link add link eth0 name probe type vlan id 9 && ip link del probe")[0] == 0:
        pytest.skip("this kernel has 802.1Q")
    status, said = typed("h1", NETWORK.format(parent="eth0.10", name="my-8021q-macvlan-net"))
    assert status != 0
    assert "eth0.10" in said
    assert "not supported" in said
    assert "macvlan" not in done(typed("h1", "docker network ls"))
    assert "eth0.10" not in done(typed("h1", "ip -brief link"))


def test_on_the_lans_own_subnet_it_is_a_neighbour(typed):
    done(
        typed(
            "h1",
            "docker network create -d macvlan --subnet $LAN.0/24 --ip-range $LAN.192/27 --gateway $LAN.1 -o parent=eth0 lan",
        )
    )
    done(typed("h1", "docker run -d --name web --network lan box"))
    mac = done(typed("h1", "docker inspect -f '{{.NetworkSettings.Networks.lan.MacAddress}}' web"))
    address = done(typed("h1", "docker inspect -f '{{.NetworkSettings.Networks.lan.IPAddress}}' web"))
    assert f"I am {done(typed('h1/web', 'hostname'))}" in done(typed("outside", f"curl -s -m 5 {address}"))
    assert mac in done(typed("outside", f"ip neigh show {address}"))
    assert f"you are {address}:" in done(typed("h1/web", "curl -s -m 5 outside"))
    assert typed("h1", f"curl -s -m 2 {address}")[0] != 0, "the documented limit: the host cannot reach it over the parent"
