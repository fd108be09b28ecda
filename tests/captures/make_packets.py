"""Remakes the captures in `packets/` on real hosts of the product, and what tshark reads in them:

    python -m tests.captures.make_packets [NAME…]      while `manage.py engine` runs; two minutes

For every driver that this kernel has: tcpdump listens on an interface while commands run. See `packets/README.md`.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django

from tests.captures import decoded, handmade

INTO = Path(__file__).parent / "packets"
Do = Callable[..., bytes]  # where, text, then perhaps standard input


@dataclass(frozen=True)
class Shot:
    """What runs while tcpdump listens on `interface` of `h1` (or of a container there, named before a colon)."""

    name: str
    interface: str
    commands: tuple[tuple[str, str], ...]
    match: str = ""
    frames: tuple[bytes, ...] = ()  # sent from h1 by hand, onto its eth0
    most: int = 9_216  # bytes of a frame


@dataclass(frozen=True)
class Series:
    """Shots on one sandbox, which `before` has prepared."""

    scenario: str
    engines: tuple[str, ...]
    before: tuple[tuple[str, str], ...]
    shots: tuple[Shot, ...]


SIX = "--sysctl net.ipv6.conf.all.disable_ipv6=0 --sysctl net.ipv6.conf.default.disable_ipv6=0"
# what every two containers say to each other
TALK = "ping -4 -c 1 {to}; curl -4 -s {to} >/dev/null; nc -4zw 1 {to} 81; echo hello | nc -4uw 1 {to} 82; ping -4 -c 1 -s {big} {to}"
NEAR = "docker exec near sh -c '{}'"
ASK = "; ".join(f"drill {what}" for what in ("web", "near", "web aaaa", "nowhere", "-x $(hostname -i)"))

SERIES = (
    Series(
        "one-host",
        ("26", "28"),
        (
            (
                "h1",
                "docker network create -o com.docker.network.bridge.name=br-app -o com.docker.network.driver.mtu=9000 --ipv6 --subnet fd00:77::/64 app",
            ),
            ("h1", f"docker run -d --name web --network app -p 8080:80 {SIX} box"),
            ("h1", f"docker run -d --name near --network app {SIX} box"),
        ),
        (
            Shot(
                "bridge",
                "br-app",
                (
                    ("h1", NEAR.format(TALK.format(to="web", big=12_000))),
                    ("h1", NEAR.format("ping -4 -c 1 -t 1 outside; ping -4 -c 1 -M do -s 4000 outside; ping -4 -c 1 -R web")),
                    ("h1", NEAR.format("ping -6 -c 1 web; ping -6 -c 1 -s 12000 web; nc -6 -u -w 1 web 82 </etc/hostname")),
                    ("outside", "curl -s h1:8080 >/dev/null"),
                ),
                most=400,
            ),
            Shot("bridge-jumbo", "br-app", (("h1", NEAR.format("ping -4 -c 1 -s 8972 web")),), "icmp[icmptype] == 8"),
            Shot("bridge-names", "near:lo", (("h1", NEAR.format(ASK)),)),
        ),
    ),
    Series(
        "one-host",
        ("26",),
        (
            ("h1", "docker run -d --name twin --network host box"),
            (
                "h1",
                "docker run -d --name safe --network none box && ip netns attach safe $(docker inspect -f '{{.State.Pid}}' safe)",
            ),
            (
                "h1",
                "ip link add cable type veth peer name inner netns safe && ip addr add 10.9.9.1/24 dev cable && ip link set cable up",
            ),
            ("h1", "nsenter --net=/run/netns/safe sh -c 'ip addr add 10.9.9.2/24 dev inner; ip link set inner up'"),
            (
                "h1",
                "docker network create -d macvlan --subnet $LAN.0/24 --gateway $LAN.1 --ip-range $LAN.64/28 -o parent=eth0 wire",
            ),
            ("h1", f"docker run -d --name one --network wire {SIX} box"),
            ("h1", "lab-driver start && docker network create -d lab yard"),
            ("h1", "docker run -d --name left --network yard box && docker run -d --name right --network yard box"),
        ),
        (
            Shot(
                "host",
                "eth0",
                (
                    ("h1", "docker exec twin sh -c 'curl -s outside >/dev/null; drill @outside h1; nc -z -w 1 outside 81'"),
                    ("outside", "curl -s h1 >/dev/null; dig @h1 +tries=1 +time=1 x"),
                ),
            ),
            Shot(
                "none",
                "cable",
                (("h1", "docker exec safe ping -c 1 10.9.9.1; " + TALK.format(to="10.9.9.2", big=2_000)),),
                most=400,
            ),
            Shot(
                "macvlan",
                "eth0",
                (
                    (
                        "h1",
                        "docker exec one sh -c '" + TALK.format(to="outside", big=2_000) + "; ping -6 -c 2 -I eth0 ff02::1'",
                    ),
                    ("outside", "curl -s -m 2 ${LAN:-10.77.0}.64 >/dev/null"),
                ),
                most=400,
            ),
            Shot(
                "third-party",
                "lab-+",
                (("h1", "docker exec left sh -c '" + TALK.format(to="right", big=2_000) + "; drill right'"),),
                most=400,
            ),
            Shot(
                "handmade",
                "eth0",
                (),
                "ether src 02:42:ac:11:00:01",
                tuple(frame for frame in handmade.SOUND.values() if len(frame) < 1_500),
            ),
        ),
    ),
    Series(
        "one-host",
        ("26",),
        (
            (
                "h1",
                "docker network create -d ipvlan --subnet $LAN.0/24 --gateway $LAN.1 --ip-range $LAN.64/28 -o parent=eth0 line",
            ),
            ("h1", f"docker run -d --name one --network line {SIX} box"),
        ),
        (Shot("ipvlan", "eth0", (("h1", "docker exec one sh -c '" + TALK.format(to="outside", big=2_000) + "'"),), most=400),),
    ),
    Series(
        "swarm",
        ("26", "28"),
        (
            ("h1", "docker network create -d overlay --attachable ring"),
            ("h1", f"docker run -d --name near --network ring {SIX} box"),
            ("h2", f"docker run -d --name web --network ring {SIX} box"),
            ("h1", "until docker exec near ping -c 1 -W 1 web; do sleep 0.5; done"),
        ),
        (
            Shot(
                "overlay",
                "eth0",
                (("h1", NEAR.format(TALK.format(to="web", big=2_000) + "; ping -6 -c 2 -I eth0 ff02::1; ping -c 1 outside")),),
                most=400,
            ),
            Shot("overlay-names", "near:lo", (("h1", NEAR.format(ASK)),)),
        ),
    ),
)
LISTEN = """set -e
rm -f /tmp/shot.*
net= interface={interface}
case $interface in *:*) net="nsenter --net=/proc/$(docker inspect -f '{{{{.State.Pid}}}}' ${{interface%:*}})/ns/net"; interface=${{interface#*:}};; esac
case $interface in *+) interface=$(ls /sys/class/net | grep "^${{interface%+}}" | head -1);; esac
setsid $net tcpdump -U -i $interface -s {most} -w /tmp/shot.pcap {match} >/tmp/shot.log 2>&1 &
echo $! >/tmp/shot.pid
until grep -q listening /tmp/shot.log; do sleep 0.05; done"""
ENOUGH = "sleep 0.7; kill -INT $(cat /tmp/shot.pid); while [ -d /proc/$(cat /tmp/shot.pid) ]; do sleep 0.05; done; cat /tmp/shot.pcap"


@contextmanager
def sandbox(scenario: str, engine: str) -> Iterator[Do]:
    from explorer.lab.hosts import lifecycle
    from explorer.lab.hosts.run import run_in
    from explorer.network.scenario import SCENARIOS
    from explorer.node.this_node import lab_config

    config, name = lab_config(), f"captured-{secrets.token_hex(4)}"
    lifecycle.open_sandbox(config, name, 1, SCENARIOS[scenario], time.time() + 600, lambda phase, detail: None, engine=engine)

    def do(where: str, text: str, stdin: bytes = b"", must: bool = True) -> bytes:
        told = {"out": bytearray(), "err": bytearray()}
        argv = ["bash", "-lc", text]
        status = run_in(config, name, where, argv, lambda which, data: told[which].extend(data), 60, stdin)
        if status and must:
            raise SystemExit(f"{where}: {text}\n{told['err'].decode(errors='replace')}")
        return bytes(told["out"])

    try:
        yield do
    finally:
        lifecycle.close_sandbox(config, name)


def take(do: Do, shot: Shot, suffix: str) -> None:
    match = f"'{shot.match}'" if shot.match else ""
    do("h1", LISTEN.format(interface=shot.interface, most=shot.most, match=match))
    if shot.frames:
        do("h1", f"python3 -c '{handmade.SEND}' eth0", handmade.send_text(*shot.frames))
    for where, command in shot.commands:
        do(where, command, must=False)  # that a port is closed is the point of some
    path = INTO / f"{shot.name}{suffix}.pcap"
    path.write_bytes(do("h1", ENOUGH))
    frames = decoded.ask_tshark(path)
    decoded.store(frames, path.with_suffix(".json"))
    print(f"{path.name}: {len(frames)} frames, {path.stat().st_size:,} bytes")


def main(names: list[str]) -> None:
    INTO.mkdir(exist_ok=True)
    for series in SERIES:
        wanted = [shot for shot in series.shots if not names or shot.name in names]
        for engine in series.engines if wanted else ():
            with sandbox(series.scenario, engine) as do:
                try:
                    for where, command in series.before:
                        do(where, command)
                except SystemExit as error:
                    print(f"left out {', '.join(shot.name for shot in wanted)}: {error}")
                    continue
                for shot in wanted:
                    take(do, shot, "" if engine == "26" else f"-{engine}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "explorer.settings")
    django.setup()
    main(sys.argv[1:])
