"""How a host and a plain machine are created on the engine: rights, limits, mounts, environment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from docker.types import LogConfig, Mount

import docker
from explorer.lab import images
from explorer.lab.config import LabConfig
from explorer.lab.hosts import ipv6, lans
from explorer.network.scenario import Scenario

SECCOMP = Path(__file__).parents[1] / "images" / "seccomp.json"
SECCOMP_MACHINE = SECCOMP.with_name("seccomp-machine.json")
ANSWERS = ("host-ready",)
READY = ("host-ready", images.BOX)
EXPIRES = "/run/explorer"
IMAGES_SHOWN = 400  # characters of the images' names in a message
# The engine's resolver would ask the node's one otherwise. The host's own names come from `environment`.
NAMES: dict[str, Any] = {"dns": ["127.0.0.1"], "dns_search": ["."]}
OUT_OF_MEMORY = 500  # when memory runs out, the kernel ends a learner's process before a process of the node


@lru_cache(maxsize=1)
def seccomp() -> str:
    """The committed seccomp profile as text, which is what the engine's API takes."""
    return json.dumps(json.loads(SECCOMP.read_text()), separators=(",", ":"))


@lru_cache(maxsize=1)
def machine_seccomp() -> str:
    """The profile of a machine without Docker: what is closed to a host, and what only a Docker host needs."""
    profile, more = (json.loads(path.read_text()) for path in (SECCOMP, SECCOMP_MACHINE))
    return json.dumps(profile | {"syscalls": profile["syscalls"] + more["syscalls"]}, separators=(",", ":"))


def host_rights(
    config: LabConfig, client: docker.DockerClient, sandbox: str, volume: str, data: str = "/var/lib/docker"
) -> dict[str, Any]:
    """The rights of a host: three capabilities inside its own user namespace, our seccomp profile, and limits of memory,
    processes and processor time. `volume` is for `data`, where its engine keeps what it has; "" when the host has a disk of its
    own."""
    rights: dict[str, Any] = client.api.create_host_config(
        cap_add=["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"],
        security_opt=[f"seccomp={seccomp()}", "apparmor=unconfined"],
        mem_limit=f"{config.host_memory_mb}m",
        memswap_limit=f"{config.host_memory_mb}m",
        pids_limit=config.host_pids,
        nano_cpus=config.host_cpus * 1_000_000_000,
        oom_score_adj=OUT_OF_MEMORY,
        **NAMES,
        tmpfs={"/run": "size=64m"},
        # Nothing reads a host's output, and root there could keep the engine busy with writing it.
        log_config=LogConfig(type=LogConfig.types.NONE),
        mounts=[
            *([Mount(data, volume, type="volume", no_copy=True)] if volume else []),
            Mount(EXPIRES, str(lans.expiry_dir(config, sandbox)), type="bind", read_only=True),
        ],
    )
    return rights | {"MaskedPaths": [], "ReadonlyPaths": []}  # the same as `systempaths=unconfined` on the command line


def machine_rights(client: docker.DockerClient) -> dict[str, Any]:
    rights: dict[str, Any] = client.api.create_host_config(
        cap_add=["NET_ADMIN"],
        cap_drop=["MKNOD", "SYS_CHROOT", "SETFCAP", "AUDIT_WRITE"],
        security_opt=["no-new-privileges", f"seccomp={machine_seccomp()}"],
        mem_limit="128m",
        memswap_limit="128m",
        pids_limit=256,
        nano_cpus=500_000_000,
        oom_score_adj=OUT_OF_MEMORY,
        **NAMES,
        tmpfs={"/run": "size=16m"},
    )
    return rights


def switches(name: str, scenario: Scenario, segments: list[lans.Segment]) -> dict[str, str]:
    """The sysctls of its network namespace: a machine that forwards packets has forwarding on. A machine without Docker may
    send to loopback addresses over the LAN, as root on any neighbour may; a host keeps the kernel's default."""
    forwards, own = scenario.forwards(name), [segment for segment in segments if name in segment.addresses]
    told = {"net.ipv4.ip_forward": "1"} if forwards else {}
    if name in scenario.machines:
        told["net.ipv4.conf.all.route_localnet"] = "1"
    return told | (ipv6.switches(len(own), forwards) if any(segment.ipv6 for segment in own) else {})


def environment(name: str, scenario: Scenario, segments: list[lans.Segment], named: Sequence[str] = ()) -> dict[str, str]:
    """The environment of its programs. `LAN` and `LAN6` are for people: what the addresses of its LAN begin with, as in
    `$LAN.0/24` and `$LAN6:/64`. IPv6 addresses have names of their own, as localhost's has in Debian: programs would take
    the IPv6 address of a name with both. `named` are the images that hosts have."""
    own = lans.address_of(segments, name)
    names = [(other, lans.address_of(segments, other, name)) for other in scenario.names]
    six = any(segment.ipv6 for segment in segments)
    if six:
        names += [(f"ip6-{other}", ipv6.address_of(address)) for other, address in names]
    return {
        "LAN": own.rpartition(".")[0],
        "LAN6": ipv6.address_of(own).rpartition(":")[0] if six else "",
        "LAN_DNS": lans.address_of(segments, "outside", name),
        "LAN_NAMES": " ".join(f"{other}={address}" for other, address in names),
        "LAN_ROUTES": " ".join(f"{to}={via}" for to, via in routes(name, scenario, segments)),
        "LAN_IMAGES": _listed(named),
        "EXPIRES": f"{EXPIRES}/at",
    }


def _listed(named: Sequence[str]) -> str:
    """The names, as many as a message has room for."""
    text = ", ".join(named)
    return text if len(text) <= IMAGES_SHOWN else f"{text[:IMAGES_SHOWN].rpartition(', ')[0]} and more"


def routes(name: str, scenario: Scenario, segments: list[lans.Segment]) -> Iterator[tuple[str, str]]:
    """(destination, next hop) of each of its routes."""
    subnets = {segment.lan: segment.subnet for segment in segments}
    for route in scenario.routes:
        if route.on == name:
            yield subnets.get(route.to, route.to), lans.address_of(segments, route.via, name)
