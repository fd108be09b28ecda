"""A sandbox on the engine: its LANs, its hosts and machines, made together and removed together.

Everything has labels, so that a sandbox without a database row can be found. Removing a sandbox removes its containers,
volumes and LANs, and with them everything that the learner made.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

import docker
from explorer.environment import patient
from explorer.lab import images
from explorer.lab.config import LabConfig
from explorer.lab.engine import cgroups, create, disks, ids, memory, runtime
from explorer.lab.engine.client import session
from explorer.lab.engine.removal import empty
from explorer.lab.errors import HostError, LabError, NodeError, NoRoom
from explorer.lab.hosts import ipv6, lans, machines, quota, stage
from explorer.lab.hosts.run import BoundedOutput, execute
from explorer.lab.images import shelf
from explorer.lab.inside import host_engine
from explorer.network.engines import DEFAULT_ENGINE, title
from explorer.network.scenario import Scenario

Phase = Callable[[str, str], None]
READY_SECONDS = patient(30.0)
MOST_BYTES = 65536
SCRATCH_SECONDS = patient(600.0)
LATE_SECONDS = 30  # a host ends itself at its time; a host that does not is removed after this many more seconds
LONE_SECONDS = 600  # so long after it was written, a time of an end without a sandbox is forgotten: its process was killed
REMOVE_WORKERS = 4
STOPPED_SECONDS = patient(5.0)
EMPTYING_SECONDS = patient(30.0)


@dataclass(frozen=True, slots=True)
class Found:
    """One generation of one sandbox, as the engine has it."""

    sandbox: str
    generation: int
    expires_at: float
    objects: int
    running: int  # hosts; machines do not count


def open_sandbox(
    config: LabConfig,
    sandbox: str,
    generation: int,
    scenario: Scenario,
    expires_at: float,
    say: Phase,
    engine: str = DEFAULT_ENGINE,
) -> dict[str, Any]:
    """Makes the sandbox, or finds it complete, and returns its facts (see `_tell`). After a failure, what was made of it is
    removed; what the engine cannot remove at that moment is found by its labels later.

    `engine` is the version of Docker Engine in its hosts, or `podman`.
    """
    with session(config) as client:
        if facts := _facts(config, client, sandbox, generation, scenario):
            lans.write_expiry(config, sandbox, expires_at)
            say("ready", "")
            return facts
        close_sandbox(config, sandbox)
        if engine not in images.engines(config, client):
            raise NodeError(f"This node has no hosts with {title(engine[:8])}.")
        say("reserved", "")
        try:
            return _make(config, client, sandbox, generation, scenario, expires_at, say, engine)
        except BaseException:
            with suppress(NodeError):
                close_sandbox(config, sandbox, generation)
            raise


def make_scratch(config: LabConfig, client: docker.DockerClient, sandbox: str, scenario: Scenario, engine: str) -> str:
    """Makes one host without the learners' image, in which a seed is made. Returns its container's id."""
    expires_at = time.time() + SCRATCH_SECONDS
    labels = _labels(config, sandbox, 0, expires_at)
    lans.write_expiry(config, sandbox, expires_at)
    segments = lans.make_lans(config, client, sandbox, scenario, labels)
    container = _start(config, client, sandbox, "h1", engine, scenario, segments, labels, own_disk=False)
    wait_host(config, container, machines.ANSWERS)
    return container


def _labels(config: LabConfig, sandbox: str, generation: int, expires_at: float) -> dict[str, str]:
    return config.labels | {
        "explorer.sandbox": sandbox,
        "explorer.generation": str(generation),
        "explorer.expires": str(int(expires_at)),
    }


def extend_sandbox(config: LabConfig, sandbox: str, expires_at: float) -> None:
    """Sets the time at which its hosts end themselves to `expires_at`."""
    lans.write_expiry(config, sandbox, expires_at)


def _make(
    config: LabConfig,
    client: docker.DockerClient,
    sandbox: str,
    generation: int,
    scenario: Scenario,
    expires_at: float,
    say: Phase,
    engine: str,
) -> dict[str, Any]:
    labels = _labels(config, sandbox, generation, expires_at)
    lans.write_expiry(config, sandbox, expires_at)
    segments = lans.make_lans(config, client, sandbox, scenario, labels)
    engines = {name: engine if name in scenario.hosts else "" for name in scenario.names}
    own = disks.in_use(config)
    say("starting host", ", ".join(scenario.names))
    with ThreadPoolExecutor(max_workers=len(scenario.names)) as pool:
        starting = [
            pool.submit(_start, config, client, sandbox, name, engines[name], scenario, segments, labels, own)
            for name in scenario.names
        ]
        started = dict(zip(scenario.names, _all_or_whose(scenario.names, starting), strict=True))
        say("loading images", images.BOX)
        waiting = [pool.submit(wait_host, config, started[host]) for host in scenario.hosts]
        versions = dict(zip(scenario.hosts, _all_or_whose(scenario.hosts, waiting), strict=True))
    say("building scenario", scenario.name)
    reached = {name: lans.address_of(segments, name) for name in scenario.names}
    subnets = {segment.lan: segment.subnet for segment in segments}
    stage.build(config, started, reached, subnets, scenario, host_engine.named(engine).program)
    say("ready", "")
    addresses = {
        name: {segment.lan: segment.addresses[name] for segment in segments if name in segment.addresses}
        for name in scenario.names
    }
    return _tell(scenario, subnets, started, addresses, versions)


def _all_or_whose(names: Sequence[str], running: Sequence[Future[str]]) -> list[str]:
    """The results. When some failed, it waits for all and then names the first that failed, so that nothing starts later."""
    wait(running)
    for name, one in zip(names, running, strict=True):
        if error := one.exception():
            raise _named(name, error, [other for other in names if other != name]) from error
    return [one.result() for one in running]


def _named(name: str, error: BaseException, others: list[str]) -> BaseException:
    """A NodeError that says which host did not start. No learner has used the host yet, so the fault is the node's."""
    if isinstance(error, NoRoom) or not isinstance(error, LabError | APIError):
        return error
    down = f" {_list(others)} {'was' if len(others) == 1 else 'were'} taken down again." if others else ""
    return NodeError(f"{name} did not start.{down}", f"{error} {getattr(error, 'detail', '')}".strip())


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _tell(
    scenario: Scenario,
    subnets: dict[str, str],
    started: dict[str, str],
    addresses: dict[str, dict[str, str]],
    versions: dict[str, str],
) -> dict[str, Any]:
    """The facts of a sandbox. `address` is the address on the first LAN, `addresses` are those on every LAN; `subnet6` and
    `address6` are the same of IPv6, "" where the node's kernel does not speak it."""
    six = ipv6.spoken()

    def about(name: str) -> dict[str, Any]:
        address = next(iter(addresses[name].values()))
        return {
            "container": started[name],
            "address": address,
            "address6": ipv6.address_of(address) if six else "",
            "addresses": addresses[name],
        }

    first = subnets[scenario.lans[0].name]
    return {
        "subnet": first,
        "subnet6": ipv6.subnet_of(first) if six else "",
        "lans": subnets,
        "hosts": {host: about(host) | {"engine": versions[host]} for host in scenario.hosts},
        "machines": {machine: about(machine) for machine in scenario.machines},
    }


def _start(
    config: LabConfig,
    client: docker.DockerClient,
    sandbox: str,
    name: str,
    engine: str,  # empty for a plain machine
    scenario: Scenario,
    segments: list[lans.Segment],
    labels: dict[str, str],
    own_disk: bool,
) -> str:
    labels = labels | {"explorer.name": name, "explorer.role": "host" if engine else "machine"}
    if engine:
        labels |= {host_engine.LABEL: host_engine.named(engine).kind}
    full_name = object_name(config, sandbox, name)
    root = ids.root_of(config, segments[0].subnet)
    volume, told = "", {create.IDS: str(root[0])} if ids.in_use(config) else {}
    if own_disk:
        key = images.disk_key(config, engine) if engine else disks.MACHINE
        told |= {create.DISK: str(disks.make(config, sandbox, int(labels["explorer.generation"]), name, key))}
    elif engine:
        volume = images.seeded_volume(config, client, full_name, labels, engine)
    if engine:
        told |= {create.SHELF: str(shelf.layers_dir(config)), create.DATA: images.data(engine)}
        image, rights = images.host(engine), machines.host_rights(config, client, sandbox, volume, images.data(engine))
    else:
        image, rights = images.MACHINE, machines.machine_rights(client)
    if switches := machines.switches(name, scenario, segments):
        rights = rights | {"Sysctls": switches}
    first, *more = [segment for segment in segments if name in segment.addresses]
    container = client.api.create_container(
        images.tag(config, image),
        name=full_name,
        hostname=name,
        labels=labels,
        environment=machines.environment(name, scenario, segments, (images.BOX, *shelf.references(config))) | told,
        host_config={**rights, "NetworkMode": first.name, "Runtime": runtime.NAME},
        networking_config={"EndpointsConfig": {first.name: _endpoint(client, name, first)}},
    )["Id"]
    for segment in more:
        client.api.connect_container_to_network(container, segment.name, ipv4_address=segment.addresses[name], aliases=[name])
    client.api.start(container)
    pid = client.api.inspect_container(container)["State"]["Pid"]
    if engine:
        cgroups.delegate(config, container, root)
        quota.limit_host(pid)
    if first.ipv6:
        ipv6.give(pid, list(machines.routes(name, scenario, segments)))
    quota.shut_resolver(pid)
    return str(container)


def _endpoint(client: docker.DockerClient, name: str, segment: lans.Segment) -> dict[str, Any]:
    endpoint: dict[str, Any] = client.api.create_endpoint_config(ipv4_address=segment.addresses[name], aliases=[name])
    return endpoint


def wait_host(config: LabConfig, container: str, ready: tuple[str, ...] = machines.READY) -> str:
    """The version of Docker Engine or Podman in a host, once it answers and has the learners' image. Raises HostError after
    READY_SECONDS."""
    until = time.monotonic() + READY_SECONDS
    while True:
        said = BoundedOutput(MOST_BYTES)
        if execute(config, container, list(ready), said.write, READY_SECONDS) == 0:
            with suppress(ValueError, KeyError, TypeError):
                return str(json.loads(said.out)["Version"])[:40]
        if time.monotonic() > until:
            text = (said.out + said.err)[-500:].decode(errors="replace")
            raise HostError("The host's engine did not start.", text)
        time.sleep(0.1)


def _facts(
    config: LabConfig, client: docker.DockerClient, sandbox: str, generation: int, scenario: Scenario
) -> dict[str, Any] | None:
    """The facts of a sandbox that is complete and running already, else None."""
    filters = lans.filters(config, sandbox, generation)
    running = {c.labels.get("explorer.name", ""): c for c in client.containers.list(filters=filters)}
    if set(running) != {*scenario.hosts, *scenario.machines}:
        return None
    networks = {network.attrs["Labels"].get("explorer.lan", ""): network for network in client.networks.list(filters=filters)}
    if set(networks) != {lan.name for lan in scenario.lans}:
        return None
    subnets = {lan.name: str(networks[lan.name].attrs["IPAM"]["Config"][0]["Subnet"]) for lan in scenario.lans}
    addresses = {
        name: {
            lan.name: str(container.attrs["NetworkSettings"]["Networks"][networks[lan.name].name]["IPAddress"])
            for lan in scenario.lans_of(name)
        }
        for name, container in running.items()
    }
    versions = {host: wait_host(config, str(running[host].id)) for host in scenario.hosts}
    started = {name: str(container.id) for name, container in running.items()}
    return _tell(scenario, subnets, started, addresses, versions)


def close_sandbox(config: LabConfig, sandbox: str, generation: int | None = None) -> int:
    """Removes a sandbox, or one generation of it. Returns the number of removed objects; 0 is not an error."""
    with session(config) as client:
        removed = _remove(config, client, lans.filters(config, sandbox, generation))
        removed += disks.remove(config, sandbox, generation)
        if generation is None or not _is_there(config, client, sandbox):
            lans.forget_expiry(config, sandbox)
        return removed


def _is_there(config: LabConfig, client: docker.DockerClient, sandbox: str) -> bool:
    filters = lans.filters(config, sandbox)
    return bool(client.api.containers(all=True, filters=filters) or client.api.networks(filters=filters))


def close_everything(config: LabConfig) -> int:
    """Removes every sandbox of this installation. Returns the number of removed objects."""
    with session(config) as client:
        removed = _remove(config, client, lans.filters(config)) + disks.remove(config)
    lans.forget_all_expiries(config)
    return removed


def _remove(config: LabConfig, client: docker.DockerClient, filters: dict[str, Any]) -> int:
    containers = client.api.containers(all=True, filters=filters)
    with ThreadPoolExecutor(max_workers=REMOVE_WORKERS) as pool:
        gone = sum(pool.map(lambda found: _remove_container(config, client, found["Id"]), containers))
    for volume in client.api.volumes(filters=filters)["Volumes"] or ():
        _emptied(Path(volume["Mountpoint"]))
        gone += _gone(client.api.remove_volume, volume["Name"], force=True)
    for network in client.api.networks(filters=filters):
        gone += _gone(client.api.remove_network, network["Id"])
    return gone


def _remove_container(config: LabConfig, client: docker.DockerClient, identity: str) -> int:
    cgroups.kill_all(config, identity)
    with suppress(NotFound):
        found = _stopped(client, identity)
        quota.cut_files(found)
        if (upper := disks.upper_layer(found)) and not found["State"]["Running"]:
            _emptied(upper)
    return _gone(client.api.remove_container, identity, v=True, force=True)


def _stopped(client: docker.DockerClient, identity: str) -> dict[str, Any]:
    """What the engine says about a container, once it knows that its processes are gone; they were killed."""
    until = time.monotonic() + STOPPED_SECONDS
    while True:
        found: dict[str, Any] = client.api.inspect_container(identity)
        if not found["State"]["Running"] or time.monotonic() > until:
            return found
        time.sleep(0.02)


def _emptied(directory: Path) -> None:
    """Removes what a host wrote there, before the engine removes the directory: the engine's own way takes a descriptor for
    each level of a tree. Raises NodeError when that takes longer than EMPTYING_SECONDS; the next try goes on with the rest."""
    if not empty(directory, EMPTYING_SECONDS):
        raise NodeError("A part of a sandbox is so large that it is removed in several steps.", str(directory))


def _gone(remove: Callable[..., object], *words: str, **options: bool) -> int:
    """1 when this call removed the object, 0 when it did not exist. When another call is removing it, this one tries again
    for a while and then raises NodeError."""
    for _ in range(100):
        try:
            remove(*words, **options)
            return 1
        except NotFound:
            return 0
        except APIError as error:
            if error.response is None or error.response.status_code not in {403, 409}:
                raise
            time.sleep(0.1)
    raise NodeError("The engine does not let go of a part of a sandbox.", " ".join(words))


def list_sandboxes(config: LabConfig) -> list[Found]:
    """Every sandbox of which the engine has a container, a network or a volume, found by labels, or the node a disk."""
    with session(config) as client:
        filters = lans.filters(config)
        containers = client.api.containers(all=True, filters=filters)
        others = [*client.api.networks(filters=filters), *(client.api.volumes(filters=filters)["Volumes"] or ())]
    found: dict[tuple[str, int], list[tuple[dict[str, str], bool]]] = {}
    for disk in disks.find(config):
        found.setdefault((disk.sandbox, disk.generation), []).append(({}, False))
    for labels, running in _labelled(containers, others):
        with suppress(KeyError, ValueError):
            found.setdefault((labels["explorer.sandbox"], int(labels["explorer.generation"])), []).append((labels, running))
    return [
        Found(
            sandbox,
            generation,
            lans.read_expiry(config, sandbox) or max(float(labels.get("explorer.expires", 0)) for labels, _ in parts),
            len(parts),
            sum(running for _, running in parts),
        )
        for (sandbox, generation), parts in sorted(found.items())
    ]


def _labelled(containers: Iterable[Any], others: Iterable[Any]) -> Iterator[tuple[dict[str, str], bool]]:
    for container in containers:
        labels = container.get("Labels") or {}
        yield labels, labels.get("explorer.role") == "host" and container.get("State") == "running"
    for other in others:
        yield other.get("Labels") or {}, False


def end_overdue(config: LabConfig) -> list[str]:
    """Removes the sandboxes whose hosts should have ended themselves LATE_SECONDS ago or earlier. Returns their names. Forgets
    the times that killed processes left. One that cannot be removed yet does not keep the others; when there is no other, it
    raises NodeError."""
    lone = lans.old_expiries(config, LONE_SECONDS)
    there = list_sandboxes(config)
    for name in lone - {found.sandbox for found in there}:
        lans.forget_expiry(config, name)
    late = [found for found in there if 0 < found.expires_at < time.time() - LATE_SECONDS]
    ended, trouble = [], None
    for found in late:
        try:
            close_sandbox(config, found.sandbox, found.generation)
            ended.append(found.sandbox)
        except NodeError as error:
            trouble = trouble or error
    if trouble and not ended:
        raise trouble
    return ended


def object_name(config: LabConfig, sandbox: str, name: str) -> str:
    return f"x-{config.install}-{sandbox}-{name}"


def engines(config: LabConfig) -> tuple[str, ...]:
    """The versions of Docker Engine that hosts of this node can have now."""
    with session(config) as client:
        return images.engines(config, client)


def capacity(config: LabConfig) -> int:
    """The number of one-host sandboxes that this node may hold at once."""
    return config.capacity or memory.capacity()
