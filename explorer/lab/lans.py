"""A sandbox's own network, the addresses on it, and the file that says when its hosts end themselves."""

from __future__ import annotations

import fcntl
import os
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
from explorer.lab.errors import NoRoom
from explorer.lab.kernel import LAN_NETWORK
from explorer.network.scenario import Scenario

FIRST_HOST, FIRST_MACHINE = 11, 100


@dataclass(frozen=True, slots=True)
class Lan:
    name: str
    subnet: str


def filters(config: LabConfig, sandbox: str | None = None, generation: int | None = None) -> dict[str, Any]:
    labels = [f"explorer.install={config.install}"]
    if sandbox is not None:
        labels.append(f"explorer.sandbox={sandbox}")
    if generation is not None:
        labels.append(f"explorer.generation={generation}")
    return {"label": labels}


def make_lan(config: LabConfig, client: docker.DockerClient, sandbox: str, labels: dict[str, str]) -> Lan:
    """An internal network with the first free /24. One at a time, so that two openings do not take the same."""
    name = f"x-{config.install}-{sandbox}"
    with _one_at_a_time(config):
        taken = {pool["Subnet"] for network in client.api.networks() for pool in (network["IPAM"].get("Config") or ())}
        for subnet in map(str, ip_network(LAN_NETWORK).subnets(new_prefix=24)):
            if subnet in taken:
                continue
            ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])
            try:
                client.networks.create(name, driver="bridge", internal=True, ipam=ipam, labels=labels, check_duplicate=True)
            except APIError as error:
                if "overlap" in str(error).lower():
                    continue
                raise
            return Lan(name, subnet)
    raise NoRoom("This node has no LAN left.", f"all of {LAN_NETWORK} is in use")


def addresses(subnet: str, scenario: Scenario) -> dict[str, str]:
    base = ip_network(subnet).network_address
    return {host: str(base + FIRST_HOST + at) for at, host in enumerate(scenario.hosts)} | {
        machine: str(base + FIRST_MACHINE + at) for at, machine in enumerate(scenario.machines)
    }


@contextmanager
def _one_at_a_time(config: LabConfig) -> Iterator[None]:
    with open(config.socket.parent / "lans.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def expiry_dir(config: LabConfig, sandbox: str) -> Path:
    """Mounted read-only into the hosts; root there is nobody here, so only the node can write the time."""
    return config.engine_dir / "expires" / sandbox


def write_expiry(config: LabConfig, sandbox: str, expires_at: float) -> None:
    directory = expiry_dir(config, sandbox)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = directory / "at.new"
    fresh.write_text(f"{int(expires_at)}\n")
    fresh.chmod(0o644)
    os.replace(fresh, directory / "at")


def read_expiry(config: LabConfig, sandbox: str) -> float | None:
    try:
        return float((expiry_dir(config, sandbox) / "at").read_text())
    except (OSError, ValueError):
        return None


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
