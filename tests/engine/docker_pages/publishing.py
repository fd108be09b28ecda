"""The page “Port publishing and mapping”."""

from __future__ import annotations

from functools import partial

from tests.engine.docker_pages.row import CONFIG, NO_GATEWAY_MODE, NO_INTERNET, Differs, Row

PORTS = partial(Row, "Port publishing and mapping")
WEB = "docker run -d --name web -p 8080:80 box"
ASK = "outside: curl -sm3 http://h1:8080/ || echo no"
ROUTE = "outside: ip route replace 172.16.0.0/12 via $LAN.11; "
NO_ROUTE = ("outside: ip route del 172.16.0.0/12",)
ROUTE6 = "outside: ip -6 route replace 2001:db8::/64 via $LAN6::11; "
NO_ROUTE6 = ("outside: ip -6 route del 2001:db8::/64",)
MODE = "com.docker.network.bridge.gateway_mode_ipv"
BOUND = "com.docker.network.bridge.host_binding_ipv4"
TRUSTED = (
    "docker network create --subnet 192.0.2.0/24 --ip-range 192.0.2.0/29 "
    "-o com.docker.network.bridge.trusted_host_interfaces=vxlan.1:eth0 mynet",
    "docker run -d --network mynet --ip 192.0.2.100 -p 127.0.0.1:8080:80 box",
)
MYNET = f"docker network create --ipv6 --subnet 2001:db8::/64 -o {MODE}6=routed mynet"
RUN = "docker run -d --name web --network mynet -p 8080:80 box"
ROUTED4 = f"docker network create --subnet 172.30.0.0/16 -o {MODE}4=routed mynet"
UNPROTECTED = f"docker network create --subnet 172.30.0.0/16 -o {MODE}4=nat-unprotected mynet"
DIRECT = Differs(r"I am ", "until 27 a published port was also open at the container's own address; 28.0 closed it")
DIRECT_BY_ITSELF = (
    "as in the page, but for another reason: 26 does not know the option, and lets everybody in at the container's address"
)
LOOPBACK = (  # a neighbour that sends to 127.0.0.1 over the LAN
    "h2: sysctl -qw net.ipv4.conf.eth0.route_localnet=1; ip rule add pref 1 lookup local; ip rule add pref 0 to 127.0.0.1 lookup 77; ip rule del pref 0 lookup local; "
    "ip route add 127.0.0.1 via $LAN.11 dev eth0 src $LAN.12 table 77"
)

ROWS = (
    PORTS(
        "Port publishing and mapping",
        "`-p 8080:80` maps the host's port 8080 on every address",
        (WEB, "docker port web"),
        r"0\.0\.0\.0:8080\s+80/tcp -> \[::\]:8080",
    ),
    PORTS(
        "Port publishing and mapping",
        "outgoing connections have the host's address",
        (WEB, "docker exec web curl -sm3 http://outside/"),
        r"you are 10\.77\.\d+\.11:",
    ),
    PORTS(
        "Publishing ports",
        "the host reaches every port of a container",
        ("docker run -d --name web -e PORT=9000 box", "curl -sm3 http://172.17.0.2:9000/"),
        r"I am ",
    ),
    PORTS(
        "Publishing ports",
        "so do other containers of the same network",
        ("docker run -d --name web -e PORT=9000 box", "docker run --rm box curl -sm3 --retry 2 http://172.17.0.2:9000/"),
        r"I am ",
    ),
    PORTS(
        "Publishing ports",
        "nobody outside reaches a port that is not published",
        ("docker run -d --name web -e PORT=9000 box", ROUTE + "curl -sm3 http://172.17.0.2:9000/ || echo no"),
        r"^no$",
        undo=NO_ROUTE,
    ),
    PORTS(
        "Publishing ports",
        "nor do containers of other networks",
        (
            "docker run -d --name web -e PORT=9000 box && docker network create town",
            "docker run --rm --network town box curl -sm3 http://172.17.0.2:9000/ || echo no",
        ),
        r"no$",
    ),
    PORTS(
        "Publishing ports",
        "`-p` makes it available outside",
        (WEB, ASK),
        r"you are 10\.77\.\d+\.100:",
    ),
    PORTS(
        "Publishing ports",
        "and to containers of other networks, at the host's address",
        (f"{WEB} && docker network create town", "docker run --rm --network town box curl -sm3 http://$LAN.11:8080/"),
        r"I am ",
    ),
    PORTS(
        "Publishing ports",
        "`-p ADDRESS:8080:80` maps the port on that address only",
        ("docker run -d --name web -p $LAN.11:8080:80 box", "curl -sm3 http://127.0.0.1:8080/ || echo no; curl -sm3 http://$LAN.11:8080/"),
        r"^no\s+you are ",
    ),
    PORTS(
        "Publishing ports",
        "`-p 8080:80/udp` maps a UDP port",
        ("docker run -d --name web -p 8080:80/udp box socat UDP-LISTEN:80,fork EXEC:cat", "outside: echo hello | nc -u -w 2 h1 8080"),
        r"^hello$",
    ),
    PORTS(
        "Publishing ports",
        "both may be given",
        ("docker run -d --name web -p 8080:80/tcp -p 8080:80/udp box", "docker port web"),
        r"(?=[\s\S]*80/tcp -> 0\.0\.0\.0:8080)(?=[\s\S]*80/udp -> 0\.0\.0\.0:8080)",
    ),
    PORTS(
        "Publishing ports",
        "published on 127.0.0.1 and ::1, only the host reaches it",
        ("docker run -d --name web -p 127.0.0.1:8080:80 -p '[::1]:8080:80' box", "curl -sm3 http://127.0.0.1:8080/; curl -sm3 'http://[::1]:8080/'"),
        r"I am [\s\S]*I am ",
        note=NO_INTERNET,
    ),
    PORTS(
        "Publishing ports",
        "and nobody outside",
        ("docker run -d --name web -p 127.0.0.1:8080:80 -p '[::1]:8080:80' box", ASK),
        r"^no$",
    ),
    PORTS(
        "Publishing ports",
        "from 28.0 on, a neighbour that sends to 127.0.0.1 over the LAN is kept away too",
        ("docker run -d --name web -p 127.0.0.1:8080:80 box", LOOPBACK, "h2: curl -sm3 http://127.0.0.1:8080/ || echo no"),
        r"^no$",
        {"26": Differs(r"I am ", "the page warns of it: releases older than 28.0 let a neighbour in")},
        undo=(
            "h2: ip rule add pref 0 lookup local; ip rule del pref 0 to 127.0.0.1 lookup 77; ip rule del pref 1 lookup local; "
            "ip route flush table 77; sysctl -qw net.ipv4.conf.eth0.route_localnet=0",
        ),
    ),
    PORTS(
        "Publishing ports",
        "on the host's IPv6 address, docker-proxy maps it to the container's IPv4 address",
        (WEB, "outside: curl -sm3 http://ip6-h1:8080/"),
        r"you are 172\.17\.0\.1:",
    ),
    PORTS(
        "Direct routing to containers in bridge networks",
        "a remote host with a route does not reach a published port at the container's address",
        (WEB, ROUTE + "curl -sm3 http://172.17.0.2:80/ || echo no"),
        r"^no$",
        {"26": DIRECT},
        undo=NO_ROUTE,
    ),
    PORTS(
        "Direct routing to containers in bridge networks",
        "`allow-direct-routing` in daemon.json lets it",
        (CONFIG + '"allow-direct-routing": true', WEB, ROUTE + "curl -sm3 http://172.17.0.2:80/ || echo no"),
        r"I am ",
        {"26": Differs(r"the daemon did not start", "26 does not know the option and does not start with it; it lets everybody in anyway")},
        undo=NO_ROUTE,
    ),
    PORTS(
        "Direct routing to containers in bridge networks",
        "`trusted_host_interfaces` lets it for what comes by these interfaces",
        (*TRUSTED, "outside: ip route replace 192.0.2.0/24 via $LAN.11; curl -sm3 http://192.0.2.100:80/ || echo no"),
        r"I am ",
        undo=("outside: ip route del 192.0.2.0/24",),
        note="eth0 stands for the page's eth3. " + DIRECT_BY_ITSELF,
    ),
    PORTS(
        "Direct routing to containers in bridge networks",
        "the port is open on the host's loopback and at the container's address for the host",
        (*TRUSTED, "curl -sm3 http://127.0.0.1:8080/; curl -sm3 http://192.0.2.100:80/"),
        r"I am [\s\S]*I am ",
    ),
    PORTS(
        "Gateway modes",
        "`routed` makes no DNAT",
        (ROUTED4, RUN, "iptables -t nat -S DOCKER | grep -c DNAT || true"),
        r"^0$",
        {"26": Differs(r"^1$", NO_GATEWAY_MODE)},
    ),
    PORTS(
        "Gateway modes",
        "`routed`: a published port is open at the container's address",
        (ROUTED4, RUN, ROUTE + "curl -sm3 http://172.30.0.2:80/ || echo no"),
        r"I am ",
        undo=NO_ROUTE,
    ),
    PORTS(
        "Gateway modes",
        "`routed`: a port that is not published is closed",
        (ROUTED4, "docker run -d --network mynet -e PORT=9000 box", ROUTE + "curl -sm3 http://172.30.0.2:9000/ || echo no"),
        r"^no$",
        undo=NO_ROUTE,
    ),
    PORTS(
        "Gateway modes",
        "`routed`: outgoing packets have the container's address",
        (ROUTED4, RUN, ROUTE + "true", "docker exec web curl -sm3 http://outside/ || echo no"),
        r"you are 172\.30\.0\.2:",
        {"26": Differs(r"you are 10\.77\.\d+\.11:", NO_GATEWAY_MODE)},
        undo=NO_ROUTE,
    ),
    PORTS(
        "Gateway modes",
        "`routed`: containers of other networks reach the port directly",
        (ROUTED4, RUN, "docker network create town", "docker run --rm --network town box curl -sm3 http://172.30.0.2:80/ || echo no"),
        r"I am ",
        {"26": Differs(r"no$", NO_GATEWAY_MODE)},
    ),
    PORTS(
        "Gateway modes",
        "`nat`: containers of other networks do not",
        (f"{WEB} && docker network create town", "docker run --rm --network town box curl -sm3 http://172.17.0.2:80/ || echo no"),
        r"no$",
    ),
    PORTS(
        "Gateway modes",
        "`nat-unprotected`: ports that are not published are open too",
        (UNPROTECTED, "docker run -d --network mynet -e PORT=9000 box", ROUTE + "curl -sm3 http://172.30.0.2:9000/ || echo no"),
        r"I am ",
        {"26": Differs(r"^no$", NO_GATEWAY_MODE)},
        undo=NO_ROUTE,
    ),
    PORTS(
        "Gateway modes",
        "`isolated` is refused without `--internal`",
        (f"docker network create -o {MODE}4=isolated alone 2>&1 && echo made || true",),
        r"(?i)internal",
        {"26": Differs(r"made$", NO_GATEWAY_MODE)},
    ),
    PORTS(
        "Gateway modes",
        "`isolated`: the bridge has no address",
        (
            f"docker network create --internal -o com.docker.network.bridge.name=alone -o {MODE}4=isolated alone",
            "ip -4 -br addr show alone; echo end",
        ),
        r"\A(?![\s\S]*\d+\.\d+\.\d+\.\d+)[\s\S]*end",
        {"26": Differs(r"172\.\d+\.0\.1/16", NO_GATEWAY_MODE)},
    ),
    PORTS(
        "Gateway modes",
        "an `--internal` network without it gives the bridge an address",
        ("docker network create --internal -o com.docker.network.bridge.name=alone alone", "ip -4 -br addr show alone"),
        r"172\.\d+\.0\.1/16",
    ),
    PORTS(
        "Example",
        "IPv6 is routed, IPv4 has NAT: for IPv6 no host port is shown",
        (MYNET, RUN, "docker inspect web --format '{{json .NetworkSettings.Ports}}'"),
        r'\{"80/tcp":\[\{"HostIp":"0\.0\.0\.0","HostPort":"8080"\},\{"HostIp":"::","HostPort":""\}\]\}',
        {"26": Differs(r'"HostIp":"::","HostPort":"8080"', NO_GATEWAY_MODE)},
        note=NO_INTERNET,
    ),
    PORTS(
        "Example",
        "by IPv6, port 80 is open at the container's address",
        (MYNET, RUN, ROUTE6 + "curl -sm3 'http://[2001:db8::2]:80/' || echo no"),
        r"I am ",
        undo=NO_ROUTE6,
    ),
    PORTS(
        "Example",
        "by IPv6, port 8080 of the host is closed",
        (MYNET, RUN, "outside: curl -sm3 http://ip6-h1:8080/ || echo no"),
        r"^no$",
        {"26": Differs(r"I am ", NO_GATEWAY_MODE)},
    ),
    PORTS(
        "Example",
        "by IPv4, port 8080 of the host is open",
        (MYNET, RUN, ASK),
        r"I am ",
    ),
    PORTS(
        "Example",
        "`-p '[::]::80'` publishes for IPv6 only",
        (MYNET, "docker run -d --name web --network mynet -p '[::]::80' box", "docker port web"),
        r"^80/tcp -> \[::\]:\d*$",
    ),
    PORTS(
        "Setting the default bind address for containers",
        "`host_binding_ipv4` of a network publishes on that address only",
        (
            f'docker network create mybridge -o "{BOUND}=127.0.0.1"',
            "docker run -d --name web --network mybridge -p 8080:80 box",
            "docker port web",
        ),
        r"^80/tcp -> 127\.0\.0\.1:8080$",
    ),
    PORTS(
        "Setting the default bind address for containers",
        "it may be an address of IPv6 in spite of its name",
        (f'docker network create --ipv6 --subnet 2001:db8::/64 mybridge -o "{BOUND}=::1"', "docker run -d --name web --network mybridge -p 8080:80 box", "docker port web"),
        r"^80/tcp -> \[::1\]:8080$",
    ),
    PORTS(
        "Setting the default bind address for containers",
        "`default-network-opts` in daemon.json says it for all networks that are made",
        (
            CONFIG + f'"default-network-opts": {{"bridge": {{"{BOUND}": "127.0.0.1"}}}}',
            "docker network create mybridge && docker run -d --name web --network mybridge -p 8080:80 box",
            "docker port web",
        ),
        r"^80/tcp -> 127\.0\.0\.1:8080$",
    ),
    PORTS(
        "Setting the default bind address for containers",
        "`::` means every IPv6 address of the host, and no IPv4 address",
        (f'docker network create --ipv6 --subnet 2001:db8::/64 mybridge -o "{BOUND}=::"', "docker run -d --name web --network mybridge -p 8080:80 box", "docker port web"),
        r"^80/tcp -> \[::\]:8080$",
    ),
    PORTS(
        "Default bridge",
        "`ip` in daemon.json says it for the default network",
        (CONFIG + '"ip": "127.0.0.1"', WEB, "docker port web"),
        r"^80/tcp -> 127\.0\.0\.1:8080$",
    ),
)  # fmt: skip
