"""The pages “Packet filtering and firewalls”, “Docker with iptables” and “Docker with nftables”."""

from __future__ import annotations

from functools import partial

from tests.engine.docker_pages.row import CONFIG, NO_29, Differs, Row

FILTERING = partial(Row, "Packet filtering and firewalls")
IPTABLES = partial(Row, "Docker with iptables")
NFTABLES = partial(Row, "Docker with nftables")

WEB = "docker run -d --name web -p 8080:80 box"
ASK = "outside: curl -sm3 http://h1:8080/ || echo no"
NOT_ALLOWED = "iptables -I DOCKER-USER -i eth0 ! -s 192.0.2.2 -j DROP"
TO_OUTSIDE = "docker exec web curl -sm3 http://outside/ || echo no"
OLD_CHAINS = "26 has its rules in FORWARD itself; the chain is of 28.0 and later"
UNKNOWN_FLAG = r"unknown flag|Unknown flag|don't match any configuration option"
BEHIND = (  # an interface of the host that is not Docker's, with somebody behind it
    "unshare -n sleep 999 >/dev/null 2>&1 & sleep 0.3; ip link add far0 type veth peer name eth0 netns $! && ip addr add 192.0.2.1/24 dev far0 "
    "&& ip link set far0 up && nsenter -t $! -n sh -c 'ip addr add 192.0.2.9/24 dev eth0; ip link set eth0 up; ip route add default via 192.0.2.1'",
    "outside: ip route replace 192.0.2.0/24 via $LAN.11",
)
GONE = ("ip link del far0; pkill -f 'sleep 999'", "outside: ip route del 192.0.2.0/24")
FAR = "outside: ping -c 1 -W 2 192.0.2.9 >/dev/null && echo yes || echo no"
OFF = CONFIG + '"iptables": false, "ip6tables": false'
TABLE = "nft 'table ip my-table { chain my-filter-forward { type filter hook forward priority filter; policy accept; %s } }'"
NO_TABLE = ("nft delete table ip my-table",)
NO_NFT_BACKEND = Differs(UNKNOWN_FLAG, NO_29)

ROWS = (
    FILTERING(
        "Packet filtering and firewalls",
        "macvlan and host networks make no rules",
        (
            "iptables-save | grep -v '^[#:]' >/tmp/before",
            "docker network create -d macvlan -o parent=eth0 --subnet 192.168.77.0/24 lane && docker run -d --network lane box "
            "&& docker run -d --network host -e PORT=8099 box",
            "iptables-save | grep -v '^[#:]' | diff /tmp/before - && echo none",
        ),
        r"^none$",
    ),
    FILTERING(
        "Firewall backend",
        "iptables makes the rules unless the daemon is told otherwise",
        (WEB, "iptables -t nat -S DOCKER; nft list tables"),
        r"(?=[\s\S]*--dport 8080 -j DNAT)(?![\s\S]*docker-bridges)",
    ),
    FILTERING(
        "Firewall backend",
        "`firewall-backend` chooses nftables",
        ("dockerd --firewall-backend=nftables --validate 2>&1 || true",),
        r"configuration OK",
        always=NO_NFT_BACKEND,
    ),
    FILTERING(
        "Docker on a router",
        "the daemon switches forwarding on for both versions of IP",
        (
            "docker network create --ipv6 --subnet 2001:db8::/64 ip6net",
            "sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding",
        ),
        r"^1\s+1$",
        note="IPv6's when the first network with IPv6 is made",
    ),
    FILTERING(
        "Docker on a router",
        "when it does, it sets the policy of FORWARD to DROP",
        ("iptables -S FORWARD | head -1",),
        r"^-P FORWARD DROP$",
    ),
    FILTERING(
        "Docker on a router",
        "`ip-forward-no-drop` keeps the policy",
        ("dockerd --ip-forward-no-drop --validate 2>&1 || true",),
        r"configuration OK",
        {"26": Differs(UNKNOWN_FLAG, "the option is of 28.0 and later")},
        note="the daemon is asked whether it would start with it",
    ),
    FILTERING(
        "Docker on a router",
        "packets between two other interfaces of the host are dropped",
        (*BEHIND, FAR),
        r"^no$",
        undo=GONE,
    ),
    FILTERING(
        "Prevent Docker from manipulating firewall rules",
        "with `iptables: false` most rules are not made",
        (OFF, WEB, "iptables-save | grep -c -- '-A .*DOCKER' || true"),
        r"^0$",
    ),
    FILTERING(
        "Prevent Docker from manipulating firewall rules",
        "containers then reach nobody outside: nothing masquerades them",
        (OFF, "docker run --rm box curl -sm3 http://outside/ || echo no"),
        r"no$",
    ),
    FILTERING(
        "Prevent Docker from manipulating firewall rules",
        "and all their ports are open to the local network",
        (
            OFF,
            "docker run -d --name web -e PORT=9000 box",
            "outside: ip route replace 172.17.0.0/16 via $LAN.11; curl -sm3 http://172.17.0.2:9000/ || echo no",
        ),
        r"I am ",
        undo=("outside: ip route del 172.17.0.0/16",),
    ),
    FILTERING(
        "Integration with firewalld",
        "the daemon makes a zone `docker` where firewalld runs",
        ("firewall-cmd --get-zones 2>&1 || true",),
        r"docker",
        always=Differs(r"not found", "hosts have no firewalld: it needs a system bus"),
    ),
    FILTERING(
        "Docker and ufw",
        "traffic to a published port does not pass INPUT, where ufw has its rules",
        (WEB, "iptables -I INPUT -p tcp --dport 8080 -j DROP; iptables -I INPUT -p tcp --dport 80 -j DROP", ASK),
        r"I am ",
        undo=("iptables -D INPUT -p tcp --dport 8080 -j DROP; iptables -D INPUT -p tcp --dport 80 -j DROP",),
        note="ufw is not installed; the two rules are what it would add",
    ),
    # --- Docker with iptables ---
    IPTABLES(
        "Docker with iptables",
        "a container has rules for DNS in its own namespace",
        (
            "docker network create town && docker run -d --name web --network town box",
            "nsenter -t $(docker inspect -f '{{.State.Pid}}' web) -n iptables -t nat -S | grep 127.0.0.11",
        ),
        r"-d 127\.0\.0\.11/32",
    ),
    IPTABLES(
        "Docker and iptables chains",
        "the chain DOCKER-USER is there, and FORWARD jumps to it first",
        ("iptables -S FORWARD | grep -m1 -- -A",),
        r"^-A FORWARD -j DOCKER-USER$",
    ),
    IPTABLES(
        "Docker and iptables chains",
        "FORWARD jumps to DOCKER-FORWARD",
        ("iptables -S FORWARD",),
        r"(?m)^-A FORWARD -j DOCKER-FORWARD$",
        {"26": Differs(r"\A(?![\s\S]*DOCKER-FORWARD)[\s\S]*-j DOCKER-ISOLATION-STAGE-1", OLD_CHAINS)},
    ),
    IPTABLES(
        "Docker and iptables chains",
        "the chains DOCKER-BRIDGE and DOCKER-CT are there",
        ("iptables -S | grep -cE '^-N DOCKER-(BRIDGE|CT)$' || true",),
        r"^2$",
        {"26": Differs(r"^0$", OLD_CHAINS)},
    ),
    IPTABLES(
        "Docker and iptables chains",
        "the chain DOCKER-INTERNAL is there",
        ("iptables -S | grep -E '^-N DOCKER-(INTERNAL|ISO)'",),
        r"DOCKER-INTERNAL",
        always=Differs(
            r"\A(?![\s\S]*INTERNAL)[\s\S]*DOCKER-ISOLATION-STAGE-2",
            "26 and 28 isolate networks by DOCKER-ISOLATION-STAGE-1 and -2; the chain is of Engine 29",
        ),
    ),
    IPTABLES(
        "Docker and iptables chains",
        "FORWARD jumps to DOCKER-INGRESS, which has the rules of swarm",
        ("docker swarm init --advertise-addr $LAN.11", "sleep 3; iptables -S | grep -c DOCKER-INGRESS || true"),
        r"^[1-9]",
        always=Differs(r"^0$", "the chain comes with the routing mesh, which needs IPVS; no kernel gives it to a host's user namespace"),
        undo=("docker swarm leave --force",),
    ),
    IPTABLES(
        "Docker and iptables chains",
        "the nat table has a chain DOCKER, and rules that masquerade and map ports",
        (WEB, "iptables -t nat -S"),
        r"(?=[\s\S]*-N DOCKER)(?=[\s\S]*-s 172\.17\.0\.0/16 ! -o docker0 -j MASQUERADE)(?=[\s\S]*--dport 8080 -j DNAT)",
    ),
    IPTABLES(
        "Add iptables policies before Docker's rules",
        "a rule appended to FORWARD comes after Docker's, so it does not see what these accept",
        (WEB, "iptables -A FORWARD -p tcp --dport 80 -j DROP", ASK),
        r"I am ",
        undo=("iptables -D FORWARD -p tcp --dport 80 -j DROP",),
    ),
    IPTABLES(
        "Add iptables policies before Docker's rules",
        "a rule in DOCKER-USER does",
        (WEB, "iptables -I DOCKER-USER -p tcp --dport 80 -j DROP", ASK),
        r"^no$",
    ),
    IPTABLES(
        "Match the original IP and ports for requests",
        "in DOCKER-USER a packet has the container's port already",
        (WEB, "iptables -I DOCKER-USER -p tcp --dport 8080 -j DROP", ASK),
        r"I am ",
    ),
    IPTABLES(
        "Match the original IP and ports for requests",
        "conntrack knows the port and address that were asked for",
        (
            WEB,
            "iptables -I DOCKER-USER -i eth0 -j DROP",
            "iptables -I DOCKER-USER -p tcp -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            "iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdst $LAN.11 --ctorigdstport 8080 -j ACCEPT",
            ASK,
        ),
        r"I am ",
    ),
    IPTABLES(
        "Match the original IP and ports for requests",
        "another port is not accepted by that rule",
        (
            "docker run -d --name web -p 8080:80 -p 8081:80 box",
            "iptables -I DOCKER-USER -i eth0 -j DROP",
            "iptables -I DOCKER-USER -p tcp -m conntrack --ctorigdst $LAN.11 --ctorigdstport 8081 -j ACCEPT",
            ASK,
        ),
        r"^no$",
    ),
    IPTABLES(
        "Allow forwarding between host interfaces",
        "a rule in DOCKER-USER lets packets pass between two other interfaces",
        (*BEHIND, "iptables -I DOCKER-USER -i eth0 -o far0 -j ACCEPT; iptables -I DOCKER-USER -i far0 -o eth0 -j ACCEPT", FAR),
        r"^yes$",
        undo=GONE,
        note="with a second rule for the answers",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "every address outside may connect to a published port",
        (WEB, ASK),
        r"I am ",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "`! -s ADDRESS -j DROP` keeps all others away",
        (WEB, NOT_ALLOWED, ASK),
        r"^no$",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "and lets that address in",
        (WEB, "iptables -I DOCKER-USER -i eth0 ! -s $LAN.100 -j DROP", ASK),
        r"I am ",
        note="the address is that of `outside`",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "a subnet may be named instead",
        (WEB, "iptables -I DOCKER-USER -i eth0 ! -s $LAN.0/24 -j DROP", ASK),
        r"I am ",
        note="the subnet is that of the LAN",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "`-m iprange --src-range` names the first and the last address",
        (WEB, "iptables -I DOCKER-USER -m iprange -i eth0 ! --src-range $LAN.1-$LAN.3 -j DROP", ASK),
        r"^no$",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "`-d` names the address of the host that was asked",
        (WEB, "iptables -I DOCKER-USER -i eth0 -s $LAN.100 -d $LAN.11 -j DROP", ASK),
        r"^no$",
        always=Differs(
            r"I am ", "the packet has the container's address by then, as the page says further up; `--ctorigdst` matches the host's"
        ),
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "such a rule also keeps the answers away that containers wait for",
        (WEB, NOT_ALLOWED, TO_OUTSIDE),
        r"^no$",
    ),
    IPTABLES(
        "Restrict external connections to containers",
        "`-m state --state RELATED,ESTABLISHED -j ACCEPT` before it lets these in",
        (WEB, NOT_ALLOWED, "iptables -I DOCKER-USER -m state --state RELATED,ESTABLISHED -j ACCEPT", TO_OUTSIDE),
        r"you are 10\.77\.",
    ),
    # --- Docker with nftables ---
    NFTABLES(
        "Docker with nftables",
        "`firewall-backend: nftables` in daemon.json makes the rules by nftables",
        ("""echo '{"firewall-backend": "nftables"}' >/tmp/d.json; dockerd --config-file /tmp/d.json --validate 2>&1 || true""",),
        r"configuration OK",
        always=NO_NFT_BACKEND,
    ),
    NFTABLES(
        "Docker's nftables tables",
        "there are the tables `ip docker-bridges` and `ip6 docker-bridges`",
        ("nft list tables",),
        r"docker-bridges",
        always=Differs(r"\A(?![\s\S]*docker-bridges)[\s\S]*table ip nat", NO_29),
    ),
    NFTABLES(
        "IP forwarding",
        "a table of your own keeps packets from passing between two other interfaces",
        (
            *BEHIND,
            "iptables -P FORWARD ACCEPT; nft 'table inet no-ext-forwarding { chain no-ext-forwarding { type filter hook forward "
            "priority filter; policy accept; iifname \"eth0\" oifname \"far0\" drop; iifname \"far0\" oifname \"eth0\" drop; } }'",
            FAR,
        ),
        r"^no$",
        undo=("nft delete table inet no-ext-forwarding; iptables -P FORWARD DROP", *GONE),
    ),
    NFTABLES(
        "FORWARD policy in iptables",
        "`iptables -L FORWARD` shows the policy",
        ("iptables -L FORWARD | head -1",),
        r"^Chain FORWARD \(policy DROP\)$",
    ),
    NFTABLES(
        "FORWARD policy in iptables",
        "`iptables -P FORWARD ACCEPT` lets packets pass between two other interfaces",
        (*BEHIND, "iptables -P FORWARD ACCEPT", FAR),
        r"^yes$",
        undo=("iptables -P FORWARD DROP", *GONE),
    ),
    NFTABLES(
        "Migrating ACCEPT rules",
        "in nftables an accept is not final: another base chain may still drop the packet",
        (
            WEB,
            "iptables -I DOCKER-USER -i eth0 -j DROP; "
            "nft 'table ip my-table { chain early { type filter hook forward priority -10; policy accept; iifname \"eth0\" accept; } }'",
            ASK,
        ),
        r"^no$",
        undo=NO_TABLE,
    ),
    NFTABLES(
        "Migrating ACCEPT rules",
        "`--bridge-accept-fwmark` lets packets with a mark pass",
        ("dockerd --bridge-accept-fwmark=1 --validate 2>&1 || true",),
        r"configuration OK",
        always=NO_NFT_BACKEND,
    ),
    NFTABLES(
        "Example: restricting external connections to containers",
        "a table with a drop rule keeps all addresses but one away",
        (WEB, TABLE % 'iifname "eth0" ip saddr != 192.0.2.2 counter drop;', ASK),
        r"^no$",
        undo=NO_TABLE,
        note="beside Docker's rules of iptables; hooks and priorities are the same",
    ),
    NFTABLES(
        "Example: restricting external connections to containers",
        "or all but a subnet",
        (WEB, TABLE % 'iifname "eth0" ip saddr != 10.77.0.0/16 counter drop;', ASK),
        r"I am ",
        undo=NO_TABLE,
    ),
    NFTABLES(
        "Example: restricting external connections to containers",
        "`br-*` names the bridges of user-defined networks",
        (
            "docker network create town && docker run -d --name web --network town -p 8080:80 box",
            TABLE % 'iifname "eth0" oifname "br-*" ip saddr != 192.0.2.0/24 counter drop;',
            ASK,
        ),
        r"^no$",
        undo=NO_TABLE,
    ),
)  # fmt: skip
