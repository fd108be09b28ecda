"""The sentences about Docker's rules: why each is there, with its owners. `of` is always the network, `who` a container."""

from __future__ import annotations

from explorer.network.cause import DAEMON, ICC, INTERNAL, MODE, PUBLISH, Why, network, of_container, of_network
from explorer.network.model import DockerNetwork, PublishedPort
from explorer.network.names import spec, title

ARRIVING = Why("Packets arriving for an address of this host go to chain DOCKER, where the published ports are.", (DAEMON,))
NOBODY_DECIDED = Why("No rule of yours decided: back to FORWARD and Docker's rules.", (DAEMON,))
BACK = Why("Not a packet between two networks: the chain that called this one goes on with its next rule.", (DAEMON,))
_JUMPS = {
    "DOCKER-USER": "Your own rules come first: forwarded packets pass DOCKER-USER before any of Docker's rules.",
    "DOCKER-FORWARD": "Forwarded packets pass Docker's rules in DOCKER-FORWARD.",
    "DOCKER-CT": "First, packets of connections that already exist.",
    "DOCKER-BRIDGE": "Then packets on their way to a bridge network.",
    "DOCKER-ISOLATION-STAGE-1": "Keeps bridge networks apart: forwarded packets are checked for crossing between two of them.",
    "DOCKER-INGRESS": "For published ports of swarm services.",
}


def jump(to: str) -> Why:
    return Why(_JUMPS[to], (DAEMON,))


def sent_here(loopback: str) -> Why:
    """The rule for packets that the host itself sends. `loopback` is the part that docker-proxy answers, "" without it."""
    but = f"; except to {loopback}, where docker-proxy answers" if loopback else ""
    return Why(f"Packets this host itself sends to one of its addresses go to chain DOCKER too{but}.", (DAEMON,))


# --- of a network ----------------------------------------------------------------------------------------------------


def masqueraded(of: DockerNetwork, source: str) -> Why:
    if source:
        told = f"Because of {title(of)}: packets that leave it get the source address {source} (SNAT)."
    else:
        told = (
            f"Because of {title(of)}: packets that leave for anywhere but {of.bridge} "
            "get their source address replaced by the host's (MASQUERADE)."
        )
    return Why(told, of_network(of))


def from_gateway(of: DockerNetwork) -> Why:
    told = f"Because of {title(of)}: what the host itself sends through a published port comes from the gateway."
    return Why(told, of_network(of))


def left_to_proxy(of: DockerNetwork) -> Why:
    told = f"Packets from {title(of)} itself are not translated here: docker-proxy takes them."
    return Why(told, of_network(of))


def answers(of: DockerNetwork) -> Why:
    told = f"Answers, and all else that belongs to a known connection, may enter {title(of)}."
    return Why(told, of_network(of))


def checked(of: DockerNetwork) -> Why:
    told = f"What enters {title(of)} is checked in chain DOCKER: only published ports are open."
    return Why(told, of_network(of))


def closed(of: DockerNetwork) -> Why:
    told = f"What enters {title(of)} from elsewhere and is not a published port is dropped."
    return Why(told, of_network(of))


def unprotected(of: DockerNetwork) -> Why:
    told = f"Because {title(of)} has gateway mode nat-unprotected: all its containers' ports are open, published or not."
    return Why(told, (*of_network(of), MODE))


def pinged(of: DockerNetwork) -> Why:
    told = f"Because {title(of)} has gateway mode routed: its containers may be pinged from elsewhere."
    return Why(told, (*of_network(of), MODE))


def routed_in(of: DockerNetwork) -> Why:
    told = f"Because {title(of)} has gateway mode routed: packets from other networks may reach it; chain DOCKER decides."
    return Why(told, (*of_network(of), MODE))


def routed_answers(of: DockerNetwork) -> Why:
    told = f"Because {title(of)} has gateway mode routed: its answers may go back to other networks."
    return Why(told, (*of_network(of), MODE))


def outward(of: DockerNetwork) -> Why:
    told = f"Containers of {title(of)} may send out to anywhere that is not blocked before."
    return Why(told, of_network(of))


def among_themselves(of: DockerNetwork, allowed: bool) -> Why:
    if allowed:
        return Why(f"Containers of {title(of)} may reach each other.", of_network(of))
    told = f"Because of {title(of)} with enable_icc=false: its containers may not reach each other."
    return Why(told, (*of_network(of), ICC))


def crossing(of: DockerNetwork) -> Why:
    return Why(f"Packets leaving {title(of)} are checked for going to another bridge network.", of_network(of))


def kept_apart(of: DockerNetwork) -> Why:
    told = f"Packets from another bridge network to {title(of)} are dropped: networks are kept apart."
    return Why(told, of_network(of))


def nothing_in(of: DockerNetwork, subnet: str) -> Why:
    told = f"Because network {of.name} is internal: nothing from outside {subnet} gets in."
    return Why(told, (*of_network(of), INTERNAL))


def nothing_out(of: DockerNetwork, subnet: str) -> Why:
    told = f"Because network {of.name} is internal: nothing from it gets out of {subnet}."
    return Why(told, (*of_network(of), INTERNAL))


# --- of a container --------------------------------------------------------------------------------------------------


def translated(who: str, port: PublishedPort, inside: str, only: str) -> Why:
    there = f"port {port.host_port} of {only}" if only else f"this host's port {port.host_port}"
    protocol = f"{port.protocol} " if port.protocol != "tcp" else ""
    told = f"Because {who} publishes {spec(port)}: {protocol}packets to {there} are sent to {inside} (DNAT)."
    return Why(told, (*of_container(who), PUBLISH))


def to_itself(who: str) -> Why:
    told = f"For {who} reaching itself through its own published port: the source is replaced, so the answer returns."
    return Why(told, (*of_container(who), PUBLISH))


def admitted(who: str, port: PublishedPort) -> Why:
    what = spec(port) if port.host_port else f"{port.container_port}/{port.protocol}"
    told = f"Because {who} publishes {what}: packets to its port {port.container_port} are let through."
    return Why(told, (*of_container(who), PUBLISH))


def only_through_bridge(who: str, of: DockerNetwork) -> Why:
    told = (
        f"Because {who or 'the routing mesh'} is on {title(of)}: packets addressed to it that arrive from anywhere but "
        f"{of.bridge} are dropped at once. From elsewhere, the way in is a published port of the host."
    )
    return Why(told, of_container(who, of) if who else (network("ingress"), network(of), DAEMON))


def trusted(who: str, of: DockerNetwork, interface: str) -> Why:
    told = f"Because {title(of)} trusts {interface}: packets that arrive there may be addressed to {who} directly."
    return Why(told, of_container(who, of))


def only_here(who: str, port: PublishedPort) -> Why:
    told = (
        f"Because {who} publishes {spec(port)}: packets for {port.host_address} that arrive through a network interface "
        "are dropped, so only programs on this host itself can use the port."
    )
    return Why(told, (*of_container(who), PUBLISH))
