"""The page “Use IPv6 networking”."""

from __future__ import annotations

from functools import partial

from tests.engine.docker_pages.row import CONFIG, NO_INTERNET, OLD_IPV6, Differs, Row, compose

IPV6 = partial(Row, "Use IPv6 networking")
NO_POOL = "without a subnet, 26 takes one of the daemon's pools, which have no IPv6; a subnet is made up from 27.0 on"
NONE_LEFT = Differs(r"could not find an available, non-overlapping IPv6 address pool", NO_POOL)
CREATE = "docker network create --ipv6 --subnet 2001:db8::/64 ip6net"
ON_DEFAULT = CONFIG + '"ipv6": true, "fixed-cidr-v6": "2001:db8:1::/64"'
POOLS = (
    CONFIG + '"default-address-pools": [{"base": "172.17.0.0/16", "size": 24}, {"base": "2001:db8::/56", "size": 64}]',
    "docker network create --ipv6 pooled",
)
IN_FILE = (
    "services: {web: {image: box, networks: [ip6net]}}\n"
    "networks: {ip6net: {enable_ipv6: true, ipam: {config: [{subnet: 2001:db8::/64}]}}}"
)
NO_SUBNET = "services: {web: {image: box, networks: [ip6net]}}\nnetworks: {ip6net: {enable_ipv6: true}}"
SUBNETS = "--format '{{range .IPAM.Config}}{{.Subnet}} {{end}}'"

ROWS = (
    IPV6(
        "Create an IPv6 network",
        "`docker network create --ipv6` needs no subnet",
        (f"docker network create --ipv6 ip6net 2>&1 && docker network inspect ip6net {SUBNETS}",),
        r"f[cd][0-9a-f]{2}:.*::/64",
        {"26": NONE_LEFT},
    ),
    IPV6(
        "Create an IPv6 network",
        "the subnet may be named",
        (CREATE, f"docker network inspect ip6net {SUBNETS}"),
        r"2001:db8::/64",
        short=True,
    ),
    IPV6(
        "Create an IPv6 network",
        "a Compose file names it with `enable_ipv6`",
        (compose("six", IN_FILE), "docker exec six-web-1 ip -6 -br addr show eth0"),
        r"2001:db8::\w+/64",
    ),
    IPV6(
        "Create an IPv6 network",
        "a container on it has an address of each version",
        (CREATE, "docker run --rm --network ip6net box ip -br addr show eth0"),
        r"(?=.*172\.\d+\.)(?=.*2001:db8::2/64)",
    ),
    IPV6(
        "Create an IPv6 network",
        "`-p` publishes on IPv4 and IPv6",
        (CREATE, "docker run -d --name web --network ip6net -p 80:80 box", "docker port web"),
        r"(?=[\s\S]*0\.0\.0\.0:80)(?=[\s\S]*\[::\]:80)",
        note=NO_INTERNET,
    ),
    IPV6(
        "Create an IPv6 network",
        "a request to `[::1]` reaches the container, which sees the bridge's IPv6 address",
        (CREATE, "docker run -d --name web --network ip6net -p 80:80 box", "curl -sm3 'http://[::1]:80/'"),
        r"you are \[2001:db8::1\]:\d+, I am \w+ \[2001:db8::2\]:80",
        note=NO_INTERNET,
        short=True,
    ),
    IPV6(
        "Create an IPv6 network",
        "from outside, the published port is reached by IPv6",
        (CREATE, "docker run -d --name web --network ip6net -p 80:80 box", "outside: curl -sm3 http://ip6-h1:80/"),
        r"you are \[fd00:10:77:(\w+:)?:100\]",
        {"26": Differs(r"you are \[2001:db8::1\]", OLD_IPV6)},
        note="the page says it of the loopback; the source that the server sees shows who carried it",
    ),
    IPV6(
        "Use IPv6 for the default bridge network",
        "`ipv6` and `fixed-cidr-v6` in daemon.json give the default network a subnet",
        (ON_DEFAULT, f"docker network inspect bridge {SUBNETS}"),
        r"2001:db8:1::/64",
    ),
    IPV6(
        "Use IPv6 for the default bridge network",
        "a container on the default network has an address of that subnet",
        (ON_DEFAULT, "docker run --rm box ip -6 -br addr show eth0"),
        r"2001:db8:1::[\w:]+/64",
    ),
    IPV6(
        "Use IPv6 for the default bridge network",
        "a request to `[::1]` reaches it, from the bridge's address",
        (ON_DEFAULT, "docker run -d --name web -p 80:80 box", "curl -sm3 'http://[::1]:80/'"),
        r"you are \[2001:db8:1::1\]:\d+, I am \w+ \[2001:db8:1::",
        note=NO_INTERNET,
    ),
    IPV6(
        "Use IPv6 for the default bridge network",
        "rules of ip6tables are on by default",
        (CREATE, "ip6tables -t nat -S 2>&1 | grep -c DOCKER || true"),
        r"^[1-9]",
        {"26": Differs(r"^0$", OLD_IPV6.partition(".")[0])},
        short=True,
    ),
    IPV6(
        "Use IPv6 for the default bridge network",
        "`systemctl restart docker` starts the daemon anew",
        ("systemctl restart docker 2>&1 || true",),
        r"^$",
        always=Differs(
            r"not found|not been booted with systemd", "a host does not run systemd: end `dockerd` and start it again, as each row with a daemon.json does here"
        ),
    ),
    IPV6(
        "Dynamic IPv6 subnet allocation",
        "a network without a subnet gets a unique local one, a /64, with 40 bits that belong to this engine",
        (
            "for n in one two; do docker network create --ipv6 $n >/dev/null 2>&1; done; "
            "docker network inspect one two --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' 2>/dev/null | "
            "grep -oE 'fd[0-9a-f:]+' | cut -d: -f1-3 | sort | uniq -c || true",
        ),
        r"^\s*2 fd[0-9a-f]{2}:",
        {"26": Differs(r"^$", NO_POOL)},
    ),
    IPV6(
        "Dynamic IPv6 subnet allocation",
        "the same for a Compose file without a subnet",
        (compose("six", NO_SUBNET, f"docker compose up -d 2>&1 && docker network inspect six_ip6net {SUBNETS}"),),
        r"fd[0-9a-f]{2}:.*::/64",
        {"26": NONE_LEFT},
    ),
    IPV6(
        "Dynamic IPv6 subnet allocation",
        "with pools of both versions in daemon.json, a network gets a /24 and a /64 of these",
        (*POOLS, f"docker network inspect pooled {SUBNETS}"),
        r"(?=.*172\.17\.\d+\.0/24)(?=.*2001:db8:[\w:]*/64)",
    ),
    IPV6(
        "Docker in Docker",
        "a host whose iptables is made of nftables needs no module ip6_tables",
        ("iptables --version", CREATE, "iptables --version"),
        r"nf_tables",
    ),
)  # fmt: skip
