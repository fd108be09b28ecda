"""The iptables rules of driver bridge, recognised by their form and named by what they refer to.

Source of the chains' meanings: Docker's documentation ("Packet filtering and firewalls"). Engine 28 moved the rules per
network from FORWARD to DOCKER-CT, DOCKER-BRIDGE and DOCKER-FORWARD with the same meaning. In the table raw it drops packets
that come from outside and are addressed to a container directly. IPv6 has the same chains.
"""

from __future__ import annotations

from explorer.network.cause import (
    DAEMON,
    ICC,
    INTERNAL,
    NOT_DOCKER,
    PUBLISH,
    UNKNOWN,
    Why,
    of_container,
    of_network,
)
from explorer.network.drivers.known import Known, spec, title
from explorer.network.model import Chain, DockerNetwork, Rule

CHAINS = {
    ("nat", "DOCKER"): "Docker's own chain: one DNAT rule for each published port.",
    ("filter", "DOCKER"): "Docker's own chain: the published ports that packets from elsewhere may reach.",
    ("filter", "DOCKER-USER"): "Docker's chain for your own rules: checked before Docker's, and left alone by it.",
    ("filter", "DOCKER-FORWARD"): "Docker's own chain: what it does with forwarded packets, called from FORWARD.",
    ("filter", "DOCKER-BRIDGE"): "Docker's own chain: packets on their way to a bridge network.",
    ("filter", "DOCKER-CT"): "Docker's own chain: lets packets of known connections through to bridge networks.",
    ("filter", "DOCKER-INTERNAL"): "Docker's own chain: keeps internal networks apart from everything else.",
    ("filter", "DOCKER-ISOLATION-STAGE-1"): "Docker's own chain, step 1 of keeping networks apart: where a packet came from.",
    ("filter", "DOCKER-ISOLATION-STAGE-2"): "Docker's own chain, step 2 of keeping networks apart: where a packet goes.",
}
_JUMPS = {
    "DOCKER-USER": "Your own rules come first: forwarded packets pass DOCKER-USER before any of Docker's rules.",
    "DOCKER-FORWARD": "Forwarded packets pass Docker's rules in DOCKER-FORWARD.",
    "DOCKER-CT": "First, packets of connections that already exist.",
    "DOCKER-INTERNAL": "Then the rules that keep internal networks closed.",
    "DOCKER-BRIDGE": "Then packets on their way to a bridge network.",
    "DOCKER-ISOLATION-STAGE-1": "Keeps bridge networks apart: forwarded packets are checked for crossing between two of them.",
    "DOCKER-INGRESS": "For published ports of swarm services.",
}
LOCAL = ("-m", "addrtype", "--dst-type", "LOCAL")


def chain(known: Known, item: Chain) -> Why:
    if known.on_host and (item.table, item.name, item.policy) == ("filter", "FORWARD", "DROP"):
        told = "Policy DROP: a forwarded packet that no rule accepts is dropped; Docker sets it when it turns on IP forwarding."
        return Why(told, (DAEMON,))
    told = CHAINS.get((item.table.removeprefix("ip6 "), item.name), "")
    return Why(told, (DAEMON,)) if told else UNKNOWN


def rule(known: Known, item: Rule) -> Why:
    if not known.on_host:
        return UNKNOWN
    table = _TABLES.get(item.table.removeprefix("ip6 "))
    return table(known, item) if table else UNKNOWN


def _bare(item: Rule) -> bool:
    """Whether the rule is only a jump, without any match."""
    return item.spec == f"-A {item.chain} -j {item.target}"


# --- nat -------------------------------------------------------------------------------------------------------------


def _nat(known: Known, item: Rule) -> Why:
    if item.chain == "PREROUTING" and item.target == "DOCKER" and item.other == LOCAL:
        return Why("Packets arriving for an address of this host go to chain DOCKER, where the published ports are.", (DAEMON,))
    if item.chain == "OUTPUT" and item.target == "DOCKER" and item.other[:4] == LOCAL:
        own = item.destination.removeprefix("!")
        but = f"; except to {own}, where docker-proxy answers" if item.destination in ("!127.0.0.0/8", "!::1/128") else ""
        return Why(f"Packets this host itself sends to one of its addresses go to chain DOCKER too{but}.", (DAEMON,))
    if item.chain == "DOCKER":
        return _published(known, item)
    return _postrouting(known, item) if item.chain == "POSTROUTING" else UNKNOWN


def _published(known: Known, item: Rule) -> Why:
    network = known.bridges.get(item.in_interface.removeprefix("!"))
    if item.target == "RETURN" and network and not item.in_interface.startswith("!"):
        told = f"Packets from {title(network)} itself are not translated here: docker-proxy takes them."
        return Why(told, of_network(network))
    if item.target != "DNAT" or not item.destination_port:
        return UNKNOWN
    found = known.published(item.destination_port, item.protocol, item.to_destination)
    because = f"Because {found[0].name} publishes {spec(found[1])}" if found else "A rule among the published ports"
    only = item.destination.removesuffix("/32")
    there = f"port {item.destination_port} of {only}" if only else f"this host's port {item.destination_port}"
    protocol = f"{item.protocol} " if item.protocol != "tcp" else ""
    told = f"{because}: {protocol}packets to {there} are sent to {item.to_destination} (DNAT)."
    return Why(told, (*of_container(found[0].name), PUBLISH)) if found else Why(told)


def _postrouting(known: Known, item: Rule) -> Why:
    network = known.subnet_network(item.source)
    leaving = network is not None and item.out_interface == f"!{network.bridge}"
    if network and leaving and item.target == "MASQUERADE":
        told = (
            f"Because of {title(network)}: packets that leave for anywhere but {network.bridge} "
            "get their source address replaced by the host's (MASQUERADE)."
        )
        return Why(told, of_network(network))
    if network and leaving and item.target == "SNAT":
        told = f"Because of {title(network)}: packets that leave it get the source address {item.to_source} (SNAT)."
        return Why(told, of_network(network))
    found = known.at(item.source) if item.source else None
    if found and item.target == "MASQUERADE" and item.destination == item.source and item.destination_port:
        told = (
            f"For {found.name} reaching itself through its own published port: the source is replaced, so the answer returns."
        )
        return Why(told, (*of_container(found.name), PUBLISH))
    by_bridge = known.bridges.get(item.out_interface)
    if by_bridge and item.target == "MASQUERADE" and "--src-type" in item.other:
        told = f"Because of {title(by_bridge)}: what the host itself sends through a published port comes from the gateway."
        return Why(told, of_network(by_bridge))
    return UNKNOWN


# --- filter ----------------------------------------------------------------------------------------------------------


def _filter(known: Known, item: Rule) -> Why:
    if item.chain == "DOCKER-USER" and _bare(item) and item.target == "RETURN":
        return Why("No rule of yours decided: back to FORWARD and Docker's rules.", (DAEMON,))
    if item.chain == "DOCKER-USER":
        return Why("Not added by Docker: DOCKER-USER is for your own rules.", (NOT_DOCKER,)) if known.sure else UNKNOWN
    if item.chain.startswith("DOCKER-ISOLATION"):
        return _isolation(known, item)
    if item.chain not in ("FORWARD", "DOCKER", "DOCKER-FORWARD", "DOCKER-CT", "DOCKER-BRIDGE", "DOCKER-INTERNAL"):
        return UNKNOWN
    if _bare(item) and item.target in _JUMPS:
        return Why(_JUMPS[item.target], (DAEMON,))
    return _forward(known, item) if item.chain != "DOCKER-INTERNAL" else _isolation(known, item)


def _isolation(known: Known, item: Rule) -> Why:
    if _bare(item) and item.target == "RETURN":
        return Why("Not a packet between two networks: back to where it came from.", (DAEMON,))
    into, out_of = known.bridges.get(item.out_interface), known.bridges.get(item.in_interface)
    if item.target == "DOCKER-ISOLATION-STAGE-2" and out_of:
        told = f"Packets leaving {title(out_of)} are checked for going to another bridge network."
        return Why(told, of_network(out_of))
    if item.target != "DROP":
        return UNKNOWN
    if into and item.source.startswith("!"):
        told = f"Because network {into.name} is internal: nothing from outside {item.source[1:]} gets in."
        return Why(told, (*of_network(into), INTERNAL))
    if out_of and item.destination.startswith("!"):
        told = f"Because network {out_of.name} is internal: nothing from it gets out of {item.destination[1:]}."
        return Why(told, (*of_network(out_of), INTERNAL))
    if into and not item.in_interface and not item.source:
        told = f"Packets from another bridge network to {title(into)} are dropped: networks are kept apart."
        return Why(told, of_network(into))
    return UNKNOWN


def _forward(known: Known, item: Rule) -> Why:
    into, out_of = known.bridges.get(item.out_interface), known.bridges.get(item.in_interface)
    if item.chain == "DOCKER" and item.target == "ACCEPT" and item.destination:
        return _admitted(known, item)
    if into and item.ct_state and item.target == "ACCEPT":
        return Why(f"Answers, and all else that belongs to a known connection, may enter {title(into)}.", of_network(into))
    if into and item.target == "DOCKER":
        return Why(f"What enters {title(into)} is checked in chain DOCKER: only published ports are open.", of_network(into))
    if into and item.target == "DROP" and item.in_interface == f"!{into.bridge}":
        return Why(f"What enters {title(into)} from elsewhere and is not a published port is dropped.", of_network(into))
    return _from_network(item, out_of, into)


def _from_network(item: Rule, out_of: DockerNetwork | None, into: DockerNetwork | None) -> Why:
    if out_of is None or item.target not in ("ACCEPT", "DROP") or item.source or item.destination or item.protocol:
        return UNKNOWN
    if out_of == into and item.target == "DROP":
        if out_of.options.get("com.docker.network.bridge.enable_icc") != "false":
            return UNKNOWN
        told = f"Because of {title(out_of)} with enable_icc=false: its containers may not reach each other."
        return Why(told, (*of_network(out_of), ICC))
    if out_of == into:
        return Why(f"Containers of {title(out_of)} may reach each other.", of_network(out_of))
    if item.target == "ACCEPT" and item.out_interface in ("", f"!{out_of.bridge}"):
        return Why(f"Containers of {title(out_of)} may send out to anywhere that is not blocked before.", of_network(out_of))
    return UNKNOWN


def _admitted(known: Known, item: Rule) -> Why:
    """The filter rule of a published port: after DNAT the packet is addressed to the container's own port."""
    found = known.at(item.destination)
    if found is None:
        return UNKNOWN
    inside = (item.destination_port, item.protocol)
    for port in found.container.ports:
        if (str(port.container_port), port.protocol) == inside:
            told = f"Because {found.name} publishes {spec(port)}: packets to its port {item.destination_port} are let through."
            return Why(told, (*of_container(found.name), PUBLISH))
    return UNKNOWN


# --- raw -------------------------------------------------------------------------------------------------------------


def _raw(known: Known, item: Rule) -> Why:
    """Rules that run before all others: they drop packets from the wrong side that are addressed to a container or to a
    loopback address."""
    if item.chain != "PREROUTING" or item.target != "DROP" or not item.in_interface.startswith("!"):
        return UNKNOWN
    if item.in_interface == "!lo":
        return _only_here(known, item)
    found, network = known.at(item.destination), known.bridges.get(item.in_interface[1:])
    if found is None or network is None or found.endpoint.network != network.name or item.protocol:
        return UNKNOWN
    told = (
        f"Because {found.name} is on {title(network)}: packets addressed to it that arrive from anywhere but "
        f"{network.bridge} are dropped at once. From elsewhere, the way in is a published port of the host."
    )
    return Why(told, of_container(found.name, network))


def _only_here(known: Known, item: Rule) -> Why:
    port = item.destination_port
    found = known.published_at(int(port), item.protocol) if port.isascii() and port.isdigit() else None
    address = item.destination.removesuffix("/32")
    if found is None or found[1].host_address != address:
        return UNKNOWN
    told = (
        f"Because {found[0].name} publishes {spec(found[1])}: packets for {address} that arrive through a network interface "
        "are dropped, so only programs on this host itself can use the port."
    )
    return Why(told, (*of_container(found[0].name), PUBLISH))


_TABLES = {"nat": _nat, "filter": _filter, "raw": _raw}
