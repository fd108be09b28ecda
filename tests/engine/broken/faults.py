"""What can be broken in a sandbox's networks, each with the command that mends it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.engine.broken.world import World


@dataclass(frozen=True)
class Fault:
    place: str
    make: str
    undo: str

    def words(self) -> str:
        return f"in {self.place}: {self.make}"


INNER = ("h1/web", "h1/cli")
REJECTS = tuple(
    f"icmp-{what}"
    for what in (
        "net-unreachable",
        "host-unreachable",
        "proto-unreachable",
        "port-unreachable",
        "net-prohibited",
        "host-prohibited",
        "admin-prohibited",
    )
)
CHAINS = (
    ("filter", "INPUT"),
    ("filter", "FORWARD"),
    ("filter", "OUTPUT"),
    ("filter", "DOCKER-USER"),
    ("mangle", "PREROUTING"),
    ("mangle", "INPUT"),
    ("mangle", "FORWARD"),
    ("mangle", "OUTPUT"),
    ("mangle", "POSTROUTING"),
    ("raw", "PREROUTING"),
    ("raw", "OUTPUT"),
)


def _addresses(dice: random.Random, world: World) -> str:
    lan = world.lan
    return dice.choice((f"{lan}.100", f"{lan}.11", "172.18.0.2", "172.18.0.3", "172.18.0.0/16", f"{lan}.0/24"))


def _match(dice: random.Random, world: World, chain: str) -> str:
    words = []
    if dice.random() < 0.5:
        words.append(f"-{dice.choice('sd')} {_addresses(dice, world)}")
    if dice.random() < 0.5:
        words.append(dice.choice(("-p icmp", "-p tcp", "-p udp", "-p tcp --dport 80", "-p icmp --icmp-type echo-reply")))
    if dice.random() < 0.2 and chain in ("INPUT", "FORWARD", "PREROUTING", "DOCKER-USER"):
        words.append(f"-i {dice.choice(('eth0', 'town', 'docker0'))}")
    if dice.random() < 0.15:
        words.append(f"-m conntrack --ctstate {dice.choice(('NEW', 'ESTABLISHED', 'INVALID', 'NEW,ESTABLISHED'))}")
    return " ".join(words)


def rule(dice: random.Random, world: World) -> Fault:
    """A rule that drops or rejects, directly or by a chain of its own, perhaps after a rule that does nothing."""
    place = dice.choice(("h1", "h1", "h1", "h1", "outside", *INNER))
    table, chain = dice.choice([one for one in CHAINS if place == "h1" or one[1] != "DOCKER-USER"])
    match = _match(dice, world, chain)
    target = "DROP"
    if table == "filter" and dice.random() < 0.5:
        kind = "tcp-reset" if "-p tcp" in match and dice.random() < 0.5 else dice.choice(REJECTS)
        target = f"REJECT --reject-with {kind}"
    tool = f"iptables -w -t {table}"
    if dice.random() < 0.25:
        own = f"my-{chain}"
        make = f"{tool} -N {own}; {tool} -A {own} -j {target}; {tool} -I {chain} {match} -j {own}"
        return Fault(place, make, f"{tool} -D {chain} {match} -j {own}; {tool} -F {own}; {tool} -X {own}")
    decoy = dice.random() < 0.3
    first = f"{tool} -I {chain} -p icmp -m ttl --ttl-gt 3; " if decoy else ""
    undo = f"{tool} -D {chain} {match} -j {target}{f'; {tool} -D {chain} -p icmp -m ttl --ttl-gt 3' if decoy else ''}"
    return Fault(place, f"{first}{tool} -I {chain} {2 if decoy else 1} {match} -j {target}", undo)


def policy(dice: random.Random, world: World) -> Fault:
    place = dice.choice(("h1", "outside", *INNER))
    chain = dice.choice(("INPUT", "FORWARD", "OUTPUT"))
    before = next((one for one in world.whole[place] if one.startswith(f":{chain} ")), f":{chain} ACCEPT").split()[1]
    return Fault(place, f"iptables -w -P {chain} DROP", f"iptables -w -P {chain} {before}")


def time_to_live(dice: random.Random, world: World) -> Fault:
    match = _match(dice, world, "PREROUTING")
    words = f"iptables -w -t mangle -{{}} PREROUTING {match} -j TTL --ttl-set 1"
    return Fault("h1", words.format("A"), words.format("D"))


def translated(dice: random.Random, world: World) -> Fault:
    """A destination that a rule replaces by one that nobody has, or where nobody listens."""
    to = dice.choice(("172.18.0.99", "172.18.0.2:81", "172.18.0.4:9000", "192.0.2.7", f"{world.lan}.200"))
    kind = "-p tcp" if ":" in to else dice.choice(("-p tcp", "-p icmp", "-p udp"))
    chain = dice.choice(("PREROUTING", "PREROUTING", "OUTPUT"))
    words = f"iptables -w -t nat -{{}} {chain} {{}}{kind} -j DNAT --to-destination {to}"
    return Fault("h1", words.format("I", "1 "), words.format("D", ""))


def refusing_route(dice: random.Random, world: World) -> Fault:
    place = dice.choice(("h1", "h1", "h1", "outside", *INNER))
    kind = dice.choice(("unreachable", "blackhole", "prohibit", "throw"))
    lan = world.lan
    prefix = dice.choice((f"{lan}.100/32", f"{lan}.11/32", "172.18.0.2/32", "172.18.0.3/32", "172.18.0.0/24", f"{lan}.0/25"))
    return Fault(place, f"ip route add {kind} {prefix}", f"ip route del {kind} {prefix}")


def policy_rule(dice: random.Random, world: World) -> Fault:
    place = dice.choice(("h1", "h1", "outside", *INNER))
    kind = dice.choice(("prohibit", "unreachable", "blackhole", "lookup 99"))
    chosen = f"{dice.choice(('from', 'to'))} {_addresses(dice, world)}"
    if place == "h1" and dice.random() < 0.4:
        chosen = f"iif {dice.choice(('town', 'eth0', 'docker0'))}"
    make, undo = f"ip rule add {chosen} {kind} priority 99", "ip rule del priority 99"
    if kind == "lookup 99":
        refuses = dice.choice(("unreachable", "blackhole", "prohibit"))
        return Fault(place, f"{make}; ip route add {refuses} default table 99", f"{undo}; ip route flush table 99")
    return Fault(place, make, undo)


def marked(dice: random.Random, world: World) -> Fault:
    """A rule marks packets, and a policy rule refuses what is marked."""
    chain = dice.choice(("PREROUTING", "PREROUTING", "OUTPUT"))
    match = _match(dice, world, chain)
    words = f"iptables -w -t mangle -{{}} {chain} {match} -j MARK --set-mark 0x7"
    kind = dice.choice(("prohibit", "unreachable", "blackhole"))
    return Fault(
        "h1",
        f"{words.format('A')}; ip rule add fwmark 0x7 {kind} priority 98",
        f"{words.format('D')}; ip rule del priority 98",
    )


def wrong_way(dice: random.Random, world: World) -> Fault:
    """A route that leads to nobody, out of the wrong interface, or nowhere because the default route is gone."""
    lan = world.lan
    place = dice.choice(("h1", "h1", *INNER, "outside"))
    if place in INNER and dice.random() < 0.5:
        return Fault(place, "ip route del default", "ip route add default via 172.18.0.1 dev eth0")
    to = dice.choice((f"{lan}.100/32", "172.18.0.2/32", "172.18.0.3/32", f"{lan}.11/32"))
    if place == "h1":
        way = dice.choice(("dev docker0", "dev town", f"via {lan}.200", "dev eth0"))
    else:
        way = f"via {'172.18.0.77' if place in INNER else f'{lan}.200'}"
    return Fault(place, f"ip route add {to} {way} metric 0", f"ip route del {to} {way} metric 0")


def switch(dice: random.Random, world: World) -> Fault:
    place, name, value = dice.choice(
        (
            ("h1", "ip_forward", 0),
            ("h1", "conf.town.forwarding", 0),
            ("h1", "conf.eth0.forwarding", 0),
            ("h1", "icmp_echo_ignore_all", 1),
            ("h1/web", "icmp_echo_ignore_all", 1),
            ("outside", "icmp_echo_ignore_all", 1),
        )
    )
    return _sysctl(world, place, f"net.ipv4.{name}", value)


def _sysctl(world: World, place: str, name: str, value: int) -> Fault:
    before = world.run(place, f"sysctl -n {name}").strip()
    undo = f"sysctl -qw {name}={before}"
    if name.endswith("ip_forward"):  # sets the switch of every interface
        undo += "; sysctl -qw net.ipv4.ip_forward=1"
    return Fault(place, f"sysctl -qw {name}={value}", undo)


def reverse_path(dice: random.Random, world: World) -> Fault:
    device, to, wrong = dice.choice(
        (
            ("eth0", f"{world.lan}.100/32", "docker0"),
            ("town", "172.18.0.3/32", "eth0"),
            ("town", "172.18.0.2/32", "docker0"),
        )
    )
    before = world.run("h1", f"sysctl -n net.ipv4.conf.{device}.rp_filter").strip()
    return Fault(
        "h1",
        f"sysctl -qw net.ipv4.conf.{device}.rp_filter=1; ip route add {to} dev {wrong}",
        f"ip route del {to} dev {wrong}; sysctl -qw net.ipv4.conf.{device}.rp_filter={before}",
    )


def wrong_mac(dice: random.Random, world: World) -> Fault:
    lan = world.lan
    place, address, device = dice.choice(
        (
            ("h1", "172.18.0.2", "town"),
            ("h1", "172.18.0.3", "town"),
            ("h1", f"{lan}.100", "eth0"),
            ("h1/cli", "172.18.0.1", "eth0"),
            ("h1/cli", "172.18.0.2", "eth0"),
            ("h1/web", "172.18.0.1", "eth0"),
            ("outside", f"{lan}.11", "eth0"),
        )
    )
    mac = dice.choice(
        ("02:00:00:00:00:99", world.macs["h1/near"] if device == "town" or place in INNER else "02:00:00:00:00:98")
    )
    return Fault(
        place,
        f"ip neigh replace {address} lladdr {mac} dev {device} nud permanent",
        f"ip neigh del {address} dev {device}",
    )


def down(dice: random.Random, world: World) -> Fault:
    back = "ip link set eth0 up; ip route replace default via 172.18.0.1 dev eth0"
    return dice.choice(
        (
            Fault("h1/web", "ip link set eth0 down", back),
            Fault("h1/cli", "ip link set eth0 down", back),
            Fault("h1", f"ip link set {world.ports['h1/web']} down", f"ip link set {world.ports['h1/web']} up"),
            Fault("h1", f"ip link set {world.ports['h1/cli']} down", f"ip link set {world.ports['h1/cli']} up"),
            Fault("h1", f"ip link set {world.ports['h1/web']} nomaster", f"ip link set {world.ports['h1/web']} master town"),
            Fault("h1", "ip link set town down", "ip link set town up"),
        )
    )


def address_gone(dice: random.Random, world: World) -> Fault:
    inner = "ip addr add {0}/16 brd 172.18.255.255 dev eth0; ip route replace default via 172.18.0.1 dev eth0"
    return dice.choice(
        (
            Fault("h1/web", "ip addr del 172.18.0.2/16 dev eth0", inner.format("172.18.0.2")),
            Fault(
                "h1/web",
                "ip addr del 172.18.0.2/16 dev eth0; ip addr add 172.18.0.222/16 dev eth0",
                f"ip addr del 172.18.0.222/16 dev eth0; {inner.format('172.18.0.2')}",
            ),
            Fault(
                "h1",
                "ip addr del 172.18.0.1/16 dev town",
                "ip addr add 172.18.0.1/16 brd 172.18.255.255 dev town",
            ),
        )
    )


def small(dice: random.Random, world: World) -> Fault:
    place, device = dice.choice((("h1", "eth0"), ("h1", "town"), ("h1/cli", "eth0"), ("outside", "eth0")))
    switch = f"net.ipv6.conf.{device}.disable_ipv6"  # the kernel forgets it where an MTU below 1280 ends IPv6
    before = world.run(place, f"sysctl -n {switch}").strip()
    held = re.findall(r"inet6 (\S+)", world.run(place, f"ip -6 -o addr show dev {device} scope global"))
    undo = f"ip link set {device} mtu 1500; sysctl -qw {switch}={before}"
    undo += "".join(f"; ip addr replace {address} dev {device} nodad" for address in held)
    return Fault(place, f"ip link set {device} mtu 700", undo)


def bridge_port(dice: random.Random, world: World) -> Fault:
    port = world.ports[dice.choice(("h1/web", "h1/cli"))]
    what, before = dice.choice((("state 0", "state 3"), ("state 4", "state 3"), ("isolated on", "isolated off")))
    return Fault("h1", f"bridge link set dev {port} {what}", f"bridge link set dev {port} {before}")


KINDS: tuple[tuple[Callable[[random.Random, World], Fault], int], ...] = (
    (rule, 9),
    (policy, 2),
    (time_to_live, 1),
    (translated, 2),
    (refusing_route, 3),
    (policy_rule, 2),
    (marked, 1),
    (wrong_way, 3),
    (switch, 3),
    (reverse_path, 2),
    (wrong_mac, 3),
    (down, 3),
    (address_gone, 2),
    (small, 1),
    (bridge_port, 2),
)


def choose(dice: random.Random, world: World) -> list[Fault]:
    """One to three faults of different kinds."""
    count = dice.choices((1, 2, 3), (5, 3, 1))[0]
    kinds = dict.fromkeys(dice.choices([one for one, _ in KINDS], [weight for _, weight in KINDS], k=count))
    return [kind(dice, world) for kind in kinds]
