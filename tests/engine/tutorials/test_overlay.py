"""Docker's tutorial "Use an overlay network for standalone containers", typed on two hosts, behaves as documented.

Its image is `alpine` with a shell; ours is `box`, with its web server. Its hosts pull the image; ours have it.
"""

from __future__ import annotations

import time

import pytest

from explorer.lab.hosts.run import run_in

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]


@pytest.fixture
def hosts(lab_config, open_one, engine_version):
    """Types on a host: (host, words) → what was printed; a failing command fails the test."""
    name, _ = open_one("two-hosts", engine=engine_version)

    def type_on(host: str, text: str) -> str:
        out: list[bytes] = []
        status = run_in(lab_config, name, host, ["sh", "-c", text], lambda _, data: out.append(data), 60)
        said = b"".join(out).decode(errors="replace")
        assert status == 0, said
        return said.strip()

    return type_on


def networks(hosts, host: str) -> dict[str, str]:
    return dict(line.split() for line in hosts(host, "docker network ls --format '{{.Name}} {{.ID}}'").splitlines())


def gone(hosts, host: str, network: str) -> None:
    until = time.monotonic() + 60
    while network in networks(hosts, host):
        assert time.monotonic() < until, f"{network} is still on {host}"
        time.sleep(0.3)


def test_standalone_containers_on_an_overlay_network(hosts):
    # 1. Set up the swarm: init on host1, join on host2 as a worker
    assert "Swarm initialized: current node" in hosts("h1", "docker swarm init")
    token = hosts("h1", "docker swarm join-token -q worker")
    assert hosts("h2", f"docker swarm join --token {token} h1:2377") == "This node joined a swarm as a worker."

    # 2. On host1, create an attachable overlay network; its ID is the same wherever it will appear
    made = hosts("h1", "docker network create --driver=overlay --attachable test-net")
    assert networks(hosts, "h1")["test-net"] == made[:12]

    # 3. On host1, an interactive container that connects to it
    hosts("h1", "docker run -dit --name alpine1 --network test-net box")

    # 4. On host2, the network does not exist yet
    assert "test-net" not in networks(hosts, "h2")

    # 5.-6. A container on host2; with it the network appears there, with the same ID
    hosts("h2", "docker run -dit --name alpine2 --network test-net box")
    assert networks(hosts, "h2")["test-net"] == made[:12]

    # 7. On host1, ping alpine2 within the session of alpine1 (a name may need a second to get there)
    said = hosts("h1", "docker exec alpine1 sh -c 'for i in 1 2 3 4 5; do ping -c 2 -W 1 alpine2 && exit; sleep 1; done'")
    assert "2 packets transmitted, 2 received, 0% packet loss" in said

    # The two containers are also connected to docker_gwbridge, each on its own host
    for host, name in (("h1", "alpine1"), ("h2", "alpine2")):
        inspected = hosts(
            host, "docker network inspect docker_gwbridge --format '{{range $id, $c := .Containers}}{{$id}} {{end}}'"
        )
        assert hosts(host, f"docker inspect -f '{{{{.Id}}}}' {name}") in inspected.split()

    # 8.-9. On host2, close the session and see test-net gone from there (within a moment); clean up
    hosts("h2", "docker stop -t 1 alpine2")
    gone(hosts, "h2", "test-net")
    hosts("h2", "docker container rm alpine2")
    hosts("h1", "docker rm -f alpine1; docker network rm test-net")
    gone(hosts, "h1", "test-net")  # a manager has said yes before its own daemon took the network down


def test_only_attachable_networks_let_standalone_containers_in(hosts):
    hosts("h1", "docker swarm init")
    hosts("h1", "docker network create -d overlay closed")
    said = hosts("h1", "! docker run -d --network closed box 2>&1")
    assert "not manually attachable" in said
