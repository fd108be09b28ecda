"""The networks of a sandbox, the addresses on them, and the file that says when its hosts end themselves."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

import docker
from explorer.lab.config import LabConfig
from explorer.lab.engine import bridges
from explorer.lab.engine.kernel import LAN_NETWORK
from explorer.lab.errors import NodeError, NoRoom
from explorer.lab.hosts import ipv6
from explorer.network.scenario import LAN, ROUTER, Scenario

SANDBOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FIRST_HOST, FIRST_MACHINE = 11, 100
GATEWAY, ASIDE = 1, 254  # the usual address of a gateway; the address of the engine's own end when a router has that one


@dataclass(frozen=True, slots=True)
class Segment:
    """A LAN of a scenario as it is on the engine. `addresses` are those of its members; with `ipv6`, each member has the IPv6
    address that belongs to its address as well."""

    lan: str
    name: str
    subnet: str
    addresses: dict[str, str]
    ipv6: bool = False


def filters(config: LabConfig, sandbox: str | None = None, generation: int | None = None) -> dict[str, Any]:
    """A filter of the Engine API for the objects of this installation, of one sandbox, or of one generation of it."""
    labels = [f"explorer.install={config.install}"]
    if sandbox is not None:
        labels.append(f"explorer.sandbox={sandbox}")
    if generation is not None:
        labels.append(f"explorer.generation={generation}")
    return {"label": labels}


def make_lans(
    config: LabConfig, client: docker.DockerClient, sandbox: str, scenario: Scenario, labels: dict[str, str]
) -> list[Segment]:
    """Makes the LANs in the scenario's order. Each is an internal network: its members reach only each other through it."""
    made = []
    for lan in scenario.lans:
        members = scenario.on(lan)
        name = lan_name(config, sandbox, lan.name)
        subnet = _make_lan(config, client, name, ROUTER in members, labels | {"explorer.lan": lan.name})
        made.append(Segment(lan.name, name, subnet, addresses(subnet, scenario, members), ipv6.spoken()))
    return made


def lan_name(config: LabConfig, sandbox: str, lan: str) -> str:
    return f"x-{config.install}-{sandbox}" + ("" if lan == LAN else f"-{lan}")


def _make_lan(config: LabConfig, client: docker.DockerClient, name: str, routed: bool, labels: dict[str, str]) -> str:
    """Makes a network with the first free /24 and returns the subnet. A lock keeps two openings from taking the same subnet.
    Raises NoRoom."""
    with _one_at_a_time(config):
        taken = {pool["Subnet"] for network in client.api.networks() for pool in (network["IPAM"].get("Config") or ())}
        for network in ip_network(LAN_NETWORK).subnets(new_prefix=24):
            subnet = str(network)
            if subnet in taken:
                continue
            gateway = str(network.network_address + ASIDE) if routed else None
            ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet, gateway=gateway)])
            try:
                made = client.networks.create(
                    name, driver="bridge", internal=True, ipam=ipam, labels=labels, check_duplicate=True
                )
            except APIError as error:
                if "overlap" in str(error).lower():
                    continue
                raise
            bridges.limit_learned(config, bridges.name_of(str(made.id)))
            return subnet
    raise NoRoom("This node has no LAN left.", f"all of {LAN_NETWORK} is in use")


def addresses(subnet: str, scenario: Scenario, members: tuple[str, ...]) -> dict[str, str]:
    """Addresses by position in the scenario: a member has the same last number in every sandbox and on each LAN."""
    base = ip_network(subnet).network_address
    numbers = {host: FIRST_HOST + at for at, host in enumerate(scenario.hosts)}
    numbers |= {machine: FIRST_MACHINE + at for at, machine in enumerate(scenario.machines)}
    return {name: str(base + (GATEWAY if name == ROUTER else numbers[name])) for name in members}


def address_of(segments: list[Segment], name: str, seen_by: str = "") -> str:
    """The address of `name` on a LAN that `seen_by` is on too; if there is none, on its first LAN; "" when it has no LAN."""
    own = [segment for segment in segments if name in segment.addresses]
    together = [segment for segment in own if seen_by in segment.addresses]
    return next((segment.addresses[name] for segment in (*together, *own)), "")


@contextmanager
def _one_at_a_time(config: LabConfig) -> Iterator[None]:
    with open(config.socket.parent / "lans.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def expiry_dir(config: LabConfig, sandbox: str) -> Path:
    """The directory with the time of the end. It is mounted read-only into the hosts, so only the node can write the time.
    Raises NodeError.

    The name comes from a row, and a web process that an attacker controls may have written it. So it has to match SANDBOX
    before it becomes part of a path.
    """
    if not SANDBOX.fullmatch(sandbox):
        raise NodeError("That is not the name of a sandbox.", repr(sandbox)[:80])
    return config.engine_dir / "expires" / sandbox


def write_expiry(config: LabConfig, sandbox: str, expires_at: float) -> None:
    directory = expiry_dir(config, sandbox)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = directory / "at.new"
    fresh.write_text(f"{int(expires_at)}\n")
    fresh.chmod(0o644)
    os.replace(fresh, directory / "at")


def read_expiry(config: LabConfig, sandbox: str) -> float | None:
    """The Unix time at which the hosts end themselves; None when there is no such time."""
    try:
        return float((expiry_dir(config, sandbox) / "at").read_text())
    except (OSError, ValueError):
        return None


def old_expiries(config: LabConfig, seconds: float) -> set[str]:
    """The sandboxes that have a time of their end which was written this long ago or earlier."""
    found = set()
    with suppress(OSError):
        for directory in (config.engine_dir / "expires").iterdir():
            with suppress(OSError):
                if directory.stat().st_mtime < time.time() - seconds:
                    found.add(directory.name)
    return found


def forget_expiry(config: LabConfig, sandbox: str) -> None:
    directory = expiry_dir(config, sandbox)
    for name in ("at", "at.new"):
        (directory / name).unlink(missing_ok=True)
    with suppress(OSError):
        directory.rmdir()


def forget_all_expiries(config: LabConfig) -> None:
    with suppress(OSError):
        for directory in (config.engine_dir / "expires").iterdir():
            forget_expiry(config, directory.name)
