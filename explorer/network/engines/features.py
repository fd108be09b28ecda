"""What differs between versions of Docker Engine and matters to what is seen of their networks, as questions to a host.

No version answers them: `lab.hosts.features` asks a real host. What a host prints is bounded and untrusted text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"([a-z0-9-]{1,40}) (yes|no|unknown)")
_ANSWERS = {"yes": True, "no": False, "unknown": None}
_IPV6 = "[ -e /proc/net/if_inet6 ] || exit 9; "  # without it in the kernel, nothing is known


@dataclass(frozen=True, slots=True)
class Feature:
    """`name` is the word in `labdoctor --json`; `about` says what is so where the answer is yes. `test` is shell for a host in
    which `PREPARED` has run: it succeeds where it is so, ends with status 9 where that cannot be asked, and otherwise fails."""

    name: str
    about: str
    test: str


PREPARED = """
api() { curl -sf --max-time 10 --unix-socket /run/docker.sock "http://docker/$1"; }
mode=com.docker.network.bridge.gateway_mode_ipv4
docker network create asked && docker network create other &&
docker run -d --name asked --network asked -p 127.0.0.1:8099:80 box &&
bridge=br-$(docker network inspect asked --format '{{.Id}}' | cut -c1-12)
"""

FEATURES = (
    Feature(
        "backend-told",
        "docker info says which firewall backend the daemon has",
        """api info | grep -q '"FirewallBackend"'""",
    ),
    Feature("nftables", "rules are written to nftables, in table docker-bridges", "nft list table ip docker-bridges"),
    Feature("forward-chain", "the chain DOCKER-FORWARD", "iptables-save -t filter | grep '^:DOCKER-FORWARD '"),
    Feature(
        "isolation-stages",
        "networks are kept apart by the chains DOCKER-ISOLATION-STAGE-1 and -2",
        "iptables-save -t filter | grep '^:DOCKER-ISOLATION-STAGE-1 '",
    ),
    Feature("internal-chain", "the chain DOCKER-INTERNAL", "iptables-save -t filter | grep '^:DOCKER-INTERNAL '"),
    Feature("ip6tables", "rules for IPv6 without being told to", f"{_IPV6} ip6tables-save -t nat | grep '^:DOCKER '"),
    Feature(
        "loopback-closed",
        "a rule closes a port published at 127.0.0.1 to neighbours",
        "{ iptables-save -t raw; nft list table ip docker-bridges; } | grep -E '127.0.0.1.*8099.*(DROP|drop)'",
    ),
    Feature(
        "direct-closed",
        "a rule closes a container's own address to neighbours, before any route is chosen",
        """{ iptables-save -t raw; nft list table ip docker-bridges; } | grep -E "$bridge.*(DROP|drop)" """,
    ),
    Feature(
        "gateway-modes",
        "gateway modes of a bridge (nat, routed)",
        "docker network create -o $mode=routed good && ! docker network create -o $mode=nonsense bad",
    ),
    Feature(
        "isolated",
        "gateway mode isolated: the host has no address on the bridge",
        "! docker network create --internal -o $mode=nonsense worse && "
        "docker network create --internal -o $mode=isolated alone",
    ),
    Feature("ipv6-alone", "--ipv6 needs no subnet", f"{_IPV6} docker network create --ipv6 six"),
    Feature(
        "ipv6-only",
        "networks without IPv4",
        f"{_IPV6} docker network create --ipv6 --ipv4=false --subnet fd00:99::/64 onlysix",
    ),
    Feature(
        "gateway-priority",
        "which network has a container's default route can be chosen (--gw-priority)",
        "docker network connect --gw-priority 7 other asked && api containers/asked/json | grep -E '\"GwPriority\": ?7'",
    ),
    Feature(
        "macvlan-gateway",
        "a container on macvlan has a default route although no gateway was named",
        "{ docker network create -d macvlan -o parent=eth0 --subnet 10.254.9.0/24 mac && "
        "docker run -d --name onmac --network mac box; } || exit 9; "
        "docker inspect onmac --format '{{.NetworkSettings.Networks.mac.Gateway}}' | grep '^10.254.9.1$'",
    ),
    Feature(
        "old-address-fields",
        "inspect has one address of a container beside those of its networks (NetworkSettings.IPAddress)",
        "api containers/asked/json | "
        """python3 -c 'import json, sys; sys.exit("IPAddress" not in json.load(sys.stdin)["NetworkSettings"])'""",
    ),
    Feature("containerd-store", "images are in containerd's store", "api info | grep 'io.containerd.snapshotter'"),
)
NAMES = {feature.name: feature for feature in FEATURES}


def script() -> str:
    """A program for bash that prepares a host and prints a line for each feature: its name, and yes, no or unknown. Its status
    is not 0 when the host could not be prepared."""
    answer = "answer() { case $1 in 0) echo yes ;; 9) echo unknown ;; *) echo no ;; esac; }"
    lines = [answer, f"{{ {PREPARED.strip()}\n}} >/dev/null 2>&1 || exit 1"]
    for feature in FEATURES:
        lines += [f"( {feature.test} ) >/dev/null 2>&1", f'echo "{feature.name} $(answer $?)"']
    return "\n".join(lines)


def read_answers(text: str) -> dict[str, bool | None]:
    """Feature → whether it is there, None where that could not be asked. Lines that make no sense are left out."""
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return {one[1]: _ANSWERS[one[2]] for one in found if one and one[1] in NAMES}


def in_words(answers: dict[str, bool | None], told: bool | None) -> list[str]:
    """The features with this answer, in words and in the table's order."""
    return [feature.about for feature in FEATURES if answers.get(feature.name) is told]
