"""What a daemon can be asked for, each on a host of its own, for looking at everything that the daemon then writes.

A situation is commands for h1, in order; one that begins with `h2: ` is for h2. `{h1}` is h1's address on the LAN, `{lan}` the
LAN's subnet, `{lan.1}` its first address. A situation that only one version of Docker Engine has stands in `ONLY`.
"""

from __future__ import annotations

TOWN = ("docker network create town", "docker run -d --name web --network town -p 8080:80 box")
BRIDGE = "com.docker.network.bridge"
IPV6_ON = (
    "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0",
    "docker network create --ipv6 --subnet fd00:9::/64 six",
    "docker run -d --name s6 --network six -p 8080:80 box",
    "docker run -d --name c6 --network six box sleep 9999",
    "docker run -d --name dual --network bridge -p 8081:80 box",
)
RESTART = (
    "kill $(pidof dockerd); while pidof dockerd >/dev/null; do sleep 0.1; done; rm -f /var/run/docker.pid; "
    "setsid dockerd -H unix:///run/docker.sock >/dev/null 2>&1 & sleep 1; "
    "until docker version >/dev/null 2>&1; do sleep 0.1; done"
)

SITUATIONS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "published": (
        "docker run -d --name web -p 8080:80 box",
        "docker run -d --name near -p 127.0.0.1:8081:80 box",
        "docker run -d --name names -p 5353:53/udp -p 5353:53 box",
        "docker run -d --name lanpub -p {h1}:8085:80 box",
        "docker run -d --name many -p 9000-9002:9000-9002 -p 9010:80 -p 9011:80 box",
    ),
    "networks": (
        *TOWN,
        "docker run -d --name cli --network town box sleep 9999",
        "docker network create --internal closed",
        "docker run -d --name hidden --network closed box",
        f"docker network create -o {BRIDGE}.enable_icc=false apart",
        "docker run -d --name alone --network apart -p 8082:80 box",
        f"docker network create --internal -o {BRIDGE}.enable_icc=false cell",
        "docker run -d --name jailed --network cell -p 8083:80 box",
        "docker network connect closed cli",
        "docker network connect apart web",
        "docker run -d --name over -p 8084:80 box",
        "docker stop -t 0 over",
        "docker run -d --name still -p 8086:80 box",
        "docker pause still",
        "docker run -d --name lonely --network none box",
        "docker run -d --name inside --network host box sleep 9999",
        "docker run -d --name rider --network container:cli box sleep 9999",
        "docker network create empty",
    ),
    "options": (
        f"docker network create -o {BRIDGE}.enable_ip_masquerade=false --subnet 172.30.0.0/24 bare",
        "docker run -d --name unmasked --network bare -p 8080:80 box",
        f"docker network create -o {BRIDGE}.name=mybr named",
        "docker run -d --name guest --network named -p 8081:80 box",
        f"docker network create -o {BRIDGE}.host_binding_ipv4=127.0.0.1 bound",
        "docker run -d --name local --network bound -p 8082:80 box",
        "docker network create -o com.docker.network.host_ipv4={h1} snatted",
        "docker run -d --name translated --network snatted -p 8083:80 box",
        "docker network create -o com.docker.network.driver.mtu=1400 -o com.docker.network.container_iface_prefix=lan low",
        "docker run -d --name small --network low box",
    ),
    "no-gateway": (
        "docker network create --subnet 192.168.222.0/24 n",
        "docker run -d --name app --network n box",
        "docker network create --subnet 192.168.223.0/24 --ip-range 192.168.223.64/26 part",
        "docker run -d --name piece --network part box",
        "docker network create --subnet 192.168.224.0/24 void",
        "docker network create --internal --subnet 192.168.225.0/24 shut",
        "docker run -d --name behind --network shut box",
        "docker exec app ping -c1 192.168.222.1",
    ),
    "inhibited": (
        f"docker network create -o {BRIDGE}.inhibit_ipv4=true --subnet 192.168.226.0/24 --gateway 192.168.226.1 mute",
        "docker run -d --name silent --network mute box",
    ),
    "two-networks": (
        "docker network create one",
        "docker network create two",
        "docker run -d --name both --network one -p 8080:80 box",
        "docker network connect two both",
        "docker network connect bridge both",
        "docker run -d --name outer box",
        "docker network connect two outer",
        "docker network create --internal three",
        "docker network connect three outer",
        "docker run -d --name gone --network one -p 8085:80 box",
        "docker rm -f gone",
        "docker network create brief",
        "docker network rm brief",
        "docker restart -t 0 both",
    ),
    "ipv6": IPV6_ON,
    "no-proxy": (
        """echo '{"userland-proxy": false}' >/etc/docker/daemon.json""",
        RESTART,
        *TOWN,
        "docker run -d --name near -p 127.0.0.1:8081:80 box",
        "docker network create --internal closed",
        "docker run -d --name hidden --network closed box",
    ),
    "no-iptables": (
        """echo '{"iptables": false, "ip6tables": false}' >/etc/docker/daemon.json""",
        RESTART,
        *TOWN,
    ),
    "macvlan": (
        "docker network create -d macvlan -o parent=eth0 --subnet {lan} --gateway {lan.1} --ip-range {lan.192/27} street",
        "docker run -d --name house --network street box",
        "docker network create town",
        "docker run -d --name both --network street box",
        "docker network connect town both",
    ),
    "macvlan-no-gateway": (
        "docker network create -d macvlan -o parent=eth0 --subnet 192.168.77.0/24 lane",
        "docker run -d --name lost --network lane box",
    ),
    "macvlan-internal": (
        "docker network create -d macvlan --internal -o parent=eth0 --subnet 192.168.78.0/24 yard",
        "docker run -d --name kept --network yard box",
    ),
    "ipvlan": (
        "docker network create -d ipvlan -o parent=eth0 --subnet {lan} --gateway {lan.1} --ip-range {lan.192/27} two",
        "docker run -d --name near --network two box",
        "docker network create -d ipvlan -o parent=eth0 -o ipvlan_mode=l3 --subnet 192.168.88.0/24 three",
        "docker run -d --name far --network three box",
    ),
    "swarm": (
        "docker swarm init --advertise-addr {h1}",
        "h2: docker swarm join --token {token} {h1}:2377",
        "docker network create -d overlay --attachable wide",
        "docker run -d --name aa --network wide -p 8080:80 box",
        "h2: docker run -d --name bb --network wide box",
        "docker network create -d overlay --attachable --internal deep",
        "docker run -d --name dd --network deep box",
        "h2: docker run -d --name ee --network deep box",
        "sleep 2; docker exec aa ping -c1 bb",
    ),
}
ONLY: dict[str, dict[str, tuple[str, ...]]] = {
    "28": {
        "modes": (
            f"docker network create -o {BRIDGE}.gateway_mode_ipv4=routed routed",
            "docker run -d --name rr --network routed -p 8080:80 box",
            f"docker network create -o {BRIDGE}.gateway_mode_ipv4=nat-unprotected open",
            "docker run -d --name uu --network open -p 8081:80 box",
            f"docker network create --internal -o {BRIDGE}.gateway_mode_ipv4=isolated sealed",
            "docker run -d --name ii --network sealed box",
            f"docker network create -o {BRIDGE}.trusted_host_interfaces=eth0 trusted",
            "docker run -d --name tt --network trusted -p 8082:80 box",
        ),
        "modes-ipv6": (
            IPV6_ON[0],
            f"docker network create --ipv6 --subnet fd00:a::/64 -o {BRIDGE}.gateway_mode_ipv6=routed r6",
            "docker run -d --name rr --network r6 -p 8080:80 box",
            f"docker network create --ipv6 --subnet fd00:b::/64 -o {BRIDGE}.gateway_mode_ipv6=nat-unprotected u6",
            "docker run -d --name uu --network u6 -p 8081:80 box",
            "docker network create --ipv6 --internal --subnet fd00:c::/64 i6",
            "docker run -d --name ii --network i6 box",
            "docker network create --ipv6 --ipv4=false --subnet fd00:d::/64 only6",
            "docker run -d --name oo --network only6 -p 8083:80 box",
        ),
    }
}
TWO_HOSTS = ("swarm",)


def situations(engine: str) -> dict[str, tuple[str, ...]]:
    return SITUATIONS | ONLY.get(engine, {})
