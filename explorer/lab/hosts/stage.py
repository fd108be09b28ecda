"""Makes what a scenario puts on running hosts (a swarm, networks, containers) with each host's own docker or podman.

The hosts are worked on at the same time. The swarm is made first, and every network before any container, because a container
may be on a network that was made on another host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from explorer.environment import patient
from explorer.lab import images
from explorer.lab.config import LabConfig
from explorer.lab.errors import HostError
from explorer.lab.hosts.run import BoundedOutput, execute
from explorer.network.scenario import Scenario, fill

STEP_SECONDS = patient(60.0)
SWARM_PORT = 2377
MOST_BYTES = 65536  # bytes kept of a command's output
SAID = 240  # characters of a command's error message


def build(
    config: LabConfig,
    containers: Mapping[str, str],
    addresses: Mapping[str, str],
    subnets: Mapping[str, str],
    scenario: Scenario,
    program: str = "docker",
) -> None:
    """Builds the scenario. `containers` and `addresses` are by host, `subnets` by LAN; `program` is the hosts' command line."""

    def run(host: str, *words: str) -> str:
        return _run(config, containers[host], host, [program, *words])

    with ThreadPoolExecutor(max_workers=len(scenario.hosts)) as pool:
        _form_swarm(run, pool, addresses, scenario.swarm)
        _wait(pool.map(lambda host: _make_networks(run, host, scenario, subnets), scenario.hosts))
        _wait(pool.map(lambda host: _start_containers(run, host, scenario, subnets), scenario.hosts))


Run = Callable[..., str]


def _form_swarm(run: Run, pool: ThreadPoolExecutor, addresses: Mapping[str, str], members: tuple[str, ...]) -> None:
    if not members:
        return
    first, *others = members
    run(first, "swarm", "init", "--advertise-addr", addresses[first])
    if others:
        token = run(first, "swarm", "join-token", "-q", "worker").strip()
        meet = f"{addresses[first]}:{SWARM_PORT}"
        _wait(
            pool.map(
                lambda host: run(host, "swarm", "join", "--advertise-addr", addresses[host], "--token", token, meet), others
            )
        )


def _make_networks(run: Run, host: str, scenario: Scenario, subnets: Mapping[str, str]) -> None:
    for network in scenario.networks:
        if network.host == host:
            run(
                host,
                "network",
                "create",
                "-d",
                network.driver,
                *(fill(word, subnets) for word in network.options),
                network.name,
            )


def _start_containers(run: Run, host: str, scenario: Scenario, subnets: Mapping[str, str]) -> None:
    for one in scenario.containers:
        if one.host == host:
            publish = (word for port in one.publish for word in ("-p", port))
            start = (
                "run",
                "-d",
                "--name",
                one.name,
                "--network",
                one.network,
                *publish,
                *(fill(word, subnets) for word in one.options),
            )
            run(host, *start, images.BOX, *one.command)
            for network in one.also:
                run(host, "network", "connect", network, one.name)


def _wait(done: Iterable[object]) -> None:
    for _ in done:
        pass


def _run(config: LabConfig, container: str, host: str, words: list[str]) -> str:
    kept = BoundedOutput(MOST_BYTES)
    if execute(config, container, words, kept.write, STEP_SECONDS):
        said = (kept.err or kept.out)[-SAID:].decode(errors="replace").strip()
        raise HostError(f"The scenario could not be built on {host}: `{' '.join(words[:3])}` said “{said}”.")
    return kept.out.decode(errors="replace")
