"""Says what this node can do and what it lacks, each with a cure. It changes nothing; when asked for it, it opens a sandbox,
tries to get out of it, and closes it again."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from explorer.lab.config import LabConfig
from explorer.lab.drops import hear
from explorer.lab.engine import capabilities, cgroups, disks, ids, kernel, memory, own_disk
from explorer.lab.engine.client import session
from explorer.lab.errors import LabError
from explorer.lab.hosts import features as engine_features
from explorer.lab.hosts import ipv6, lifecycle, machines
from explorer.lab.images import lacking, load, shelf
from explorer.lab.images.names import NEEDED
from explorer.lab.images.recipes import host
from explorer.lab.isolation.trial import try_isolation
from explorer.lab.isolation.tried import Tried
from explorer.lab.watch import commands
from explorer.network.drivers import DRIVERS
from explorer.network.drivers.needs import BRIDGE, NAT, VETH

TOOLS = ("dockerd", "containerd", "runc", "ip", "nsenter", "iptables", "nft", "conntrack", "tcpdump", "bridge", "tc")
REQUIRED = (VETH.name, BRIDGE.name, NAT.name)  # kernel features that every sandbox needs
LEAST_DISK_MB = 3000
ATTEMPTS = "isolation tried"
NAMED = 3  # attempts
THROUGH_CURE = "bring the kernel and the engine up to date, start the engine again, and report it as SECURITY.md says"
OVERLAY_CURE = "use a kernel that has overlayfs in user namespaces: Linux 5.11 or newer"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    must: bool
    found: str
    cure: str = ""


def examine(config: LabConfig, attack: bool = False) -> dict[str, Any]:
    """All findings in one object; `ok` is false when a required check fails. With `attack`, isolation is tried and not only
    read from settings: this takes half a minute and a place for a sandbox."""
    features = capabilities.features()
    state = _engine_state(config)
    checks = [*_machine(config, features), *_engine(config, state), *_optional(features)]
    used = len(state.get("sandboxes", ()))
    room = lifecycle.capacity(config)
    if attack and "error" not in state:
        checks.append(_attempts(config) if used < room else _no_place())
    there = state.get("engines", [])
    return {
        "ok": all(check.ok for check in checks if check.must),
        "node": config.node,
        "install": config.install,
        "isolation": state.get("isolation", "none: the engine is not running"),
        "engine": state.get("version", ""),
        "engines": there,
        "engine_features": engine_features.of_each(config, there, may_ask=attack and used < room),
        "cgroups": cgroups.version(),
        "features": features,
        "drivers": {
            name: {"usable": name in capabilities.usable(features), "lacks": lack}
            for name, lack in capabilities.drivers(features).items()
        },
        "images": state.get("images", []),
        "limits": {
            "host_memory_mb": config.host_memory_mb,
            "host_pids": config.host_pids,
            "host_disk_mb": config.host_disk_mb,
            "host_cpus": config.host_cpus,
            "node_memory_mb": memory.memory_mb(),
        },
        "capacity": {"sandboxes": room, "used": used, "free": max(0, room - used)},
        "checks": [asdict(check) for check in checks],
    }


def _machine(config: LabConfig, features: dict[str, bool]) -> list[Check]:
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    blocked = kernel.impassable(config.engine_dir)
    disk = shutil.disk_usage(_existing(config.engine_dir)).free // 2**20
    return [
        Check("root", os.geteuid() == 0, True, f"user id {os.geteuid()}", "start the node as root, or run it as a container"),
        Check(
            "programs",
            not missing,
            True,
            ", ".join(missing) or "all there",
            "install docker.io iproute2 iptables nftables conntrack tcpdump",
        ),
        Check(
            "user namespaces",
            features["user namespaces"],
            True,
            _yes(features["user namespaces"]),
            "sysctl user.max_user_namespaces=15000",
        ),
        Check("overlayfs", features["overlayfs"], True, _yes(features["overlayfs"]), OVERLAY_CURE),
        Check(
            "veth, bridge, NAT",
            all(features[n] for n in REQUIRED),
            True,
            _lacking(features, *REQUIRED),
            "load the modules veth, bridge, nf_nat, xt_MASQUERADE",
        ),
        Check(
            "id range",
            _range() != "",
            True,
            _range() or "none",
            f"add {kernel.REMAP_USER}:{kernel.FIRST_ID}:{kernel.ID_COUNT} to /etc/subuid and /etc/subgid",
        ),
        Check(
            "way to the data",
            blocked is None,
            True,
            str(blocked or "passable"),
            f"chmod o+x {blocked}, or set EXPLORER_ENGINE_DIR",
        ),
        Check(
            "disk",
            disk > LEAST_DISK_MB,
            True,
            f"{disk} MB free",
            f"make room on {_existing(config.engine_dir)}, or set EXPLORER_ENGINE_DIR",
        ),
        _host_disk(config),
        _shelf(config),
        Check(
            "memory",
            memory.memory_mb() > memory.KEPT_MB + memory.TYPICAL_MB,
            True,
            f"{memory.memory_mb()} MB",
            "give this machine 2 GB or more",
        ),
        Check(
            "IPv6",
            ipv6.spoken(),
            False,
            "each LAN has a subnet of it" if ipv6.spoken() else "none: LANs have IPv4 only",
            "start the machine without ipv6.disable=1",
        ),
        Check(
            "kernel limits",
            not _low_limits(),
            False,
            ", ".join(_low_limits()) or "raised",
            "start the engine as root on the machine, or set them with sysctl there",
        ),
    ]


def _host_disk(config: LabConfig) -> Check:
    own = disks.in_use(config)
    shared = "none: all write to the node's disk, and the largest sandbox is ended when that is nearly full"
    unbounded = "requests under way have no bound (/sys is read-only here)"
    speed = "few requests are under way at once" if own_disk.queues_are_bounded() else unbounded
    found = f"{config.host_disk_mb} MB, a file system of its own; {speed}" if own else shared
    cure = "start the engine where there are loop devices and mke2fs (modprobe loop); its first lines name the reason"
    return Check("disk of each host", own, False, found, cure)


def _shelf(config: LabConfig) -> Check:
    there = shelf.images(config)
    taken = sum(one.bytes for one in there) // 2**20
    more = f" and {len(there) - NAMED} more" if len(there) > NAMED else ""
    names = ", ".join(one.called(one.reference) for one in there[:NAMED]) + more
    found = f"{len(there)} images, {taken} of {config.shelf_mb} MB: {names}" if there else "empty: hosts have the image box"
    cure = "remove an image (manage.py image remove), or raise EXPLORER_SHELF_MB"
    return Check("image shelf", taken <= config.shelf_mb, False, found, cure)


def _engine(config: LabConfig, state: dict[str, Any]) -> list[Check]:
    if "error" in state:
        return [Check("engine", False, True, state["error"], "start it: make run")]
    absent = [image["name"] for image in state["images"] if not image["bytes"]]
    lacks = [name for name in absent if name in NEEDED]
    if all(host(engine) in absent for engine in config.engines):
        lacks.append("any of hosts")
    without = lacking.missing(config, state["engines"])
    reasons = " ".join(f"{engine}: {why or 'it is being made.'}" for engine, why in without.items())
    return [
        Check("engine", True, True, f"{state['version']}, {state['driver']}"),
        Check(
            "isolation",
            state["isolation"].startswith("full"),
            True,
            state["isolation"],
            "stop whatever answers on the node's socket and start the engine again",
        ),
        Check("images", not lacks, True, ", ".join(lacks) or "all there", "restart the engine; it builds and imports them"),
        Check(
            "engine versions",
            not without,
            False,
            f"hosts with {', '.join(state['engines']) or 'none'}{' · not there: ' + reasons if without else ''}",
            "wait until it is made, or see to where its packages are (docs/engines.md); the engine tries again by itself",
        ),
    ]


def _optional(features: dict[str, bool]) -> list[Check]:
    uses = {
        **_uses_of_drivers(),
        "netem": "delay, jitter and loss of links (without it a link has a rate and an MTU only)",
        "tbf": "the rate of a link (without it and netem a link has an MTU only)",
        "dummy": "networks without an uplink",
        "conntrack": "watching NAT at work",
        "nftrace": "journeys of packets",
    }
    cure = "modprobe it, or use a kernel that has it; without it these lessons stay readable"
    return [*(Check(name, features[name], False, f"for {use}", cure) for name, use in uses.items()), _drops(), _commands()]


def _uses_of_drivers() -> dict[str, str]:
    """Kernel feature → which drivers need it, in words; without the features that every sandbox needs."""
    needed = {need.name: need for driver in DRIVERS.values() for need in capabilities.all_needs(driver)}
    told = {}
    for name, need in needed.items():
        whose = [driver.title for driver in DRIVERS.values() if need in capabilities.all_needs(driver)]
        told[name] = need.use.format(" and ".join(whose))
    return {name: use for name, use in told.items() if name not in REQUIRED}


def _commands() -> Check:
    lack = commands.why_not()
    cure = "start the node on the machine itself; all else works without it"
    return Check("commands in the timeline", not lack, False, lack or "the kernel tells what is executed", cure)


def _drops() -> Check:
    lack = hear.why_not()
    found = f"none, because {lack}; journeys rest on rules, frames, routes and the kernel's counters" if lack else "BPF"
    cure = "run `make setup`, on a kernel with BTF that lets the node load tracing programs; all else works without it"
    return Check("drop reasons", not lack, False, found, cure)


def _engine_state(config: LabConfig) -> dict[str, Any]:
    try:
        with session(config) as client:
            info = client.info()
            return {
                "version": info["ServerVersion"],
                "driver": info["Driver"],
                "isolation": _isolation(config, info),
                "images": load.details(config, client),
                "engines": list(load.engines(config, client)),
                "sandboxes": lifecycle.list_sandboxes(config),
            }
    except LabError as error:
        return {"error": str(error)}


def _isolation(config: LabConfig, info: dict[str, Any]) -> str:
    options = " ".join(info.get("SecurityOptions") or ())
    lacks = [
        text for sign, text in (("name=userns", "no user namespaces"), ("name=seccomp", "no seccomp")) if sign not in options
    ]
    if not machines.SECCOMP.exists():
        lacks.append("no seccomp profile")
    try:
        own = Path("/run/netns", config.netns).stat().st_ino != Path("/proc/self/ns/net").stat().st_ino
    except OSError:
        own = False
    if not own:
        lacks.append("no network namespace of its own")
    if lacks:
        return "not enough: " + ", ".join(lacks)
    owners = "user ids of its own for each sandbox" if ids.in_use(config) else "user namespaces"
    return f"full: {owners}, a network namespace of its own, seccomp, internal LANs, delegated control groups"


def _attempts(config: LabConfig) -> Check:
    try:
        return judge(try_isolation(config))
    except LabError as error:
        found = f"not tried: {error} {error.detail}".rstrip()
        return Check(ATTEMPTS, False, False, found, "see the engine's log, then run it again")


def judge(tried: list[Tried]) -> Check:
    """An attempt that got through fails the node. One that could not be made as meant says nothing, and is named."""
    through = [one for one in tried if one.fair and not one.held]
    unfair = [one for one in tried if not one.fair]
    origins = ", ".join(dict.fromkeys(one.origin for one in tried))
    if through:
        found = f"{len(through)} of {len(tried)} attempts got through: {_named(through)}"
        return Check(ATTEMPTS, False, True, found, "open no sandboxes here; " + THROUGH_CURE)
    if unfair:
        found = f"{len(tried) - len(unfair)} attempts refused; {len(unfair)} could not be made: {_named(unfair)}"
        return Check(ATTEMPTS, False, False, found, "report it: on this kernel they say nothing")
    return Check(ATTEMPTS, True, True, f"{len(tried)} attempts from root in a {origins}: all refused")


def _no_place() -> Check:
    return Check(ATTEMPTS, False, False, "not tried: every place for a sandbox is taken", "run it again when a place is free")


def _named(tried: list[Tried]) -> str:
    """The first few, in words."""
    words = [f"{one.name}, from a {one.origin} ({one.seen})" for one in tried[:NAMED]]
    return "; ".join(words) + (f"; and {len(tried) - NAMED} more" if len(tried) > NAMED else "")


def _low_limits() -> list[str]:
    low = []
    for name, wanted in kernel.LIMITS.items():
        try:
            if int(Path("/proc/sys", name).read_text()) < wanted:
                low.append(name.replace("/", "."))
        except (OSError, ValueError):
            continue
    return low


def _range() -> str:
    try:
        return f"{kernel.remapped_root()[0]} and up"
    except LabError:
        return ""


def _existing(path: Path) -> Path:
    return next(part for part in (path, *path.parents) if part.exists())


def _yes(works: bool) -> str:
    return "there" if works else "missing"


def _lacking(features: dict[str, bool], *names: str) -> str:
    return ", ".join(f"no {name}" for name in names if not features[name]) or "there"
