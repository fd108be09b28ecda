"""What a daemon has in each situation whose nft rule set is kept: networks and containers as the Engine API tells them."""

from __future__ import annotations

import hashlib
from typing import Any

Told = dict[str, Any]
PREFIX = "com.docker.network."


def identity(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def network(name: str, subnet: str, subnet6: str = "", internal: bool = False, **options: str) -> Told:
    """A bridge network; an option's name is written with `_` for the first dot after `com.docker.network.`."""
    pools = [{"Subnet": one, "Gateway": gateway_of(one)} for one in (subnet, subnet6) if one]
    told = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in options.items()}
    if name == "bridge":
        told |= {f"{PREFIX}bridge.name": "docker0", f"{PREFIX}bridge.enable_icc": "true"}
        told |= {f"{PREFIX}bridge.enable_ip_masquerade": "true", f"{PREFIX}bridge.default_bridge": "true"}
    return {
        "Name": name,
        "Id": identity(name),
        "Scope": "local",
        "Driver": "bridge",
        "EnableIPv4": bool(subnet),
        "EnableIPv6": bool(subnet6),
        "IPAM": {"Driver": "default", "Config": pools},
        "Internal": internal,
        "Options": told,
        "Labels": {},
    }


def gateway_of(subnet: str) -> str:
    address = subnet.partition("/")[0]
    return f"{address}1" if ":" in subnet else f"{address.rpartition('.')[0]}.1"


def container(name: str, *ends: tuple[Told, int], ports: tuple[Told, ...] = ()) -> Told:
    """A running container with the address `number` on each network."""
    networks = {}
    for on, number in ends:
        pools = [one["Subnet"] for one in on["IPAM"]["Config"]]
        four = next((one for one in pools if ":" not in one), "")
        six = next((one for one in pools if ":" in one), "")
        out = not on["Internal"]
        networks[on["Name"]] = {
            "Gateway": gateway_of(four) if four and out else "",
            "IPAddress": f"{four.rpartition('.')[0]}.{number}" if four else "",
            "IPPrefixLen": int(four.partition("/")[2]) if four else 0,
            "IPv6Gateway": gateway_of(six) if six and out else "",
            "GlobalIPv6Address": f"{six.partition('/')[0]}{number}" if six else "",
            "GlobalIPv6PrefixLen": int(six.partition("/")[2]) if six else 0,
            "MacAddress": "",
        }
    return {
        "Id": identity(name),
        "Names": [f"/{name}"],
        "Image": "box",
        "State": "running",
        "Ports": list(ports),
        "Labels": {},
        "HostConfig": {"NetworkMode": ends[0][0]["Name"]},
        "NetworkSettings": {"Networks": networks},
    }


def port(inside: int, outside: int, at: str = "0.0.0.0", protocol: str = "tcp") -> Told:  # noqa: S104 - as the API tells it
    told = {"IP": at, "PrivatePort": inside, "PublicPort": outside, "Type": protocol}
    return told if outside else {key: value for key, value in told.items() if key != "PublicPort"}


def both(inside: int, outside: int, protocol: str = "tcp") -> tuple[Told, Told]:
    """A port that is published at every address of IPv4 and of IPv6."""
    return port(inside, outside, protocol=protocol), port(inside, outside, "::", protocol)


BRIDGE = network("bridge", "172.17.0.0/16")
TOWN = network("town", "172.18.0.0/16")
NAMED = network("named", "192.0.2.0/24", bridge__name="bridge1")
SIX = network("six", "172.20.0.0/16", "fd00:20::/64")
ONLY_SIX = network("onlysix", "", "fd00:30::/64")
CLOSED = network("closed", "172.21.0.0/16", internal=True)
QUIET = network("quiet", "172.22.0.0/16", internal=True, bridge__enable_icc="false")
APART = network("apart", "172.23.0.0/16", bridge__enable_icc="false")
PLAIN = network("plain", "172.24.0.0/16", bridge__enable_ip_masquerade="false")
SOURCED = network("sourced", "172.25.0.0/16", host_ipv4="10.77.0.11")
MODE4, MODE6 = "bridge__gateway_mode_ipv4", "bridge__gateway_mode_ipv6"
OPEN = network("open", "172.26.0.0/16", "fd00:26::/64", internal=False, **{MODE4: "nat-unprotected", MODE6: "nat-unprotected"})
ROUTED = network("routed", "172.27.0.0/16", "fd00:27::/64", internal=False, **{MODE4: "routed", MODE6: "routed"})
ISOLATED = network("isolated", "172.28.0.0/16", internal=True, **{MODE4: "isolated"})
TRUSTING = network("trusting", "172.29.0.0/16", bridge__trusted_host_interfaces="eth1:eth0")

# situation → networks, containers, whether the daemon uses docker-proxy
SITUATIONS: dict[str, tuple[list[Told], list[Told], bool]] = {
    "new": ([BRIDGE], [], True),
    "without-ports": ([BRIDGE], [container("c1", (BRIDGE, 2)), container("c2", (BRIDGE, 3))], True),
    "published": (
        [BRIDGE, TOWN, NAMED],
        [
            container("web", (TOWN, 2), ports=(*both(80, 8080), port(53, 5353, protocol="udp"))),
            container("range", (NAMED, 2), ports=(port(80, 9000), port(81, 9001), port(80, 9100))),
            container("plain", (NAMED, 3)),
        ],
        True,
    ),
    "at-an-address": (
        [BRIDGE, TOWN],
        [
            container("near", (TOWN, 2), ports=(port(80, 8081, "127.0.0.1"), port(53, 5353, "127.0.0.2", "udp"))),
            container("lan", (BRIDGE, 2), ports=(port(80, 8085, "10.77.0.11"),)),
        ],
        True,
    ),
    "internal": ([BRIDGE, CLOSED, QUIET], [container("hidden", (CLOSED, 2)), container("mute", (QUIET, 2))], True),
    "no-icc": ([BRIDGE, APART], [container("alone", (APART, 2), ports=(port(80, 8080),)), container("too", (APART, 3))], True),
    "no-masquerade": ([BRIDGE, PLAIN], [container("p1", (PLAIN, 2), ports=(port(80, 8080),))], True),
    "snat": ([BRIDGE, SOURCED], [container("s1", (SOURCED, 2), ports=(port(80, 8080),))], True),
    "unprotected": ([BRIDGE, OPEN], [container("o1", (OPEN, 2), ports=both(80, 8080))], True),
    "routed": ([BRIDGE, ROUTED], [container("r1", (ROUTED, 2), ports=(port(80, 0), port(80, 0, "::")))], True),
    "isolated": ([BRIDGE, ISOLATED], [container("i1", (ISOLATED, 2))], True),
    "trusting": ([BRIDGE, TRUSTING], [container("t1", (TRUSTING, 2), ports=(port(80, 8080),))], True),
    "ipv6": (
        [BRIDGE, SIX, ONLY_SIX],
        [
            container("dual", (SIX, 2), ports=(*both(80, 8080), port(80, 8081, "::1"), port(80, 8082, "127.0.0.1"))),
            container("only", (ONLY_SIX, 2), ports=(port(80, 8090, "::"),)),
        ],
        True,
    ),
    "no-proxy": (
        [BRIDGE, TOWN, SIX, SOURCED],
        [
            container("web", (TOWN, 2), ports=(port(80, 8080), port(80, 8083, "127.0.0.1"))),
            container("dual", (SIX, 2), ports=both(80, 8090)),
            container("s1", (SOURCED, 2), ports=(port(80, 8091),)),
        ],
        False,
    ),
    "several": (
        [BRIDGE, TOWN, NAMED, CLOSED],
        [
            container("both", (NAMED, 2), (TOWN, 2), (CLOSED, 2), ports=(port(80, 8080),)),
            container("c1", (BRIDGE, 2), ports=(port(80, 8082), port(443, 8443))),
            container("c2", (TOWN, 3)),
        ],
        True,
    ),
}
